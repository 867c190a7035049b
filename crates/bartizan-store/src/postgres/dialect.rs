//! What only PostgreSQL understands: transactions, locks, error codes, and the statements of its own.

use std::{path::Path, time::Duration};

use crate::{database::Dialect, error::StoreError};

/// How long a call waits for a connection: as long as the server is starting, or all are in use.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Each statement sees what was committed before it, so the one after [`LOCK_SCOPE`] sees all that
/// the holder of the lock before us wrote.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Sees one state of the database until it ends.
pub(super) const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Held until the transaction ends, however it ends.
pub(super) const LOCK_SCOPE: &str = "SELECT pg_advisory_xact_lock($1)";

pub(crate) const DIALECT: Dialect = Dialect {
    add_subjects: "\
INSERT INTO exchange_subjects (organisation, environment, subject, segment, position) \
SELECT $1, $2, CAST(value AS BIGINT), $3, $4 \
FROM json_array_elements_text(CAST($5 AS JSON)) AS keys (value) \
ON CONFLICT (organisation, environment, subject, segment, position) DO NOTHING",
    calls_of: "\
SELECT endpoint_id, first_time, buckets FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND endpoint_id IN \
 (SELECT value FROM json_array_elements_text(CAST($4 AS JSON)) AS ids (value))",
    save_calls: "\
INSERT INTO endpoint_calls \
 (organisation, environment, seconds, endpoint_id, first_time, last_time, buckets) \
SELECT $1, $2, $3, value ->> 0, CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT), value ->> 3 \
FROM json_array_elements(CAST($4 AS JSON)) AS calls (value) \
ON CONFLICT (organisation, environment, seconds, endpoint_id) DO UPDATE SET \
 first_time = excluded.first_time, last_time = excluded.last_time, buckets = excluded.buckets",
    has_migrations: "SELECT COUNT(*) FROM information_schema.tables \
                     WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'",
    columns: "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
              FROM information_schema.columns \
              WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
    primary_key: "SELECT CAST(k.column_name AS TEXT) \
                  FROM information_schema.table_constraints AS c \
                  JOIN information_schema.key_column_usage AS k \
                   USING (constraint_schema, constraint_name, table_name) \
                  WHERE c.constraint_schema = current_schema() AND c.table_name = $1 \
                   AND c.constraint_type = 'PRIMARY KEY' ORDER BY k.ordinal_position",
};

/// What an error of the driver means
/// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
pub(super) fn explain(address: &Path, source: sqlx::Error) -> StoreError {
    let path = address.to_owned();
    let reason = source.as_database_error().map(|e| e.message().to_owned());
    match (code(&source).as_deref(), reason) {
        (Some("53100"), Some(reason)) => StoreError::ServerFull { path, reason },
        (Some("55P03" | "40001" | "40P01"), _) => StoreError::Busy { path },
        (Some("25006"), Some(reason)) => StoreError::ReadOnly { path, reason },
        (Some("XX001" | "XX002"), Some(reason)) => StoreError::Corrupt { path, reason },
        (_, Some(reason)) if is_lost(&source) || is_refused(&source) => {
            StoreError::Unreachable { path, reason }
        }
        (None, _) if is_lost(&source) => {
            let reason = match &source {
                sqlx::Error::PoolTimedOut => {
                    format!("no connection within {} s", CONNECT_TIMEOUT.as_secs())
                }
                other => other.to_string(),
            };
            StoreError::Unreachable { path, reason }
        }
        _ => StoreError::Database { path, source },
    }
}

/// Whether the connection is gone or was never made, so that the server says nothing more.
pub(super) fn is_lost(source: &sqlx::Error) -> bool {
    match source {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed => true,
        // Connection exceptions; the server stops, crashed, or is not ready yet.
        _ => code(source).is_some_and(|code| code.starts_with("08") || code.starts_with("57P")),
    }
}

/// Whether the server does not let us in: wrong password, unknown database, no connection left.
fn is_refused(source: &sqlx::Error) -> bool {
    code(source).is_some_and(|code| {
        code.starts_with("28") || matches!(code.as_str(), "3D000" | "53300" | "42501")
    })
}

fn code(source: &sqlx::Error) -> Option<String> {
    source.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}
