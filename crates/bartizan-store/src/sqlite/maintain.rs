//! Counts, retention, integrity, back-up copies.

use std::{fs, path::Path};

use bartizan_model::{FindingState, HashKey, Scope, Severity, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::{
    Inner, audit,
    audit::{signed, unsigned},
    dialect, read,
};
use crate::{
    error::{Result, StoreError},
    files,
    records::{AuditEntry, Counts, IntegrityReport, Retention, RetentionReport},
    sql::statements::{self as sql, Aged},
};

pub(super) async fn counts(connection: &mut SqliteConnection, scope: &Scope) -> Inner<Counts> {
    let (findings, active_findings) = finding_counts(connection, scope).await?;
    let [endpoints, provisional] = numbers(connection, scope, sql::ENDPOINT_COUNT).await?;
    let [exchange_blocks, exchanges, exchange_bytes] =
        numbers(connection, scope, sql::BLOCK_COUNTS).await?;
    let [detections] = numbers(connection, scope, sql::DETECTION_COUNT).await?;
    let [incidents] = numbers(connection, scope, sql::INCIDENT_COUNT).await?;
    let [actors] = numbers(connection, scope, sql::ACTOR_COUNT).await?;
    let [runs] = numbers(connection, scope, sql::RUN_COUNT).await?;
    let [audit_records] = numbers(connection, scope, sql::AUDIT_COUNT).await?;
    let [exchanges_removed] = numbers(connection, scope, sql::REMOVED_COUNT).await?;
    Ok(Counts {
        endpoints,
        provisional,
        findings,
        active_findings,
        detections,
        incidents,
        actors,
        runs,
        audit_records,
        exchange_blocks,
        exchanges,
        exchange_bytes,
        exchanges_removed,
    })
}

async fn numbers<const N: usize>(
    connection: &mut SqliteConnection,
    scope: &Scope,
    text: &'static str,
) -> Inner<[u64; N]> {
    let row = sqlx::query(text)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_one(connection)
        .await?;
    let mut out = [0; N];
    for (i, number) in out.iter_mut().enumerate() {
        *number = unsigned(row.try_get(i)?);
    }
    Ok(out)
}

type ByState = Vec<(FindingState, u64)>;
type BySeverity = Vec<(Severity, u64)>;

async fn finding_counts(
    connection: &mut SqliteConnection,
    scope: &Scope,
) -> Inner<(ByState, BySeverity)> {
    let mut states: ByState = FindingState::ALL.iter().map(|s| (*s, 0)).collect();
    let mut severities: BySeverity = Severity::ALL.iter().map(|s| (*s, 0)).collect();
    let rows = sqlx::query(sql::FINDING_COUNTS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    for row in rows {
        let state = read::state("finding count", "", &row.try_get::<String, _>(0)?)?;
        let (severity, count): (i64, u64) = (row.try_get(1)?, unsigned(row.try_get(2)?));
        for (_, sum) in states.iter_mut().filter(|(s, _)| *s == state) {
            *sum += count;
        }
        for (_, sum) in severities.iter_mut().filter(|(s, _)| *s as i64 == severity) {
            *sum += if state.is_active() { count } else { 0 };
        }
    }
    Ok((states, severities))
}

pub(super) async fn retain(
    connection: &mut SqliteConnection,
    scope: &Scope,
    key: &HashKey,
    retention: &Retention,
    who: &str,
    now: Timestamp,
) -> Inner<RetentionReport> {
    let bound = retention.older_than;
    let detections =
        cut(connection, scope, &sql::AGED_DETECTIONS, bound, retention.max_detections).await?;
    let incidents =
        cut(connection, scope, &sql::AGED_INCIDENTS, bound, retention.max_incidents).await?;
    if incidents > 0 {
        super::incidents::forget_lost(connection, scope).await?;
    }
    let actors = cut(connection, scope, &sql::AGED_ACTORS, bound, retention.max_actors).await?;
    let runs = cut(connection, scope, &sql::AGED_RUNS, bound, retention.max_runs).await?;
    let findings = match bound {
        Some(bound) => delete(connection, scope, sql::OLD_FIXED_FINDINGS, bound.micros()).await?,
        None => 0,
    };
    let report = RetentionReport { detections, incidents, actors, runs, findings };
    if report.total() > 0 {
        let entry = AuditEntry {
            time: now,
            who: who.to_owned(),
            action: "store.retention".to_owned(),
            subject: "store".to_owned(),
            details: serde_json::json!({ "deleted": report, "older_than": bound }),
        };
        audit::append(connection, scope, key, entry).await?;
    }
    Ok(report)
}

async fn cut(
    connection: &mut SqliteConnection,
    scope: &Scope,
    table: &Aged,
    older_than: Option<Timestamp>,
    most: Option<u64>,
) -> Inner<u64> {
    let mut deleted = 0;
    if let Some(bound) = older_than {
        deleted += delete(connection, scope, table.older, bound.micros()).await?;
    }
    if let Some(most) = most {
        deleted += delete(connection, scope, table.beyond, signed(most)).await?;
    }
    Ok(deleted)
}

async fn delete(
    connection: &mut SqliteConnection,
    scope: &Scope,
    text: &'static str,
    bound: i64,
) -> Inner<u64> {
    let done = sqlx::query(text)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(bound)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

pub(super) async fn integrity(connection: &mut SqliteConnection) -> Inner<IntegrityReport> {
    let rows = sqlx::query(dialect::INTEGRITY_CHECK).fetch_all(&mut *connection).await?;
    let mut database = Vec::new();
    for row in rows {
        let line: String = row.try_get(0)?;
        if line != "ok" {
            database.push(line);
        }
    }
    let rows = sqlx::query(dialect::FOREIGN_KEY_CHECK).fetch_all(connection).await?;
    let mut references = Vec::new();
    for row in rows {
        references.push(format!(
            "a row of {} refers to a row of {} that is not there",
            row.try_get::<String, _>(0)?,
            row.try_get::<String, _>(2)?
        ));
    }
    Ok(IntegrityReport { database, references })
}

/// Writes a copy to `partial`, over a connection of its own: those of the pool refuse whatever
/// writes.
pub(super) async fn backup(path: &Path, partial: &Path) -> Inner<()> {
    let Some(name) = partial.to_str() else {
        let source = std::io::Error::other("the name is not valid UTF-8");
        return Err(StoreError::Io { action: "writing", path: partial.to_owned(), source }.into());
    };
    let mut connection = super::connect(&dialect::read_only(path)).await?;
    let copied = sqlx::query(dialect::VACUUM_INTO).bind(name).execute(&mut connection).await;
    let _ = connection.close().await;
    copied?;
    Ok(())
}

/// Makes a finished copy durable under its name.
pub(super) fn publish(partial: &Path, target: &Path) -> Result<()> {
    fs::File::open(partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::hard_link(partial, target))
        .map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                StoreError::AlreadyThere { path: target.to_owned() }
            }
            _ => StoreError::io("writing", target, e),
        })?;
    let _ = fs::remove_file(partial);
    files::sync_directory(
        target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    )
}
