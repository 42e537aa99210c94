-- One row a run, with everything it needs frozen in it.
CREATE TABLE run (
  id             INTEGER PRIMARY KEY,
  campaign       TEXT NOT NULL,
  due            INTEGER NOT NULL,            -- milliseconds since 1970, UTC, as all times here
  state          TEXT NOT NULL,
  note           TEXT NOT NULL DEFAULT '',
  message        TEXT NOT NULL,
  group_key      TEXT NOT NULL,
  agent_id       INTEGER NOT NULL,
  priority       TEXT NOT NULL,
  batch_size     INTEGER NOT NULL,
  base_url       TEXT NOT NULL,
  customers_file TEXT NOT NULL,
  digest         TEXT NOT NULL DEFAULT '',
  listed         INTEGER NOT NULL DEFAULT 0,
  duplicates     INTEGER NOT NULL DEFAULT 0,
  invalid        INTEGER NOT NULL DEFAULT 0,
  excluded       INTEGER NOT NULL DEFAULT 0,
  reads          INTEGER NOT NULL DEFAULT 0,
  unknown_policy TEXT NOT NULL DEFAULT 'hold',  -- hold | resend-when-absent
  created_at     INTEGER NOT NULL,
  started_at     INTEGER,
  ended_at       INTEGER,
  fence          INTEGER NOT NULL DEFAULT 0,  -- counts the claims: the fencing token
  owner          TEXT NOT NULL DEFAULT '',    -- who claimed it last, for people
  UNIQUE (campaign, due)
) STRICT;

-- One small row a batch; its customers lie beside it, so that counting states reads little.
CREATE TABLE batch (
  run         INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  parent      INTEGER,                        -- the refused batch it is a part of
  customers   INTEGER NOT NULL,
  state       INTEGER NOT NULL,               -- BatchState::code
  attempt     INTEGER NOT NULL DEFAULT 0,
  intended_at INTEGER,
  ended_at    INTEGER,
  intent_tick INTEGER,                        -- the commits that recorded them: an order that no
  ended_tick  INTEGER,                        -- clock can turn around
  chat        INTEGER,
  sent        INTEGER NOT NULL DEFAULT 0,
  responded   INTEGER NOT NULL DEFAULT 0,
  closed      INTEGER NOT NULL DEFAULT 0,
  read_at     INTEGER,
  settled     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- The customers of a batch and their file lines, packed. id = run * 2^32 + batch number.
CREATE TABLE batch_customers (
  id     INTEGER PRIMARY KEY,
  packed BLOB NOT NULL
) STRICT;

-- Counts the commits of intents and outcomes; kept in a file beside the store as well, so that a
-- store that was rolled back is noticed.
CREATE TABLE tick (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO tick VALUES (1, 0);

-- Every attempt that did not end accepted, with the words of the other side.
CREATE TABLE attempt (
  run         INTEGER NOT NULL,
  batch       INTEGER NOT NULL,
  attempt     INTEGER NOT NULL,
  intended_at INTEGER,
  ended_at    INTEGER NOT NULL,
  outcome     TEXT NOT NULL,                  -- not sent | rejected | split | unknown
  status      INTEGER,
  code        TEXT,
  message     TEXT NOT NULL,
  PRIMARY KEY (run, batch, attempt)
) STRICT, WITHOUT ROWID;

-- How unknown batches ended, or why they did not: what was looked at, by whom, and what it showed.
CREATE TABLE resolution (
  id       INTEGER PRIMARY KEY,
  run      INTEGER NOT NULL,
  batch    INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  by       TEXT NOT NULL,                     -- deskcast, or the operator's name
  result   TEXT NOT NULL,                     -- accepted | abandoned | planned | unknown
  chat     INTEGER,
  evidence TEXT NOT NULL
) STRICT;
CREATE INDEX resolution_batch ON resolution (run, batch);

-- Rows of the customer file that are in no batch, packed.
CREATE TABLE left_out (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  reason TEXT NOT NULL,                       -- duplicate | invalid
  packed BLOB NOT NULL
) STRICT;
CREATE INDEX left_out_run ON left_out (run);

-- Readings that differed from the one before, as a time series.
CREATE TABLE reading (
  run       INTEGER NOT NULL,
  batch     INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  sent      INTEGER NOT NULL,
  responded INTEGER NOT NULL,
  closed    INTEGER NOT NULL,
  PRIMARY KEY (run, batch, at)
) STRICT, WITHOUT ROWID;
