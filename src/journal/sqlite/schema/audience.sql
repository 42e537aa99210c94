-- Why rows of the customer file are in no batch: the reason has particulars, such as the name of a list.
ALTER TABLE left_out ADD COLUMN detail TEXT NOT NULL DEFAULT '';

-- How many customers of a run were left out for what.
CREATE TABLE listing (
  run       INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  detail    TEXT NOT NULL,
  customers INTEGER NOT NULL,
  PRIMARY KEY (run, reason, detail)
) STRICT, WITHOUT ROWID;
