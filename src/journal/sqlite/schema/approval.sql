-- When it was decided whether the rest of a run may follow its first wave, and what that rests on.
ALTER TABLE run ADD COLUMN canary_at INTEGER;
ALTER TABLE run ADD COLUMN canary_passed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN canary TEXT NOT NULL DEFAULT '';

-- Who approved which plan of which run.
CREATE TABLE approval (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  digest TEXT NOT NULL,
  at     INTEGER NOT NULL,
  by     TEXT NOT NULL,
  why    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX approval_run ON approval (run);
