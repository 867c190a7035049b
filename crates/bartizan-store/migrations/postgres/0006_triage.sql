-- Who a finding is given to (a user, who may be gone since), and what people say about it.
ALTER TABLE findings ADD COLUMN assignee TEXT COLLATE "C";
CREATE INDEX findings_by_assignee ON findings (organisation, environment, assignee);

CREATE TABLE finding_comments (
    organisation TEXT COLLATE "C"   NOT NULL,
    environment  TEXT COLLATE "C"   NOT NULL,
    finding_id   TEXT COLLATE "C"   NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    who          TEXT COLLATE "C"   NOT NULL,
    text         TEXT COLLATE "C"   NOT NULL,
    PRIMARY KEY (organisation, environment, finding_id, sequence),
    FOREIGN KEY (organisation, environment, finding_id)
        REFERENCES findings (organisation, environment, id) ON DELETE CASCADE
);

-- When a thing was first written down, whatever its own times say: what is new is new to who looks.
ALTER TABLE endpoints ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE findings ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
UPDATE endpoints SET noted_at = COALESCE(first_seen, recorded_at);
UPDATE findings SET noted_at = COALESCE(first_seen, recorded_at);
UPDATE incidents SET noted_at = seen_at;
CREATE INDEX endpoints_by_noted ON endpoints (organisation, environment, noted_at, id);
CREATE INDEX findings_by_noted ON findings (organisation, environment, noted_at);
CREATE INDEX incidents_by_noted ON incidents (organisation, environment, noted_at);
CREATE INDEX finding_history_by_time ON finding_history (organisation, environment, time);

-- What became of an endpoint: `what` is the name of a member, `was` and `became` its value before and
-- after.
CREATE TABLE endpoint_changes (
    organisation TEXT COLLATE "C"   NOT NULL,
    environment  TEXT COLLATE "C"   NOT NULL,
    endpoint_id  TEXT COLLATE "C"   NOT NULL,
    sequence     BIGINT NOT NULL,
    time         BIGINT NOT NULL,
    what         TEXT COLLATE "C"   NOT NULL,
    was          TEXT COLLATE "C",
    became       TEXT COLLATE "C",
    PRIMARY KEY (organisation, environment, endpoint_id, sequence)
);
CREATE INDEX endpoint_changes_by_time ON endpoint_changes (organisation, environment, time, endpoint_id);

-- Each data class of an endpoint with each way it goes, `email:request email:response`, sorted.
ALTER TABLE endpoints ADD COLUMN data_flows TEXT COLLATE "C" NOT NULL DEFAULT '';
-- NUL, which JSON may hold escaped, is nothing that JSON of the database can hold.
UPDATE endpoints SET data_flows = COALESCE((
    SELECT string_agg(flow, ' ' ORDER BY flow) FROM (
        SELECT DISTINCT (value ->> 'class') || ':' || (value ->> 'direction') COLLATE "C" AS flow
        FROM json_array_elements(
            CAST(replace(body, '\u0000', '\ufffd') AS JSON) -> 'data_classes') AS classes (value)) AS flows), '');
CREATE INDEX endpoints_by_flows ON endpoints (organisation, environment, data_flows, id);

-- Exchanges of the gateway in equal times, by what became of them.
CREATE TABLE traffic (
    organisation TEXT COLLATE "C"   NOT NULL,
    environment  TEXT COLLATE "C"   NOT NULL,
    time         BIGINT NOT NULL,
    clean        BIGINT NOT NULL,
    monitored    BIGINT NOT NULL,
    refused      BIGINT NOT NULL,
    not_judged   BIGINT NOT NULL,
    errors       BIGINT NOT NULL,
    hostile      BIGINT NOT NULL,
    PRIMARY KEY (organisation, environment, time)
);
