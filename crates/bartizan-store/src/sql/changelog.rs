//! The change log. Texts that end with `IN` go on with a list of ids in parentheses.

pub(crate) const BASELINE: &str = "\
SELECT began, ends FROM change_baselines WHERE organisation = $1 AND environment = $2";

pub(crate) const ADD_BASELINE: &str = "\
INSERT INTO change_baselines (organisation, environment, began, ends) VALUES ($1, $2, $3, $4)";

/// From what it shows whether a surface has to be compared.
pub(crate) const SURFACE_MARKS: &str = "\
SELECT endpoint_id, requests, inventory_state FROM endpoint_surfaces \
WHERE organisation = $1 AND environment = $2 AND endpoint_id IN ";

pub(crate) const SURFACES: &str = "\
SELECT endpoint_id, body FROM endpoint_surfaces \
WHERE organisation = $1 AND environment = $2 AND endpoint_id IN ";

pub(crate) const SAVE_SURFACE: &str = "\
INSERT INTO endpoint_surfaces (organisation, environment, endpoint_id, requests, inventory_state, body) \
VALUES ($1, $2, $3, $4, $5, $6) \
ON CONFLICT (organisation, environment, endpoint_id) DO UPDATE SET \
 requests = excluded.requests, inventory_state = excluded.inventory_state, body = excluded.body";

pub(crate) const FORGET_SURFACE: &str = "\
DELETE FROM endpoint_surfaces WHERE organisation = $1 AND environment = $2 AND endpoint_id = $3";

/// Adds one that is not there; changes no row when it is.
pub(crate) const ADD_CHANGE: &str = "\
INSERT INTO change_log (organisation, environment, id, kind, grade, host, endpoint_id, seen_at, body, \
 recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";

/// Deletes what was noticed before `$3`.
pub(crate) const FORGET_OLD_CHANGES: &str = "\
DELETE FROM change_log WHERE organisation = $1 AND environment = $2 AND recorded_at < $3";

/// Keeps the `$3` that were noticed last.
pub(crate) const FORGET_MANY_CHANGES: &str = "\
DELETE FROM change_log WHERE organisation = $1 AND environment = $2 AND id IN (\
 SELECT id FROM change_log WHERE organisation = $1 AND environment = $2 \
 ORDER BY recorded_at DESC, seen_at DESC, id DESC LIMIT 9223372036854775807 OFFSET $3)";
