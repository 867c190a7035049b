-- Which services call which, as JSON. Replaced with each result.
CREATE TABLE service_graphs (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    body         TEXT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment)
) WITHOUT ROWID;

-- APIs of others that ours call, by host. Replaced with each result. `sent` holds the classes of data that go
-- there, each between spaces.
CREATE TABLE third_parties (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    id           TEXT NOT NULL,
    told_by      TEXT NOT NULL,
    requests     BIGINT NOT NULL,
    plain        BIGINT NOT NULL,
    sent         TEXT NOT NULL,
    last_seen    BIGINT NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX third_parties_by_requests ON third_parties (organisation, environment, requests, id);
CREATE INDEX third_parties_by_last_seen ON third_parties (organisation, environment, last_seen, id);
