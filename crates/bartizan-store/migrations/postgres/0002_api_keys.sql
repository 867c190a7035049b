-- Own API keys. `digest` is a keyed hash of the key: 64 hexadecimal digits. `scopes` is a JSON array.
-- `changed` rises with every change that a gateway must know of; rows are never deleted, so that its
-- maximum tells whether anything changed. `last_used_at` is no such change.
CREATE TABLE api_keys (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    digest       TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    owner        TEXT COLLATE "C" NOT NULL,
    scopes       TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    changed      BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, id)
);
CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (organisation, environment, digest);
CREATE INDEX api_keys_by_change ON api_keys (organisation, environment, changed);
