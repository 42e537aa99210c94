-- What holds a run back, as campaign::Restraints is written; empty for nothing.
ALTER TABLE run ADD COLUMN restraints TEXT NOT NULL DEFAULT '';
-- Whether it is a test send: left out of counts, caps, and of who was messaged before.
ALTER TABLE run ADD COLUMN test INTEGER NOT NULL DEFAULT 0;
