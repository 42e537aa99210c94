-- Where the fires of a campaign are decided up to a time that has not come: since when that is known,
-- by both clocks. Once the clock is believed, `decided` is set back, and `ahead` keeps how far the clock
-- had been that was ahead.
ALTER TABLE schedule ADD COLUMN ahead INTEGER;
ALTER TABLE schedule ADD COLUMN seen_at INTEGER;
ALTER TABLE schedule ADD COLUMN seen_boot INTEGER;
ALTER TABLE schedule ADD COLUMN seen_boot_ms INTEGER;
