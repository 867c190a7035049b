-- What is counted and looked for fits into an index, whatever its length was, and is found there without
-- reading a body.
UPDATE findings SET host = left(host, 255) WHERE length(host) > 255;
UPDATE actors SET label = left(label, 255) WHERE length(label) > 255;

DROP INDEX findings_by_severity;
CREATE INDEX findings_by_severity
    ON findings (organisation, environment, severity, seen_at, id, state, code, endpoint_id, host, assignee);
DROP INDEX findings_by_last_seen;
CREATE INDEX findings_by_last_seen
    ON findings (organisation, environment, seen_at, id, state, severity, code, endpoint_id, host, assignee);
DROP INDEX findings_by_first_seen;
CREATE INDEX findings_by_first_seen
    ON findings (organisation, environment, COALESCE(first_seen, 0), id, state, severity, code,
                 endpoint_id, host, seen_at, assignee);

DROP INDEX actors_by_requests;
CREATE INDEX actors_by_requests
    ON actors (organisation, environment, requests, id, kind, detections, label);
DROP INDEX actors_by_detections;
CREATE INDEX actors_by_detections
    ON actors (organisation, environment, detections, id, kind, label);
DROP INDEX actors_by_time;
CREATE INDEX actors_by_time
    ON actors (organisation, environment, seen_at, id, kind, detections, label);

-- The data map tells who can reach what carries a class.
DROP INDEX endpoints_by_flows;
CREATE INDEX endpoints_by_flows ON endpoints (organisation, environment, data_flows, access, id);
