-- Traffic in buckets of several lengths. What a bucket says of hostile exchanges is different from what it
-- said before, and was kept for two days only: it begins anew.
DROP TABLE traffic;
CREATE TABLE traffic (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    seconds      BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    clean        BIGINT NOT NULL,
    monitored    BIGINT NOT NULL,
    refused      BIGINT NOT NULL,
    not_judged   BIGINT NOT NULL,
    errors       BIGINT NOT NULL,
    hostile      BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, seconds, time)
);
