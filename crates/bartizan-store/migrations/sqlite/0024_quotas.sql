-- What was reserved of quotas, by keyed hash of who uses them, and the period in microseconds since 1970.
CREATE TABLE quotas (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    subject      TEXT NOT NULL,
    begins_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    reserved     BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, subject, begins_at, ends_at)
);
CREATE INDEX quotas_by_end ON quotas (organisation, environment, ends_at);
