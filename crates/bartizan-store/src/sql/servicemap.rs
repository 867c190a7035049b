//! Services and third parties.

pub(crate) const GRAPH: &str = "\
SELECT body FROM service_graphs WHERE organisation = $1 AND environment = $2";

pub(crate) const SAVE_GRAPH: &str = "\
INSERT INTO service_graphs (organisation, environment, body, recorded_at) VALUES ($1, $2, $3, $4) \
ON CONFLICT (organisation, environment) DO UPDATE SET \
 body = excluded.body, recorded_at = excluded.recorded_at";

pub(crate) const FORGET_THIRD_PARTIES: &str = "\
DELETE FROM third_parties WHERE organisation = $1 AND environment = $2";

/// Of two hosts that an index cannot tell apart, as they are too long for it, the first stays.
pub(crate) const ADD_THIRD_PARTY: &str = "\
INSERT INTO third_parties (organisation, environment, id, told_by, requests, plain, sent, last_seen, body) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
