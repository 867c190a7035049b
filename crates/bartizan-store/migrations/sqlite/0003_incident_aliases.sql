-- Incidents that another one took in when their actors turned out to be linked. `alias` leads to
-- `target`, always in one step.
CREATE TABLE incident_aliases (
    organisation TEXT NOT NULL,
    environment  TEXT NOT NULL,
    alias        TEXT NOT NULL,
    target       TEXT NOT NULL,
    PRIMARY KEY (organisation, environment, alias)
);
CREATE INDEX incident_aliases_by_target ON incident_aliases (organisation, environment, target);
