-- Retractions: messages that are deleted from tickets. Intents are durable before a delete leaves.
CREATE TABLE retraction (
  id             INTEGER PRIMARY KEY,
  created_at     INTEGER NOT NULL,
  created_by     TEXT NOT NULL DEFAULT '',
  ended_at       INTEGER,                     -- none while it is unfinished
  base_url       TEXT NOT NULL,
  tickets_digest TEXT NOT NULL,               -- sha256 over the list, in its order
  tickets        INTEGER NOT NULL,
  matching       TEXT NOT NULL,               -- exactly | containing, and whose: 'exactly by AGENT, EVENT'
  wanted         TEXT NOT NULL,
  run            TEXT NOT NULL DEFAULT '',    -- whose message it is, where it was given so
  reads          INTEGER NOT NULL DEFAULT 0,
  deletes        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX retraction_unfinished ON retraction (id) WHERE ended_at IS NULL;

-- The tickets that were looked through; the list is read in order, so they are its beginning.
CREATE TABLE retraction_ticket (
  retraction INTEGER NOT NULL REFERENCES retraction (id),
  place      INTEGER NOT NULL,
  ticket     INTEGER NOT NULL,
  unread     TEXT NOT NULL DEFAULT '',        -- why it could not be read
  PRIMARY KEY (retraction, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE retraction_message (
  retraction  INTEGER NOT NULL REFERENCES retraction (id),
  message     INTEGER NOT NULL,
  place       INTEGER NOT NULL,               -- of its ticket
  ticket      INTEGER NOT NULL,
  user_type   TEXT NOT NULL DEFAULT '',
  state       TEXT NOT NULL DEFAULT 'planned', -- planned | deleting | deleted | gone | refused | open | unknown | left
  attempts    INTEGER NOT NULL DEFAULT 0,
  uncertain   INTEGER NOT NULL DEFAULT 0,     -- 1 where an answer was lost: it may have been deleted by then
  intended_at INTEGER,
  ended_at    INTEGER,
  why         TEXT NOT NULL DEFAULT '',
  logged_from TEXT NOT NULL DEFAULT '',       -- what the deletion logs say asked for it; empty where they do not show it
  PRIMARY KEY (retraction, message)
) STRICT, WITHOUT ROWID;
