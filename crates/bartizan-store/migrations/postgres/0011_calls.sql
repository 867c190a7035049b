-- How often endpoints were called, in buckets of several lengths. Buckets of an endpoint lie in one row, so that
-- comparing two periods reads a row for each endpoint and not one for each bucket.
CREATE TABLE endpoint_calls (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    seconds      BIGINT NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    -- Where the first and the last of them begin.
    first_time   BIGINT NOT NULL,
    last_time    BIGINT NOT NULL,
    -- A JSON array of numbers, one for each bucket from the first to the last.
    buckets      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, seconds, endpoint_id)
);
CREATE INDEX endpoint_calls_by_first ON endpoint_calls (organisation, environment, seconds, first_time);
CREATE INDEX endpoint_calls_by_last ON endpoint_calls (organisation, environment, seconds, last_time);
