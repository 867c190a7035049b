//! What only SQLite understands: connection settings, transactions, maintenance, error codes, and
//! the statements of its own.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    database::Dialect,
    error::{StoreError, free_bytes},
};

/// How long a connection waits for another program that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes the write lock at once, so that a transaction never fails half-way for want of it.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Sees one state of the database until it ends.
pub(super) const BEGIN_READING: &str = "BEGIN DEFERRED";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

pub(super) const INTEGRITY_CHECK: &str = "PRAGMA integrity_check(100)";
pub(super) const FOREIGN_KEY_CHECK: &str = "PRAGMA foreign_key_check";
pub(super) const VACUUM_INTO: &str = "VACUUM INTO $1";

pub(crate) const DIALECT: Dialect = Dialect {
    add_subjects: "\
INSERT INTO exchange_subjects (organisation, environment, subject, segment, position) \
SELECT $1, $2, value, $3, $4 FROM json_each($5) WHERE true \
ON CONFLICT (organisation, environment, subject, segment, position) DO NOTHING",
    calls_of: "\
SELECT endpoint_id, first_time, buckets FROM endpoint_calls \
WHERE organisation = $1 AND environment = $2 AND seconds = $3 AND endpoint_id IN \
 (SELECT value FROM json_each($4))",
    save_calls: "\
INSERT INTO endpoint_calls \
 (organisation, environment, seconds, endpoint_id, first_time, last_time, buckets) \
SELECT $1, $2, $3, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($4) WHERE true \
ON CONFLICT (organisation, environment, seconds, endpoint_id) DO UPDATE SET \
 first_time = excluded.first_time, last_time = excluded.last_time, buckets = excluded.buckets",
    has_migrations: "SELECT COUNT(*) FROM sqlite_master \
                     WHERE type = 'table' AND name = '_sqlx_migrations'",
    columns: "SELECT name, LOWER(type) FROM pragma_table_info($1) ORDER BY cid",
    primary_key: "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk",
};

/// Settings of every connection that writes.
pub(super) fn writing(path: &Path) -> SqliteConnectOptions {
    common(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode only FULL makes a commit durable against loss of power.
        .synchronous(SqliteSynchronous::Full)
        // Gives the log file's space back after a large transaction.
        .pragma("journal_size_limit", "67108864")
}

/// Settings of every connection that only reads beside a writer.
pub(super) fn reading(path: &Path) -> SqliteConnectOptions {
    common(path).pragma("query_only", "ON")
}

/// Settings for a store opened for reading only.
pub(super) fn read_only(path: &Path) -> SqliteConnectOptions {
    common(path).read_only(true)
}

/// Settings for a read-only file system without a log file beside the database.
pub(super) fn immutable(path: &Path) -> SqliteConnectOptions {
    common(path).read_only(true).immutable(true)
}

fn common(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(200)
        .disable_statement_logging()
}

/// What an error of the driver means.
pub(super) fn explain(path: &Path, source: sqlx::Error) -> StoreError {
    let message = source.as_database_error().map(|e| e.message().to_owned()).unwrap_or_default();
    let path = path.to_owned();
    // The low byte is the primary result code, the rest says more (https://sqlite.org/rescode.html).
    match result_code(&source).map(|code| code & 0xff) {
        Some(5 | 6) => StoreError::Busy { path },
        Some(8) => StoreError::ReadOnly { path, reason: message },
        // Some writes report a plain I/O error when nothing is left, for example those that grow
        // the shared-memory file.
        Some(10) if free_bytes(&path).is_some_and(|free| free < 1 << 20) => StoreError::full(&path),
        Some(11 | 26) => StoreError::Corrupt { path, reason: message },
        Some(13) => StoreError::full(&path),
        Some(14) if path.is_dir() || !writable_parent(&path) => {
            StoreError::ReadOnly { path, reason: message }
        }
        _ => StoreError::Database { path, source },
    }
}

/// Whether the error says that a file could not be opened.
pub(super) fn is_cannot_open(source: &sqlx::Error) -> bool {
    result_code(source).is_some_and(|code| matches!(code & 0xff, 8 | 14))
}

fn result_code(source: &sqlx::Error) -> Option<u32> {
    source.as_database_error()?.code()?.parse().ok()
}

fn writable_parent(path: &Path) -> bool {
    path.parent()
        .is_some_and(|parent| rustix::fs::access(parent, rustix::fs::Access::WRITE_OK).is_ok())
}
