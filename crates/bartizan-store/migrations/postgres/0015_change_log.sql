-- What the change log compares with what is written next: of each endpoint a surface as JSON, and how many
-- exchanges it was learned from. In a baseline also of endpoints that are provisional.
CREATE TABLE endpoint_surfaces (
    organisation    TEXT COLLATE "C" NOT NULL,
    environment     TEXT COLLATE "C" NOT NULL,
    endpoint_id     TEXT COLLATE "C" NOT NULL,
    requests        BIGINT NOT NULL,
    inventory_state TEXT COLLATE "C" NOT NULL,
    body            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, endpoint_id)
);

-- When the first results were written, and until when what is new belongs to them.
CREATE TABLE change_baselines (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    began        BIGINT NOT NULL,
    ends         BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment)
);

-- Changes of the catalogue. Entries are added and, when there are too many or they are too old, deleted; none is
-- changed. `seen_at` is the time of the traffic.
CREATE TABLE change_log (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    grade        TEXT COLLATE "C" NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    seen_at      BIGINT NOT NULL,
    body         TEXT COLLATE "C" NOT NULL,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX change_log_by_time
    ON change_log (organisation, environment, seen_at, id, kind, grade, endpoint_id, host);
CREATE INDEX change_log_by_recorded ON change_log (organisation, environment, recorded_at, seen_at, id);
