-- Paths that somebody decided to keep apart, each behind its host; `endpoint` is what they had been merged into.
CREATE TABLE paths_apart (
    organisation TEXT   NOT NULL,
    environment  TEXT   NOT NULL,
    path         TEXT   NOT NULL,
    endpoint     TEXT   NOT NULL,
    who          TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    decided_at   BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, path)
);
