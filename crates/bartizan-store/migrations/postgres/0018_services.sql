-- Which services call which, as JSON. Replaced with each result.
CREATE TABLE service_graphs (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment)
);

-- APIs of others that ours call, by host. Replaced with each result. `sent` holds the classes of data that go
-- there, each between spaces.
CREATE TABLE third_parties (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    told_by      TEXT COLLATE "C" NOT NULL,
    requests     BIGINT NOT NULL,
    plain        BIGINT NOT NULL,
    sent         TEXT COLLATE "C" NOT NULL,
    last_seen    BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX third_parties_by_requests ON third_parties (organisation, environment, requests, id);
CREATE INDEX third_parties_by_last_seen ON third_parties (organisation, environment, last_seen, id);
