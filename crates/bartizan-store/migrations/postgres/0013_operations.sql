-- What is called at a path, where that has several operations: findings and exchanges are shown with it, and endpoints
-- are found by it.
ALTER TABLE endpoints ADD COLUMN operation TEXT COLLATE "C";
-- NUL, which JSON may hold escaped, is nothing that JSON of the database can hold.
UPDATE endpoints SET operation = CAST(replace(body, '\u0000', '\ufffd') AS JSON) ->> 'operation'
    WHERE protocol <> 'rest';
