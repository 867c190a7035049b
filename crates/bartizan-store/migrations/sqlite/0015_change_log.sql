-- What the change log compares with what is written next: of each endpoint a surface as JSON, and how many
-- exchanges it was learned from. In a baseline also of endpoints that are provisional.
CREATE TABLE endpoint_surfaces (
    organisation    TEXT NOT NULL,
    environment     TEXT NOT NULL,
    endpoint_id     TEXT NOT NULL,
    requests        BIGINT NOT NULL,
    inventory_state TEXT NOT NULL,
    body            TEXT NOT NULL,
    PRIMARY KEY (organisation, environment, endpoint_id)
) WITHOUT ROWID;

-- When the first results were written, and until when what is new belongs to them.
CREATE TABLE change_baselines (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    began        BIGINT NOT NULL,
    ends         BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment)
) WITHOUT ROWID;

-- Changes of the catalogue. Entries are added and, when there are too many or they are too old, deleted; none is
-- changed. `seen_at` is the time of the traffic.
CREATE TABLE change_log (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    grade        TEXT NOT NULL,
    host         TEXT NOT NULL,
    endpoint_id  TEXT NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX change_log_by_time
    ON change_log (organisation, environment, seen_at, id, kind, grade, endpoint_id, host);
CREATE INDEX change_log_by_recorded ON change_log (organisation, environment, recorded_at, seen_at, id);
