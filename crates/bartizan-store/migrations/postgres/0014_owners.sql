-- Whose endpoints are and where in their life: endpoints are found by it.
ALTER TABLE endpoints ADD COLUMN owner TEXT COLLATE "C";
ALTER TABLE endpoints ADD COLUMN business_unit TEXT COLLATE "C";
ALTER TABLE endpoints ADD COLUMN stage TEXT COLLATE "C" NOT NULL DEFAULT 'unknown';
