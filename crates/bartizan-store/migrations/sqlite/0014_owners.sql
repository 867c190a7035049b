-- Whose endpoints are and where in their life: endpoints are found by it.
ALTER TABLE endpoints ADD COLUMN owner TEXT;
ALTER TABLE endpoints ADD COLUMN business_unit TEXT;
ALTER TABLE endpoints ADD COLUMN stage TEXT NOT NULL DEFAULT 'unknown';
