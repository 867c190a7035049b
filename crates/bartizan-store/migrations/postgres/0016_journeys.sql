-- Journey graphs, each of a host and a role, as JSON: whole, and what a list shows of it. Written again, a graph
-- replaces what was known of it.
CREATE TABLE journeys (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    role         TEXT COLLATE "C" NOT NULL,
    sessions     BIGINT NOT NULL,
    summary      TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX journeys_by_sessions ON journeys (organisation, environment, sessions, id);
CREATE INDEX journeys_by_host ON journeys (organisation, environment, host, role, id);
