-- How often endpoints were called, in buckets of several lengths.
CREATE TABLE endpoint_calls (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    seconds      BIGINT NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    time         BIGINT NOT NULL,
    requests     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, seconds, endpoint_id, time)
);
-- Two periods are compared, and what is too long ago forgotten, without reading the rest.
CREATE INDEX endpoint_calls_by_time
    ON endpoint_calls (organisation, environment, seconds, time) INCLUDE (endpoint_id, requests);
