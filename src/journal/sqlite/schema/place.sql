-- Which store this is, and where it lives: a copy of it is at another place than it remembers.
CREATE TABLE place (
  only    INTEGER PRIMARY KEY CHECK (only = 1),
  id      TEXT NOT NULL,                      -- random; copies share it
  secret  TEXT NOT NULL DEFAULT '',           -- what the -tick file beside it holds, too; empty: not settled yet
  path    TEXT NOT NULL DEFAULT '',
  device  INTEGER NOT NULL DEFAULT 0,
  inode   INTEGER NOT NULL DEFAULT 0,
  born    INTEGER,                            -- nanoseconds since 1970; none where the file system does not say
  machine TEXT                                -- a hash of the machine's id; none in a container
) STRICT;
INSERT INTO place (only, id) VALUES (1, lower(hex(randomblob(16))));

-- Every time an operator said that this copy is the one that goes on.
CREATE TABLE adoption (
  id            INTEGER PRIMARY KEY,
  at            INTEGER NOT NULL,
  by            TEXT NOT NULL,
  why           TEXT NOT NULL,
  differences   TEXT NOT NULL,                -- what told that it is a copy; a line each
  nothing_since INTEGER NOT NULL,             -- whether the operator said that nothing was sent since
  batches       INTEGER NOT NULL,             -- taken as unknown
  customers     INTEGER NOT NULL
) STRICT;
