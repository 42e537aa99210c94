-- The lists of people whom a run leaves out, in the order in which they were tested, and what each came to.
CREATE TABLE list (
  run        INTEGER NOT NULL,
  number     INTEGER NOT NULL,                -- from 0
  name       TEXT NOT NULL,
  entries    INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,                -- of the file, when it was read
  matched    INTEGER NOT NULL,                -- of the audience
  left_out   INTEGER NOT NULL,                -- of those; the others were on an earlier list
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
