-- Incidents that another one took in when their actors turned out to be linked. `alias` leads to
-- `target`, always in one step.
CREATE TABLE incident_aliases (
    organisation TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    alias        TEXT COLLATE "C" NOT NULL,
    target       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, environment, alias)
);
CREATE INDEX incident_aliases_by_target ON incident_aliases (organisation, environment, target);
