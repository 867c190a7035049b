-- Which sources know endpoints, and how gravely they differ from what is written: endpoints are found by it.
-- Each word stands between spaces.
ALTER TABLE endpoints ADD COLUMN known_by TEXT COLLATE "C" NOT NULL DEFAULT ' ';
ALTER TABLE endpoints ADD COLUMN drift TEXT COLLATE "C" NOT NULL DEFAULT ' ';
UPDATE endpoints SET known_by = ' '
    || CASE WHEN requests > 0 THEN 'traffic ' ELSE '' END
    || CASE WHEN inventory_state IN ('documented', 'zombie', 'deprecated', 'orphan') THEN 'specification ' ELSE '' END;
