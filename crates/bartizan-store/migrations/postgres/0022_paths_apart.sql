-- Paths that somebody decided to keep apart, each behind its host; `endpoint` is what they had been merged into.
CREATE TABLE paths_apart (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    path         TEXT COLLATE "C" NOT NULL,
    endpoint     TEXT COLLATE "C" NOT NULL,
    who          TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    decided_at   BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, path)
);
