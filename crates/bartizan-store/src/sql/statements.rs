//! Statements with a fixed text. `$1` and `$2` are organisation and environment in all of them.

pub(crate) const SAVE_ENDPOINT: &str = "\
INSERT INTO endpoints (organisation, environment, id, host, method, path, protocol, service, access, \
 inventory_state, confirmed, risk, data_classes, requests, first_seen, last_seen, body, recorded_at, \
 data_flows, operation, owner, business_unit, stage, known_by, drift, noted_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
 $22, $23, $24, $25, $18) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 host = excluded.host, method = excluded.method, path = excluded.path, \
 protocol = excluded.protocol, service = excluded.service, access = excluded.access, \
 inventory_state = excluded.inventory_state, confirmed = excluded.confirmed, \
 risk = excluded.risk, data_classes = excluded.data_classes, requests = excluded.requests, \
 first_seen = CASE WHEN endpoints.first_seen IS NULL OR excluded.first_seen < endpoints.first_seen \
  THEN excluded.first_seen ELSE endpoints.first_seen END, \
 last_seen = CASE WHEN endpoints.last_seen IS NULL OR excluded.last_seen > endpoints.last_seen \
  THEN excluded.last_seen ELSE endpoints.last_seen END, \
 body = excluded.body, recorded_at = excluded.recorded_at, data_flows = excluded.data_flows, \
 operation = excluded.operation, owner = excluded.owner, \
 business_unit = excluded.business_unit, stage = excluded.stage, \
 known_by = excluded.known_by, drift = excluded.drift";

/// Endpoints that neither traffic nor a specification knew when they were written, nor anybody merged.
pub(crate) const DISCOVERED_ENDPOINTS: &str = "\
SELECT id FROM endpoints WHERE organisation = $1 AND environment = $2 AND known_by <> ' ' \
 AND known_by NOT LIKE '% traffic %' AND known_by NOT LIKE '% specification %' \
 AND id NOT IN (SELECT target FROM endpoint_aliases WHERE organisation = $1 AND environment = $2)";

