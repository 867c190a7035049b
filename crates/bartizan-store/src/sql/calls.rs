//! How often endpoints were called. `$3` is the length of a bucket, in seconds.

/// Calls of endpoint `$6` and of what was merged into it, from `$4` until `$5`.
pub(crate) const OVER_TIME: &str = "\
SELECT time, CAST(SUM(requests) AS BIGINT) FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND time >= $4 AND time < $5 \
 AND endpoint_id IN (\
 SELECT CAST($6 AS TEXT) UNION \
 SELECT alias FROM endpoint_aliases \
 WHERE organisation = $1 AND environment = $2 AND target = $6) \
GROUP BY time";

/// What leads to other endpoints.
pub(crate) const ALIASES: &str = "\
SELECT alias, target FROM endpoint_aliases \
WHERE organisation = $1 AND environment = $2 AND target <> alias";

pub(crate) const FIRST: &str = "\
SELECT MIN(time) FROM endpoint_calls WHERE organisation = $1 AND environment = $2 AND seconds = $3";

pub(crate) const FORGET: &str = "\
DELETE FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND time < $4";
