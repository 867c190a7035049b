//! Paths that are kept apart.

/// What was decided first stays.
pub(crate) const ADD: &str = "\
INSERT INTO paths_apart (organisation, environment, path, endpoint, who, reason, decided_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7) \
ON CONFLICT (organisation, environment, path) DO NOTHING";

pub(crate) const ALL: &str = "\
SELECT path, endpoint FROM paths_apart \
WHERE organisation = $1 AND environment = $2 ORDER BY path";
