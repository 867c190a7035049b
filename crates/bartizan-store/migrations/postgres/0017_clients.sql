-- Clients of the APIs: applications, add-ons and keys. `body` is what a list shows of one, `detail` all of it;
-- both are as the results that were written last say. Those not seen for longest make room.
CREATE TABLE clients (
    organisation  TEXT COLLATE "C" NOT NULL,
    environment   TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    form          TEXT COLLATE "C" NOT NULL,
    label         TEXT COLLATE "C" NOT NULL,
    requests      BIGINT NOT NULL,
    scopes_unused BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    body          TEXT COLLATE "C" NOT NULL,
    detail        TEXT COLLATE "C" NOT NULL,
    recorded_at   BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE INDEX clients_by_requests ON clients (organisation, environment, requests, id, kind, form, label);
CREATE INDEX clients_by_scopes ON clients (organisation, environment, scopes_unused, id, kind, form, label);
CREATE INDEX clients_by_time ON clients (organisation, environment, seen_at, id, kind, form, label);
