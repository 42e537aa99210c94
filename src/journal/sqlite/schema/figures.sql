-- Of a chat's counts: whether Desk's last ones had one below zero, which is kept as 0, and whether one was ever
-- higher before.
ALTER TABLE batch ADD COLUMN below_zero INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN fell INTEGER NOT NULL DEFAULT 0;
