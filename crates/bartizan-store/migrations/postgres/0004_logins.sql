-- Users of the administration API, their sessions, and their tokens. `password` is an Argon2 hash in
-- PHC form. A digest is a hash of 256 random bits: 64 hexadecimal digits, unique in the whole database,
-- because who presents one says nothing else of themselves.
CREATE TABLE users (
    organisation     TEXT COLLATE "C" NOT NULL,
    environment      TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    role             TEXT COLLATE "C" NOT NULL,
    disabled         BIGINT NOT NULL,
    password         TEXT COLLATE "C" NOT NULL,
    must_change      BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    password_at      BIGINT NOT NULL,
    last_login_at    BIGINT,
    PRIMARY KEY (organisation, environment, name)
);

CREATE TABLE login_sessions (
    organisation  TEXT COLLATE "C" NOT NULL,
    environment   TEXT COLLATE "C" NOT NULL,
    digest        TEXT COLLATE "C" NOT NULL,
    user_name     TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, digest),
    FOREIGN KEY (organisation, environment, user_name)
        REFERENCES users (organisation, environment, name) ON DELETE CASCADE
);
CREATE UNIQUE INDEX login_sessions_by_digest ON login_sessions (digest);
CREATE INDEX login_sessions_by_user ON login_sessions (organisation, environment, user_name, created_at);

CREATE TABLE access_tokens (
    organisation  TEXT COLLATE "C" NOT NULL,
    environment   TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    digest        TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    user_name     TEXT COLLATE "C" NOT NULL,
    role          TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT,
    PRIMARY KEY (organisation, environment, id),
    FOREIGN KEY (organisation, environment, user_name)
        REFERENCES users (organisation, environment, name) ON DELETE CASCADE
);
CREATE UNIQUE INDEX access_tokens_by_digest ON access_tokens (digest);
CREATE INDEX access_tokens_by_user ON access_tokens (organisation, environment, user_name);
