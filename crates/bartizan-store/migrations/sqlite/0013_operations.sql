-- What is called at a path, where that has several operations: findings and exchanges are shown with it, and endpoints
-- are found by it.
ALTER TABLE endpoints ADD COLUMN operation TEXT;
UPDATE endpoints SET operation = body ->> '$.operation' WHERE protocol <> 'rest';
