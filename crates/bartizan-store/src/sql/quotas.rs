//! Quotas.

pub(crate) const RESERVED: &str = "\
SELECT reserved FROM quotas \
WHERE organisation = $1 AND environment = $2 AND subject = $3 AND begins_at = $4 AND ends_at = $5";

pub(crate) const RESERVE: &str = "\
INSERT INTO quotas (organisation, environment, subject, begins_at, ends_at, reserved) \
VALUES ($1, $2, $3, $4, $5, $6) \
ON CONFLICT (organisation, environment, subject, begins_at, ends_at) \
DO UPDATE SET reserved = excluded.reserved";

/// Never less than nothing.
pub(crate) const GIVE_BACK: &str = "\
UPDATE quotas SET reserved = CASE WHEN reserved > $6 THEN reserved - $6 ELSE 0 END \
WHERE organisation = $1 AND environment = $2 AND subject = $3 AND begins_at = $4 AND ends_at = $5";

pub(crate) const FORGET: &str = "\
DELETE FROM quotas WHERE organisation = $1 AND environment = $2 AND ends_at <= $3";
