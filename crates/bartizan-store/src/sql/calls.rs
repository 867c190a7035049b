//! How often endpoints were called. `$3` is the length of a bucket, in seconds.

/// Calls of all endpoints that were called at `$4` or later.
pub(crate) const SINCE: &str = "\
SELECT endpoint_id, first_time, buckets FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND last_time >= $4";

/// Calls of endpoint `$4` and of what was merged into it.
pub(crate) const OF_ONE: &str = "\
SELECT endpoint_id, first_time, buckets FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 \
 AND endpoint_id IN (\
 SELECT CAST($4 AS TEXT) UNION \
 SELECT alias FROM endpoint_aliases \
 WHERE organisation = $1 AND environment = $2 AND target = $4)";

/// What leads to other endpoints.
pub(crate) const ALIASES: &str = "\
SELECT alias, target FROM endpoint_aliases \
WHERE organisation = $1 AND environment = $2 AND target <> alias";

pub(crate) const FIRST: &str = "\
SELECT MIN(first_time) FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3";

pub(crate) const FORGET: &str = "\
DELETE FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND last_time < $4";
