//! Failed deliveries.

/// A statement about rows of a scope.
macro_rules! of_scope {
    ($before:literal, $behind:literal) => {
        concat!($before, " WHERE organisation = $1 AND environment = $2", $behind)
    };
}

/// What a failure replaces: what is under way or asked for stays so.
pub(crate) const KEEP: &str = "\
INSERT INTO failed_deliveries (organisation, environment, id, delivery_key, state, policy, service, first_at, last_at, \
 until_at, changed_at, exchange, failure, status, failures, replays, bytes, missing, content, content_bytes) \
VALUES ($1, $2, $3, $4, 'failed', $5, $6, $7, $7, $8, $9, $10, $11, $12, 1, 0, $13, $14, $15, $16) \
ON CONFLICT (organisation, environment, id) DO UPDATE SET \
 state = CASE WHEN failed_deliveries.state IN ('asked', 'replaying') THEN failed_deliveries.state ELSE 'failed' END, \
 service = excluded.service, last_at = excluded.last_at, until_at = excluded.until_at, \
 exchange = excluded.exchange, failure = excluded.failure, status = excluded.status, \
 failures = failed_deliveries.failures + 1, bytes = excluded.bytes, missing = excluded.missing, \
 content = excluded.content, content_bytes = excluded.content_bytes";

/// The newest first; settled ones behind all others.
pub(crate) const BY_AGE: &str = of_scope!(
    "SELECT id, content_bytes FROM failed_deliveries",
    " ORDER BY CASE WHEN state IN ('taken', 'discarded') THEN 1 ELSE 0 END, last_at DESC, id"
);

pub(crate) const DROP: &str = of_scope!("DELETE FROM failed_deliveries", " AND id = $3");

pub(crate) const EMPTY: &str = of_scope!(
    "UPDATE failed_deliveries SET content = NULL, content_bytes = 0, missing = $4",
    " AND id = $3"
);

pub(crate) const CAME: &str = of_scope!(
    "UPDATE failed_deliveries SET state = 'taken', changed_at = $4, content = NULL, content_bytes = 0, \
     missing = 'settled'",
    " AND delivery_key = $3 AND state IN ('failed', 'asked')"
);

pub(crate) const KEYS: &str = of_scope!(
    "SELECT delivery_key FROM failed_deliveries",
    " AND state IN ('failed', 'asked', 'replaying') ORDER BY last_at DESC LIMIT 1000"
);

pub(crate) const ONE: &str = of_scope!(
    "SELECT id, state, policy, service, first_at, last_at, until_at, exchange, failure, status, failures, replays, \
     bytes, missing, content FROM failed_deliveries",
    " AND id = $3"
);

pub(crate) const SET_STATE: &str =
    of_scope!("UPDATE failed_deliveries SET state = $4, changed_at = $5", " AND id = $3");

pub(crate) const ASKED: &str = of_scope!(
    "SELECT id FROM failed_deliveries",
    " AND state = 'asked' ORDER BY changed_at, id LIMIT 1"
);

pub(crate) const REPLAYED: &str = of_scope!(
    "UPDATE failed_deliveries SET state = $4, changed_at = $5, failure = $6, status = $7, exchange = $8, \
     replays = replays + 1",
    " AND id = $3 AND state = 'replaying'"
);

pub(crate) const GIVE_UP: &str = of_scope!(
    "UPDATE failed_deliveries SET failure = CASE WHEN state = 'asked' THEN 'not-replayed' ELSE 'replay-unknown' END, \
     state = 'failed', status = NULL, changed_at = $4",
    " AND state IN ('asked', 'replaying') AND changed_at <= $3"
);

pub(crate) const FORGET: &str = of_scope!(
    "DELETE FROM failed_deliveries",
    " AND until_at <= $3 AND state NOT IN ('asked', 'replaying')"
);
