-- What operators ask of runs and campaigns from outside; obeyed by whoever sends the run, and kept.
CREATE TABLE orders (
  id        INTEGER PRIMARY KEY,
  at        INTEGER NOT NULL,
  by        TEXT NOT NULL,
  verb      TEXT NOT NULL,                    -- pause | resume | cancel | launch | approve
  campaign  TEXT NOT NULL,
  run       INTEGER,                          -- none where the campaign itself is meant
  why       TEXT NOT NULL DEFAULT '',
  obeyed_at INTEGER,
  answer    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX orders_pending ON orders (id) WHERE obeyed_at IS NULL;

-- Up to which due time the fires of a campaign's schedule are decided, and whether it is paused.
CREATE TABLE schedule (
  campaign  TEXT PRIMARY KEY,
  decided   INTEGER NOT NULL,
  paused_at INTEGER,
  paused_by TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

ALTER TABLE run ADD COLUMN tended TEXT NOT NULL DEFAULT 'hand';   -- hand | daemon
ALTER TABLE run ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN send_window TEXT NOT NULL DEFAULT '';

-- What a daemon looks for again and again, among any number of runs that are long through.
CREATE INDEX run_open ON run (due)
  WHERE state IN ('planned', 'sending', 'reading', 'stopped', 'paused');
CREATE INDEX batch_unknown ON batch (run, number) WHERE state = 5;
