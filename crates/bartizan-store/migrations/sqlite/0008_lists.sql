-- Orders of lists, and counts of what is in them. Columns behind `id` are those that filters ask for,
-- so that what does not fit is passed over, and what fits is counted, without reading a body.
ALTER TABLE endpoints ADD COLUMN requests BIGINT NOT NULL DEFAULT 0;
UPDATE endpoints SET requests = CAST(COALESCE(json_extract(body, '$.requests'), 0) AS INTEGER);
CREATE INDEX endpoints_by_risk ON endpoints (organisation, environment, risk, id);
CREATE INDEX endpoints_by_requests ON endpoints (organisation, environment, requests, id);
CREATE INDEX endpoints_by_last_seen
    ON endpoints (organisation, environment, COALESCE(last_seen, 0), id);
CREATE INDEX endpoints_by_first_seen
    ON endpoints (organisation, environment, COALESCE(first_seen, 0), id);
CREATE INDEX endpoints_counted
    ON endpoints (organisation, environment, host, method, protocol, service, access,
                  inventory_state, confirmed, risk, data_classes, id, path);

DROP INDEX findings_by_severity;
CREATE INDEX findings_by_severity
    ON findings (organisation, environment, severity, seen_at, id, state, code, endpoint_id, host, assignee);
CREATE INDEX findings_by_last_seen
    ON findings (organisation, environment, seen_at, id, state, severity, code, endpoint_id, host, assignee);
CREATE INDEX findings_by_first_seen
    ON findings (organisation, environment, COALESCE(first_seen, 0), id, state, severity, code,
                 endpoint_id, host, seen_at, assignee);

CREATE INDEX detections_by_severity
    ON detections (organisation, environment, severity, seen_at, id, code, class);
CREATE INDEX detections_by_code
    ON detections (organisation, environment, code, severity, seen_at, id, class);
CREATE INDEX detections_by_class
    ON detections (organisation, environment, class, severity, seen_at, id);

DROP INDEX incidents_by_severity;
CREATE INDEX incidents_by_severity
    ON incidents (organisation, environment, severity, score, seen_at, id, actor);
DROP INDEX incidents_by_time;
CREATE INDEX incidents_by_time
    ON incidents (organisation, environment, seen_at, id, severity, actor);
CREATE INDEX incidents_by_score
    ON incidents (organisation, environment, score, seen_at, id, severity, actor);

DROP INDEX actors_by_requests;
CREATE INDEX actors_by_requests
    ON actors (organisation, environment, requests, id, kind, detections, label);
CREATE INDEX actors_by_detections
    ON actors (organisation, environment, detections, id, kind, label);
DROP INDEX actors_by_time;
CREATE INDEX actors_by_time
    ON actors (organisation, environment, seen_at, id, kind, detections, label);
