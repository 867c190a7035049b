//! What is shown beside things. Texts that end with `IN` go on with a list of ids in parentheses.

pub(crate) const ENDPOINT_NAMES: &str = "\
SELECT id, host, method, path, operation FROM endpoints \
WHERE organisation = $1 AND environment = $2 AND id IN ";

/// Names of what aliases lead to.
pub(crate) const ALIAS_NAMES: &str = "\
SELECT a.alias, e.host, e.method, e.path, e.operation FROM endpoint_aliases AS a \
JOIN endpoints AS e ON e.organisation = a.organisation AND e.environment = a.environment \
 AND e.id = a.target \
WHERE a.organisation = $1 AND a.environment = $2 AND a.alias IN ";

pub(crate) const ACTOR_NAMES: &str = "\
SELECT id, body FROM actors WHERE organisation = $1 AND environment = $2 AND id IN ";

/// What of endpoints is compared with what is written.
pub(crate) const ENDPOINT_STATES: &str = "\
SELECT id, access, inventory_state, confirmed, data_flows FROM endpoints \
WHERE organisation = $1 AND environment = $2 AND id IN ";

pub(crate) const LAST_ENDPOINT_CHANGE: &str = "\
SELECT COALESCE(MAX(sequence), 0) FROM endpoint_changes \
WHERE organisation = $1 AND environment = $2 AND endpoint_id = $3";

pub(crate) const ADD_ENDPOINT_CHANGE: &str = "\
INSERT INTO endpoint_changes (organisation, environment, endpoint_id, sequence, time, what, was, became) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(crate) const FORGET_ENDPOINT_CHANGES: &str = "\
DELETE FROM endpoint_changes \
WHERE organisation = $1 AND environment = $2 AND endpoint_id = $3 AND sequence <= $4";

pub(crate) const ENDPOINT_CHANGES: &str = "\
SELECT sequence, time, what, was, became FROM endpoint_changes \
WHERE organisation = $1 AND environment = $2 AND endpoint_id = $3 ORDER BY sequence";

/// How many endpoints have the same flows and access. Those that lead elsewhere are left out.
pub(crate) const DATA_FLOWS: &str = "\
SELECT data_flows, access, COUNT(*) FROM endpoints \
WHERE organisation = $1 AND environment = $2 AND data_flows > '' AND id NOT IN (\
 SELECT alias FROM endpoint_aliases \
 WHERE organisation = $1 AND environment = $2 AND target <> alias) \
GROUP BY data_flows, access";

/// What became different at or after `$3`.
pub(crate) const CHANGES: &str = "\
SELECT \
 (SELECT COUNT(*) FROM endpoints \
  WHERE organisation = $1 AND environment = $2 AND noted_at >= $3 AND id NOT IN (\
   SELECT alias FROM endpoint_aliases \
   WHERE organisation = $1 AND environment = $2 AND target <> alias)), \
 (SELECT COUNT(DISTINCT c.endpoint_id) FROM endpoint_changes AS c \
  JOIN endpoints AS e ON e.organisation = c.organisation AND e.environment = c.environment \
   AND e.id = c.endpoint_id \
  WHERE c.organisation = $1 AND c.environment = $2 AND c.time >= $3 AND e.noted_at < $3 \
   AND c.endpoint_id NOT IN (\
   SELECT alias FROM endpoint_aliases \
   WHERE organisation = $1 AND environment = $2 AND target <> alias)), \
 (SELECT COUNT(*) FROM findings \
  WHERE organisation = $1 AND environment = $2 AND noted_at >= $3 AND state <> 'replaced'), \
 (SELECT COUNT(DISTINCT finding_id) FROM finding_history \
  WHERE organisation = $1 AND environment = $2 AND time >= $3 AND to_state = 'open' \
   AND from_state IN ('fixed', 'accepted', 'false_positive')), \
 (SELECT COUNT(DISTINCT finding_id) FROM finding_history \
  WHERE organisation = $1 AND environment = $2 AND time >= $3 AND to_state = 'fixed'), \
 (SELECT COUNT(*) FROM incidents \
  WHERE organisation = $1 AND environment = $2 AND noted_at >= $3)";

pub(crate) const ADD_TRAFFIC: &str = "\
INSERT INTO traffic (organisation, environment, seconds, time, clean, monitored, refused, not_judged, errors, \
 hostile) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
ON CONFLICT (organisation, environment, seconds, time) DO UPDATE SET \
 clean = traffic.clean + excluded.clean, monitored = traffic.monitored + excluded.monitored, \
 refused = traffic.refused + excluded.refused, \
 not_judged = traffic.not_judged + excluded.not_judged, \
 errors = traffic.errors + excluded.errors, hostile = traffic.hostile + excluded.hostile";

pub(crate) const FORGET_TRAFFIC: &str = "DELETE FROM traffic WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND time < $4";

pub(crate) const TRAFFIC: &str = "\
SELECT time, clean, monitored, refused, not_judged, errors, hostile FROM traffic \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND time >= $4 ORDER BY time";
