-- Journey graphs, each of a host and a role, as JSON: whole, and what a list shows of it. Written again, a graph
-- replaces what was known of it.
CREATE TABLE journeys (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    id           TEXT NOT NULL,
    host         TEXT NOT NULL,
    role         TEXT NOT NULL,
    sessions     BIGINT NOT NULL,
    summary      TEXT NOT NULL,
    body         TEXT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX journeys_by_sessions ON journeys (organisation, environment, sessions, id);
CREATE INDEX journeys_by_host ON journeys (organisation, environment, host, role, id);
