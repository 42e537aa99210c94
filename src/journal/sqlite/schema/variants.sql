-- The texts of a run that has several, in order. Whose is which follows from the campaign's name, the weights
-- and the customer's id.
CREATE TABLE variant (
  run     INTEGER NOT NULL,
  number  INTEGER NOT NULL,                   -- from 0
  name    TEXT NOT NULL,
  message TEXT NOT NULL,
  weight  INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
