//! Journey graphs.

/// A graph replaces what was known of it.
pub(crate) const SAVE: &str = "\
INSERT INTO journeys (organisation, environment, id, host, role, sessions, summary, body, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 sessions = excluded.sessions, summary = excluded.summary, body = excluded.body, \
 recorded_at = excluded.recorded_at";
