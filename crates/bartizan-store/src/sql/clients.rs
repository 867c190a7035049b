//! The inventory of clients.

/// Writes one as it is now; what is the same is not written again.
pub(crate) const SAVE_CLIENT: &str = "\
INSERT INTO clients (organisation, environment, id, kind, form, label, requests, scopes_unused, seen_at, \
 body, detail, recorded_at) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 kind = excluded.kind, form = excluded.form, label = excluded.label, requests = excluded.requests, \
 scopes_unused = excluded.scopes_unused, seen_at = excluded.seen_at, body = excluded.body, \
 detail = excluded.detail, recorded_at = excluded.recorded_at \
WHERE clients.detail <> excluded.detail";

pub(crate) const FORGET_CLIENT: &str = "\
DELETE FROM clients WHERE organisation = $1 AND environment = $2 AND id = $3";

/// Keeps the `$3` that were seen last.
pub(crate) const FORGET_MANY_CLIENTS: &str = "\
DELETE FROM clients WHERE organisation = $1 AND environment = $2 AND id IN (\
 SELECT id FROM clients WHERE organisation = $1 AND environment = $2 \
 ORDER BY seen_at DESC, id DESC LIMIT 9223372036854775807 OFFSET $3)";
