//! Statements of the outbox.

pub(crate) const SUBSCRIPTIONS: &str = "\
SELECT body FROM sinks WHERE organisation = $1 AND environment = $2 AND active = 1 ORDER BY name";

pub(crate) const SUBSCRIBE: &str = "\
INSERT INTO sinks (organisation, environment, name, active, body, sequence, sent, failed, dead, \
 dropped) \
VALUES ($1, $2, $3, 1, $4, 0, 0, 0, 0, 0) \
ON CONFLICT (organisation, environment, name) DO UPDATE SET active = 1, body = excluded.body";

pub(crate) const UNSUBSCRIBE: &str = "\
UPDATE sinks SET active = 0 WHERE organisation = $1 AND environment = $2 AND name = $3";

/// Gives `$4` numbers; the last of them.
pub(crate) const NUMBERS: &str = "\
UPDATE sinks SET sequence = sequence + $4 \
WHERE organisation = $1 AND environment = $2 AND name = $3 RETURNING sequence";

pub(crate) const ADD_DELIVERY: &str = "\
INSERT INTO deliveries (organisation, environment, sink, sequence, event_id, state, attempts, \
 created_at, due_at, claimed_until, holder, error, body) \
VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6, 0, '', '', $7)";

pub(crate) const COUNT: &str = "\
SELECT COUNT(*) FROM deliveries \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = $4";

/// The `$5` oldest.
pub(crate) const DROP_OLDEST: &str = "\
DELETE FROM deliveries \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = $4 AND sequence IN (\
 SELECT sequence FROM deliveries \
 WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = $4 \
 ORDER BY sequence LIMIT $5)";

pub(crate) const COUNT_UP: &str = "\
UPDATE sinks SET sent = sent + $4, failed = failed + $5, dead = dead + $6, dropped = dropped + $7 \
WHERE organisation = $1 AND environment = $2 AND name = $3";

pub(crate) const IS_DUE: &str = "\
SELECT sequence FROM deliveries \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = 'waiting' AND due_at <= $4 \
 AND claimed_until <= $4 LIMIT 1";

/// The outer conditions are there for whoever waited for another taker's lock.
pub(crate) const TAKE: &str = "\
UPDATE deliveries SET claimed_until = $5, holder = $6 \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = 'waiting' \
 AND claimed_until <= $4 AND sequence IN (\
 SELECT sequence FROM deliveries \
 WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = 'waiting' \
  AND due_at <= $4 AND claimed_until <= $4 ORDER BY due_at, sequence LIMIT $7) \
RETURNING event_id AS id, sink, sequence, attempts, created_at, due_at, error, body";

pub(crate) const RELEASE: &str = "\
UPDATE deliveries SET claimed_until = 0, holder = '' \
WHERE organisation = $1 AND environment = $2 AND state = 'waiting' AND holder = $3";

pub(crate) const SETTLE_SENT: &str = "\
DELETE FROM deliveries \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND sequence = $4 AND state = 'waiting'";

/// `$5` attempts more, state `$6`.
pub(crate) const SETTLE_FAILED: &str = "\
UPDATE deliveries SET attempts = attempts + $5, state = $6, due_at = $7, error = $8, \
 claimed_until = 0, holder = '' \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND sequence = $4 AND state = 'waiting'";

pub(crate) const BURY_SINK: &str = "\
UPDATE deliveries SET state = 'dead', due_at = $4, error = $5, claimed_until = 0, holder = '' \
WHERE organisation = $1 AND environment = $2 AND sink = $3 AND state = 'waiting'";

/// An empty `$3` or `$4` does not restrict. Dead letters of sinks that are gone stay.
pub(crate) const REVIVE: &str = "\
UPDATE deliveries SET state = 'waiting', attempts = 0, created_at = $5, due_at = $5 \
WHERE organisation = $1 AND environment = $2 AND state = 'dead' \
 AND ($3 = '' OR sink = $3) AND ($4 = '' OR event_id = $4) AND sink IN (\
 SELECT name FROM sinks WHERE organisation = $1 AND environment = $2 AND active = 1)";

/// An empty `$3` or `$4` does not restrict.
pub(crate) const FORGET: &str = "\
DELETE FROM deliveries \
WHERE organisation = $1 AND environment = $2 AND state = 'dead' \
 AND ($3 = '' OR sink = $3) AND ($4 = '' OR event_id = $4)";

pub(crate) const STATES: &str = "\
SELECT s.name, s.active, s.sent, s.failed, s.dead, s.dropped, \
 (SELECT COUNT(*) FROM deliveries d WHERE d.organisation = $1 AND d.environment = $2 \
  AND d.sink = s.name AND d.state = 'waiting'), \
 (SELECT MIN(d.created_at) FROM deliveries d WHERE d.organisation = $1 AND d.environment = $2 \
  AND d.sink = s.name AND d.state = 'waiting'), \
 (SELECT COUNT(*) FROM deliveries d WHERE d.organisation = $1 AND d.environment = $2 \
  AND d.sink = s.name AND d.state = 'dead') \
FROM sinks s WHERE s.organisation = $1 AND s.environment = $2 ORDER BY s.name";

pub(crate) const FINDING_BEFORE: &str = "\
SELECT severity, confidence FROM findings \
WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const INCIDENT_BEFORE: &str = "\
SELECT body FROM incidents WHERE organisation = $1 AND environment = $2 AND id = $3";

pub(crate) const IS_DETECTION_KNOWN: &str = "\
SELECT severity FROM detections WHERE organisation = $1 AND environment = $2 AND id = $3";
