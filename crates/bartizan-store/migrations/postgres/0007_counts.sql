-- How many rows of a kind there are, counted as they come and go: with tens of millions, counting them
-- would take seconds. Only detections come in such numbers.
CREATE TABLE row_counts (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    amount       BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, kind)
);
INSERT INTO row_counts (organisation, environment, kind, amount)
SELECT organisation, environment, 'detections', COUNT(*) FROM detections
GROUP BY organisation, environment;
