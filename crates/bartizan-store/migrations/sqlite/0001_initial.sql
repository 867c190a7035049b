-- Times are microseconds since 1970-01-01T00:00:00Z. Every row names its organisation and
-- environment. `body` is the JSON form of the thing; the columns beside it are what is searched,
-- sorted or merged, and win over the body where both say something.
-- `seen_at` is when the thing was last seen, or when it was recorded if the source has no times.

CREATE TABLE store_identity (
    one      BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    identity TEXT   NOT NULL
);

CREATE TABLE organisations (
    organisation TEXT   NOT NULL PRIMARY KEY,
    key_check    TEXT   NOT NULL,
    created_at   BIGINT NOT NULL
);

CREATE TABLE services (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);

CREATE TABLE endpoints (
    organisation    TEXT   NOT NULL,
    environment     TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    host            TEXT   NOT NULL,
    method          TEXT   NOT NULL,
    path            TEXT   NOT NULL,
    protocol        TEXT   NOT NULL,
    service         TEXT,
    access          TEXT   NOT NULL,
    inventory_state TEXT   NOT NULL,
    confirmed       BIGINT NOT NULL,
    risk            BIGINT NOT NULL,
    data_classes    TEXT   NOT NULL,
    first_seen      BIGINT,
    last_seen       BIGINT,
    body            TEXT   NOT NULL,
    recorded_at     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX endpoints_by_path ON endpoints (organisation, environment, host, path, method, id);

-- `alias` leads to `target`, always in one step.
CREATE TABLE endpoint_aliases (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    alias        TEXT NOT NULL,
    target       TEXT NOT NULL,
    PRIMARY KEY (organisation, environment, alias)
);
CREATE INDEX endpoint_aliases_by_target ON endpoint_aliases (organisation, environment, target);

CREATE TABLE endpoint_alias_events (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organisation, environment, sequence)
);

CREATE TABLE findings (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    code         TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    confidence   BIGINT NOT NULL,
    host         TEXT   NOT NULL,
    endpoint_id  TEXT,
    state        TEXT   NOT NULL,
    state_expiry BIGINT,
    failed       BIGINT NOT NULL,
    first_seen   BIGINT,
    last_seen    BIGINT,
    seen_at      BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX findings_by_severity ON findings (organisation, environment, severity, seen_at, id);
CREATE INDEX findings_by_endpoint ON findings (organisation, environment, endpoint_id);

CREATE TABLE finding_history (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    finding_id   TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    who          TEXT   NOT NULL,
    from_state   TEXT   NOT NULL,
    to_state     TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    expiry       BIGINT,
    PRIMARY KEY (organisation, environment, finding_id, sequence),
    FOREIGN KEY (organisation, environment, finding_id)
        REFERENCES findings (organisation, environment, id) ON DELETE CASCADE
);

CREATE TABLE detections (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    code         TEXT   NOT NULL,
    class        TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    endpoint_id  TEXT,
    seen_at      BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX detections_by_time ON detections (organisation, environment, seen_at, id);
CREATE INDEX detections_by_actor ON detections (organisation, environment, actor, seen_at, id);
CREATE INDEX detections_by_endpoint
    ON detections (organisation, environment, endpoint_id, seen_at, id);

CREATE TABLE incidents (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    score        BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX incidents_by_severity
    ON incidents (organisation, environment, severity, score, seen_at, id);
CREATE INDEX incidents_by_time ON incidents (organisation, environment, seen_at, id);

CREATE TABLE actors (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    label        TEXT   NOT NULL,
    requests     BIGINT NOT NULL,
    detections   BIGINT NOT NULL,
    first_seen   BIGINT,
    last_seen    BIGINT,
    seen_at      BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX actors_by_requests ON actors (organisation, environment, requests, id);
CREATE INDEX actors_by_time ON actors (organisation, environment, seen_at, id);

CREATE TABLE analysis_runs (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT   NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX analysis_runs_by_time ON analysis_runs (organisation, environment, seen_at, id);

CREATE TABLE checkpoints (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    input        TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, input)
);

CREATE TABLE learned_state (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    content      BLOB   NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, name)
);

CREATE TABLE audit_records (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    who          TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    details      TEXT   NOT NULL,
    hash         TEXT   NOT NULL,
    PRIMARY KEY (organisation, environment, sequence)
);
CREATE TRIGGER audit_records_stay BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_are_kept BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;

CREATE TABLE exchange_blocks (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
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
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    subject      BIGINT NOT NULL,
    segment      BIGINT NOT NULL,
    position     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, subject, segment, position)
) WITHOUT ROWID;

-- Segments that retention removed: what is no longer there is known.
CREATE TABLE exchange_removals (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    segment      BIGINT NOT NULL,
    removed_at   BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    records      BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    first_time   BIGINT NOT NULL,
    last_time    BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, segment)
);
