-- How often endpoints were called, in buckets of several lengths.
CREATE TABLE endpoint_calls (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    seconds      BIGINT NOT NULL,
    endpoint_id  TEXT NOT NULL,
    time         BIGINT NOT NULL,
    requests     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, seconds, endpoint_id, time)
) WITHOUT ROWID;
-- What is too long ago is forgotten without reading the rest.
CREATE INDEX endpoint_calls_by_time ON endpoint_calls (organisation, environment, seconds, time);
