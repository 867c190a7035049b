-- Times are microseconds since 1970-01-01T00:00:00Z. Every row names its organisation and
-- environment. `body` is the JSON form of the thing; the columns beside it are what is searched,
-- sorted or merged, and win over the body where both say something.
-- Text is compared byte by byte ("C"), as SQLite does: lists have one order on both.
-- `seen_at` is when the thing was last seen, or when it was recorded if the source has no times.

CREATE TABLE store_identity (
    one      BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    identity TEXT COLLATE "C" NOT NULL
);

CREATE TABLE organisations (
    organisation TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    key_check    TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL
);

CREATE TABLE services (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);

CREATE TABLE endpoints (
    organisation    TEXT COLLATE "C" NOT NULL,
    environment     TEXT COLLATE "C" NOT NULL,
    id              TEXT COLLATE "C" NOT NULL,
    host            TEXT COLLATE "C" NOT NULL,
    method          TEXT COLLATE "C" NOT NULL,
    path            TEXT COLLATE "C" NOT NULL,
    protocol        TEXT COLLATE "C" NOT NULL,
    service         TEXT COLLATE "C",
    access          TEXT COLLATE "C" NOT NULL,
    inventory_state TEXT COLLATE "C" NOT NULL,
    confirmed       BIGINT NOT NULL,
    risk            BIGINT NOT NULL,
    data_classes    TEXT COLLATE "C" NOT NULL,
    first_seen      BIGINT,
    last_seen       BIGINT,
    body            TEXT COLLATE "C" NOT NULL,
    recorded_at     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
-- No index by host and path: they can be longer than what an index takes (a third of a page).

-- `alias` leads to `target`, always in one step.
CREATE TABLE endpoint_aliases (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    alias        TEXT COLLATE "C" NOT NULL,
    target       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, alias)
);
CREATE INDEX endpoint_aliases_by_target ON endpoint_aliases (organisation, environment, target);

CREATE TABLE endpoint_alias_events (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, sequence)
);

CREATE TABLE findings (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    code         TEXT COLLATE "C" NOT NULL,
    severity     BIGINT NOT NULL,
    confidence   BIGINT NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C",
    state        TEXT COLLATE "C" NOT NULL,
    state_expiry BIGINT,
    failed       BIGINT NOT NULL,
    first_seen   BIGINT,
    last_seen    BIGINT,
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX findings_by_severity ON findings (organisation, environment, severity, seen_at, id);
CREATE INDEX findings_by_endpoint ON findings (organisation, environment, endpoint_id);

CREATE TABLE finding_history (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    finding_id   TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    who          TEXT COLLATE "C" NOT NULL,
    from_state   TEXT COLLATE "C" NOT NULL,
    to_state     TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    expiry       BIGINT,
    PRIMARY KEY (organisation, environment, finding_id, sequence),
    FOREIGN KEY (organisation, environment, finding_id)
        REFERENCES findings (organisation, environment, id) ON DELETE CASCADE
);

CREATE TABLE detections (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    code         TEXT COLLATE "C" NOT NULL,
    class        TEXT COLLATE "C" NOT NULL,
    severity     BIGINT NOT NULL,
    actor        TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C",
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX detections_by_time ON detections (organisation, environment, seen_at, id);
CREATE INDEX detections_by_actor ON detections (organisation, environment, actor, seen_at, id);
CREATE INDEX detections_by_endpoint
    ON detections (organisation, environment, endpoint_id, seen_at, id);

CREATE TABLE incidents (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    severity     BIGINT NOT NULL,
    score        BIGINT NOT NULL,
    actor        TEXT COLLATE "C" NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX incidents_by_severity
    ON incidents (organisation, environment, severity, score, seen_at, id);
CREATE INDEX incidents_by_time ON incidents (organisation, environment, seen_at, id);

CREATE TABLE actors (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    label        TEXT COLLATE "C" NOT NULL,
    requests     BIGINT NOT NULL,
    detections   BIGINT NOT NULL,
    first_seen   BIGINT,
    last_seen    BIGINT,
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX actors_by_requests ON actors (organisation, environment, requests, id);
CREATE INDEX actors_by_time ON actors (organisation, environment, seen_at, id);

CREATE TABLE analysis_runs (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX analysis_runs_by_time ON analysis_runs (organisation, environment, seen_at, id);

CREATE TABLE checkpoints (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    input        TEXT COLLATE "C" NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, input)
);

CREATE TABLE learned_state (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    content      BYTEA            NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, name)
);

CREATE TABLE audit_records (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    who          TEXT COLLATE "C" NOT NULL,
    action       TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    details      TEXT COLLATE "C" NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, sequence)
);
CREATE FUNCTION audit_records_refuse() RETURNS TRIGGER LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit records are append-only'; END $$;
CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_records_refuse();
CREATE TRIGGER audit_records_are_kept BEFORE DELETE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_records_refuse();
CREATE TRIGGER audit_records_are_not_emptied BEFORE TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION audit_records_refuse();

CREATE TABLE exchange_blocks (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    segment      BIGINT NOT NULL,
    position     BIGINT NOT NULL,
    file_offset  BIGINT NOT NULL,
    length       BIGINT NOT NULL,
    records      BIGINT NOT NULL,
    first_time   BIGINT NOT NULL,
    last_time    BIGINT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, segment, position)
);
CREATE INDEX exchange_blocks_by_time
    ON exchange_blocks (organisation, environment, last_time, first_time);

-- Which blocks an endpoint or actor occurs in: `subject` is the first 64 bits of a hash of its id.
CREATE TABLE exchange_subjects (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    subject      BIGINT NOT NULL,
    segment      BIGINT NOT NULL,
    position     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, subject, segment, position)
);

-- Segments that retention removed: what is no longer there is known.
CREATE TABLE exchange_removals (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    segment      BIGINT NOT NULL,
    removed_at   BIGINT NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    records      BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    first_time   BIGINT NOT NULL,
    last_time    BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, segment)
);
