-- When the last intent of a batch was recorded and when its outcome was, by the clock that cannot be
-- set: which boot of which machine, and milliseconds since then. Empty for what an older deskcast
-- recorded, or where the machine does not tell its boots apart.
ALTER TABLE batch ADD COLUMN intent_boot INTEGER;
ALTER TABLE batch ADD COLUMN intent_boot_ms INTEGER;
ALTER TABLE batch ADD COLUMN ended_boot INTEGER;
ALTER TABLE batch ADD COLUMN ended_boot_ms INTEGER;