pub(crate) const FORGET_ENDPOINT: &str = "\
DELETE FROM endpoints WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const SAVE_SERVICE: &str = "\
INSERT INTO services (organisation, environment, id, name, body, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 name = excluded.name, body = excluded.body, recorded_at = excluded.recorded_at";

/// State, first and last time are kept by the store; the rest is what the newest run says.
pub(crate) const SAVE_FINDING: &str = "\
INSERT INTO findings (organisation, environment, id, code, severity, confidence, host, endpoint_id, \
 state, failed, first_seen, last_seen, seen_at, body, recorded_at, noted_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 code = excluded.code, severity = excluded.severity, confidence = excluded.confidence, \
 host = excluded.host, endpoint_id = excluded.endpoint_id, failed = excluded.failed, \
 first_seen = CASE WHEN findings.first_seen IS NULL OR excluded.first_seen < findings.first_seen \
  THEN excluded.first_seen ELSE findings.first_seen END, \
 last_seen = CASE WHEN findings.last_seen IS NULL OR excluded.last_seen > findings.last_seen \
  THEN excluded.last_seen ELSE findings.last_seen END, \
 seen_at = CASE WHEN excluded.seen_at > findings.seen_at \
  THEN excluded.seen_at ELSE findings.seen_at END, \
 body = excluded.body, recorded_at = excluded.recorded_at";

pub(crate) const FINDING_STATE: &str = "\
SELECT state, last_seen, failed FROM findings \
WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const SET_FINDING_STATE: &str = "\
UPDATE findings SET state = $4, state_expiry = $5 \
WHERE organisation = $1 AND environment = $2 AND id = $3";

/// Findings of single endpoints with one code.
pub(crate) const FORMER_FINDINGS: &str = "\
SELECT id, state, state_expiry, last_seen, failed, body FROM findings \
WHERE organisation = $1 AND environment = $2 AND code = $3 \
 AND endpoint_id IS NOT NULL AND state <> 'replaced' ORDER BY id";

pub(crate) const EXPIRED_FINDINGS: &str = "\
SELECT id, state FROM findings \
WHERE organisation = $1 AND environment = $2 AND state_expiry <= $3 ORDER BY id";

pub(crate) const ADD_FINDING_HISTORY: &str = "\
INSERT INTO finding_history (organisation, environment, finding_id, sequence, time, who, from_state, \
 to_state, reason, expiry) \
SELECT $1, $2, $3, COALESCE(MAX(sequence), 0) + 1, $4, $5, $6, $7, $8, $9 FROM finding_history \
WHERE organisation = $1 AND environment = $2 AND finding_id = $3";

pub(crate) const FINDING_HISTORY: &str = "\
SELECT sequence, time, who, from_state, to_state, reason, expiry FROM finding_history \
WHERE organisation = $1 AND environment = $2 AND finding_id = $3 ORDER BY sequence";

/// Adds one that is not there; changes no row when it is.
pub(crate) const ADD_DETECTION: &str = "\
INSERT INTO detections (organisation, environment, id, code, class, severity, actor, endpoint_id, \
 seen_at, body, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";

pub(crate) const CHANGE_DETECTION: &str = "\
UPDATE detections SET code = $4, class = $5, severity = $6, actor = $7, endpoint_id = $8, \
 seen_at = $9, body = $10, recorded_at = $11 \
WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const COUNT_DETECTIONS: &str = "\
INSERT INTO row_counts (organisation, environment, kind, amount) VALUES ($1, $2, 'detections', $3) \
ON CONFLICT (organisation, environment, kind) DO UPDATE SET \
 amount = row_counts.amount + excluded.amount";

pub(crate) const SAVE_INCIDENT: &str = "\
INSERT INTO incidents (organisation, environment, id, severity, score, actor, seen_at, body, \
 recorded_at, noted_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 severity = excluded.severity, score = excluded.score, actor = excluded.actor, \
 seen_at = excluded.seen_at, body = excluded.body, recorded_at = excluded.recorded_at";

pub(crate) const FORGET_INCIDENT: &str =
    "DELETE FROM incidents WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const SAVE_INCIDENT_ALIAS: &str = "\
INSERT INTO incident_aliases (organisation, environment, alias, target) VALUES ($1, $2, $3, $4) \
ON CONFLICT (organisation, environment, alias) DO UPDATE SET target = excluded.target";

pub(crate) const MOVE_INCIDENT_ALIASES: &str = "\
UPDATE incident_aliases SET target = $4 \
WHERE organisation = $1 AND environment = $2 AND target = $3";

pub(crate) const FORGET_INCIDENT_ALIAS: &str =
    "DELETE FROM incident_aliases WHERE organisation = $1 AND environment = $2 AND alias = $3";

pub(crate) const INCIDENT_ALIAS_TARGET: &str = "\
SELECT target FROM incident_aliases \
WHERE organisation = $1 AND environment = $2 AND alias = $3";

pub(crate) const LOST_INCIDENT_ALIASES: &str = "\
DELETE FROM incident_aliases WHERE organisation = $1 AND environment = $2 AND target NOT IN \
 (SELECT id FROM incidents WHERE organisation = $1 AND environment = $2)";

pub(crate) const SAVE_ACTOR: &str = "\
INSERT INTO actors (organisation, environment, id, kind, label, requests, detections, first_seen, \
 last_seen, seen_at, body, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 kind = excluded.kind, label = excluded.label, requests = excluded.requests, \
 detections = excluded.detections, \
 first_seen = CASE WHEN actors.first_seen IS NULL OR excluded.first_seen < actors.first_seen \
  THEN excluded.first_seen ELSE actors.first_seen END, \
 last_seen = CASE WHEN actors.last_seen IS NULL OR excluded.last_seen > actors.last_seen \
  THEN excluded.last_seen ELSE actors.last_seen END, \
 seen_at = CASE WHEN excluded.seen_at > actors.seen_at \
  THEN excluded.seen_at ELSE actors.seen_at END, \
 body = excluded.body, recorded_at = excluded.recorded_at";

pub(crate) const SAVE_RUN: &str = "\
INSERT INTO analysis_runs (organisation, environment, id, seen_at, body) \
VALUES ($1, $2, $3, $4, $5) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 seen_at = excluded.seen_at, body = excluded.body";

pub(crate) const SAVE_CHECKPOINT: &str = "\
INSERT INTO checkpoints (organisation, environment, input, body, recorded_at) \
VALUES ($1, $2, $3, $4, $5) \
ON CONFLICT (organisation, environment, input) DO UPDATE SET \
 body = excluded.body, recorded_at = excluded.recorded_at";

pub(crate) const CHECKPOINT: &str = "\
SELECT body FROM checkpoints WHERE organisation = $1 AND environment = $2 AND input = $3";

pub(crate) const DELETE_CHECKPOINT: &str = "\
DELETE FROM checkpoints WHERE organisation = $1 AND environment = $2 AND input = $3";

pub(crate) const SAVE_LEARNED: &str = "\
INSERT INTO learned_state (organisation, environment, name, content, recorded_at) \
VALUES ($1, $2, $3, $4, $5) \
ON CONFLICT (organisation, environment, name) DO UPDATE SET \
 content = excluded.content, recorded_at = excluded.recorded_at";

pub(crate) const LEARNED: &str = "\
SELECT content, recorded_at FROM learned_state \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const SERVICES: &str = "\
SELECT id, body FROM services WHERE organisation = $1 AND environment = $2 ORDER BY name, id";

pub(crate) const SERVICE: &str = "\
SELECT id, body FROM services WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const ORGANISATION: &str = "SELECT key_check FROM organisations WHERE organisation = $1";

pub(crate) const ADD_ORGANISATION: &str = "INSERT INTO organisations (organisation, key_check, created_at) VALUES ($1, $2, $3) \
     ON CONFLICT (organisation) DO NOTHING";

pub(crate) const STORE_IDENTITY: &str = "SELECT identity FROM store_identity WHERE one = 1";

pub(crate) const ADD_STORE_IDENTITY: &str =
    "INSERT INTO store_identity (one, identity) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";

pub(crate) const ALIAS_TARGET: &str = "\
SELECT target FROM endpoint_aliases WHERE organisation = $1 AND environment = $2 AND alias = $3";

pub(crate) const ALIASES_OF: &str = "\
SELECT alias FROM endpoint_aliases \
WHERE organisation = $1 AND environment = $2 AND target = $3 ORDER BY alias";

pub(crate) const SET_ALIAS: &str = "\
INSERT INTO endpoint_aliases (organisation, environment, alias, target) VALUES ($1, $2, $3, $4) \
ON CONFLICT (organisation, environment, alias) DO UPDATE SET target = excluded.target";

pub(crate) const ADD_ALIAS_EVENT: &str = "\
INSERT INTO endpoint_alias_events (organisation, environment, sequence, time, kind, body) \
VALUES ($1, $2, $3, $4, $5, $6)";

pub(crate) const LAST_ALIAS_EVENT: &str = "\
SELECT COALESCE(MAX(sequence), 0) FROM endpoint_alias_events \
WHERE organisation = $1 AND environment = $2";

pub(crate) const ALIAS_EVENT: &str = "\
SELECT body FROM endpoint_alias_events \
WHERE organisation = $1 AND environment = $2 AND sequence = $3";

pub(crate) const AUDIT_HEAD: &str = "\
SELECT sequence, hash FROM audit_records \
WHERE organisation = $1 AND environment = $2 ORDER BY sequence DESC LIMIT 1";

pub(crate) const ADD_AUDIT: &str = "\
INSERT INTO audit_records (organisation, environment, sequence, time, who, action, subject, details, \
 hash) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const ADD_BLOCK: &str = "\
INSERT INTO exchange_blocks (organisation, environment, segment, position, file_offset, length, \
 records, first_time, last_time, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// 1 when there are blocks of other logs than the one with segments `$3` to `$4`, else 0.
pub(crate) const OTHER_BLOCKS: &str = "\
SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM exchange_blocks \
 WHERE organisation = $1 AND environment = $2 AND (segment < $3 OR segment > $4) LIMIT 1) AS others";

pub(crate) const LAST_SEGMENT: &str = "\
SELECT COALESCE(MAX(segment), 0) FROM (\
 SELECT segment FROM exchange_blocks WHERE organisation = $1 AND environment = $2 \
 UNION ALL \
 SELECT segment FROM exchange_removals WHERE organisation = $1 AND environment = $2) AS known \
WHERE segment BETWEEN $3 AND $4";

pub(crate) const SEGMENTS: &str = "\
SELECT segment, MAX(file_offset + length), CAST(COALESCE(SUM(records), 0) AS BIGINT), MIN(first_time), \
 MAX(last_time) FROM exchange_blocks \
WHERE organisation = $1 AND environment = $2 AND segment BETWEEN $3 AND $4 \
GROUP BY segment ORDER BY segment";

pub(crate) const REMOVE_SUBJECTS: &str = "\
DELETE FROM exchange_subjects \
WHERE organisation = $1 AND environment = $2 AND segment = $3";

pub(crate) const REMOVE_BLOCKS: &str = "\
DELETE FROM exchange_blocks WHERE organisation = $1 AND environment = $2 AND segment = $3";

pub(crate) const ADD_REMOVAL: &str = "\
INSERT INTO exchange_removals (organisation, environment, segment, removed_at, reason, records, \
 bytes, first_time, last_time) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const REMOVALS: &str = "\
SELECT segment, removed_at, reason, records, bytes, first_time, last_time FROM exchange_removals \
WHERE organisation = $1 AND environment = $2 ORDER BY segment";

/// Nothing when id or digest are there already.
pub(crate) const ADD_API_KEY: &str = "\
INSERT INTO api_keys (organisation, environment, id, digest, name, owner, scopes, state, created_at, \
 expires_at, terms, changed) \
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, COALESCE(MAX(changed), 0) + 1 FROM api_keys \
WHERE organisation = $1 AND environment = $2 \
ON CONFLICT DO NOTHING";

pub(crate) const API_KEYS: &str = "\
SELECT id, digest, name, owner, scopes, state, created_at, expires_at, last_used_at, terms \
FROM api_keys \
WHERE organisation = $1 AND environment = $2 ORDER BY created_at, id";

pub(crate) const API_KEY: &str = "\
SELECT id, digest, name, owner, scopes, state, created_at, expires_at, last_used_at, terms \
FROM api_keys \
WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const API_KEYS_VERSION: &str = "\
SELECT COALESCE(MAX(changed), 0) FROM api_keys WHERE organisation = $1 AND environment = $2";

pub(crate) const API_KEY_COUNT: &str =
    "SELECT COUNT(*) FROM api_keys WHERE organisation = $1 AND environment = $2";

pub(crate) const SET_API_KEY_STATE: &str = "\
UPDATE api_keys SET state = $4, changed = 1 + (\
 SELECT MAX(known.changed) FROM api_keys AS known \
 WHERE known.organisation = $1 AND known.environment = $2) \
WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const SET_API_KEY_USED: &str = "\
UPDATE api_keys SET last_used_at = $4 \
WHERE organisation = $1 AND environment = $2 AND id = $3 \
 AND (last_used_at IS NULL OR last_used_at < $4)";

pub(crate) const FINDING_COUNTS: &str = "\
SELECT state, severity, COUNT(*) FROM findings \
WHERE organisation = $1 AND environment = $2 GROUP BY state, severity";

/// Endpoints and how many of them are provisional. An alias of itself stands for itself.
pub(crate) const ENDPOINT_COUNT: &str = "\
SELECT COUNT(*), CAST(COALESCE(SUM(1 - confirmed), 0) AS BIGINT) FROM endpoints \
WHERE organisation = $1 AND environment = $2 AND id NOT IN (\
 SELECT alias FROM endpoint_aliases \
 WHERE organisation = $1 AND environment = $2 AND target <> alias)";

pub(crate) const DETECTION_COUNT: &str = "SELECT COALESCE(MAX(amount), 0) FROM row_counts \
     WHERE organisation = $1 AND environment = $2 AND kind = 'detections'";
pub(crate) const INCIDENT_COUNT: &str =
    "SELECT COUNT(*) FROM incidents WHERE organisation = $1 AND environment = $2";
pub(crate) const ACTOR_COUNT: &str =
    "SELECT COUNT(*) FROM actors WHERE organisation = $1 AND environment = $2";
pub(crate) const RUN_COUNT: &str =
    "SELECT COUNT(*) FROM analysis_runs WHERE organisation = $1 AND environment = $2";
pub(crate) const AUDIT_COUNT: &str =
    "SELECT COUNT(*) FROM audit_records WHERE organisation = $1 AND environment = $2";

pub(crate) const BLOCK_COUNTS: &str = "\
SELECT COUNT(*), CAST(COALESCE(SUM(records), 0) AS BIGINT), CAST(COALESCE(SUM(length), 0) AS BIGINT) FROM exchange_blocks \
WHERE organisation = $1 AND environment = $2";

pub(crate) const REMOVED_COUNT: &str = "\
SELECT CAST(COALESCE(SUM(records), 0) AS BIGINT) FROM exchange_removals \
WHERE organisation = $1 AND environment = $2";

/// A table that retention cuts by age and number.
pub(crate) struct Aged {
    /// Deletes what was last seen before `$3`.
    pub(crate) older: &'static str,
    /// Keeps the latest `$3`.
    pub(crate) beyond: &'static str,
}

macro_rules! aged {
    ($table:literal) => {
        Aged {
            older: concat!(
                "DELETE FROM ",
                $table,
                " WHERE organisation = $1 AND environment = $2 AND seen_at < $3"
            ),
            beyond: concat!(
                "DELETE FROM ",
                $table,
                " WHERE organisation = $1 AND environment = $2 AND id IN (SELECT id FROM ",
                $table,
                " WHERE organisation = $1 AND environment = $2 ORDER BY seen_at DESC, id DESC",
                " LIMIT 9223372036854775807 OFFSET $3)"
            ),
        }
    };
}

pub(crate) const AGED_DETECTIONS: Aged = aged!("detections");
pub(crate) const AGED_INCIDENTS: Aged = aged!("incidents");
pub(crate) const AGED_ACTORS: Aged = aged!("actors");
pub(crate) const AGED_RUNS: Aged = aged!("analysis_runs");

pub(crate) const OLD_FIXED_FINDINGS: &str = "\
DELETE FROM findings \
WHERE organisation = $1 AND environment = $2 AND state IN ('fixed', 'replaced') AND seen_at < $3";
