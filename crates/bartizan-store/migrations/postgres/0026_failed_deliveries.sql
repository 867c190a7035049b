-- Deliveries of webhooks that were good and that no upstream took. `content` is the delivery, sealed under a key that is
-- not in the database; `missing` says why there is none.
CREATE TABLE failed_deliveries (
    organisation  TEXT COLLATE "C" NOT NULL,
    environment   TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    delivery_key  TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    policy        TEXT COLLATE "C" NOT NULL,
    service       TEXT COLLATE "C" NOT NULL,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    until_at      BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    exchange      TEXT COLLATE "C" NOT NULL,
    failure       TEXT COLLATE "C" NOT NULL,
    status        BIGINT,
    failures      BIGINT NOT NULL,
    replays       BIGINT NOT NULL,
    bytes         BIGINT NOT NULL,
    missing       TEXT COLLATE "C" NOT NULL,
    content       BYTEA,
    content_bytes BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX failed_deliveries_by_time ON failed_deliveries (organisation, environment, last_at, id);
CREATE INDEX failed_deliveries_by_state ON failed_deliveries (organisation, environment, state, changed_at);
