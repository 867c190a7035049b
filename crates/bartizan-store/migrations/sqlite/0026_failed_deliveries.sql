-- Deliveries of webhooks that were good and that no upstream took. `content` is the delivery, sealed under a key that is
-- not in the database; `missing` says why there is none.
CREATE TABLE failed_deliveries (
    organisation  TEXT NOT NULL,
    environment   TEXT NOT NULL,
    id            TEXT NOT NULL,
    delivery_key  TEXT NOT NULL,
    state         TEXT NOT NULL,
    policy        TEXT NOT NULL,
    service       TEXT NOT NULL,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    until_at      BIGINT NOT NULL,
    changed_at    BIGINT NOT NULL,
    exchange      TEXT NOT NULL,
    failure       TEXT NOT NULL,
    status        BIGINT,
    failures      BIGINT NOT NULL,
    replays       BIGINT NOT NULL,
    bytes         BIGINT NOT NULL,
    missing       TEXT NOT NULL,
    content       BLOB,
    content_bytes BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX failed_deliveries_by_time ON failed_deliveries (organisation, environment, last_at, id);
CREATE INDEX failed_deliveries_by_state ON failed_deliveries (organisation, environment, state, changed_at);
