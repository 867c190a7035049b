//! Counts and retention.

use bartizan_model::{FindingState, HashKey, Scope, Severity, Timestamp};

use super::{
    Connection, Inner, audit,
    audit::{signed, unsigned},
    query, read,
};
use crate::{
    records::{AuditEntry, Counts, Retention, RetentionReport},
    sql::statements::{self as sql, Aged},
};

pub(super) async fn counts(connection: &mut Connection, scope: &Scope) -> Inner<Counts> {
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

/// Counts detections that were added, or, when negative, removed.
pub(super) async fn count_detections(
    connection: &mut Connection,
    scope: &Scope,
    more: i64,
) -> Inner<()> {
    if more != 0 {
        query(sql::COUNT_DETECTIONS)
            .bind(scope.organisation.as_str())
            .bind(scope.environment.as_str())
            .bind(more)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn numbers<const N: usize>(
    connection: &mut Connection,
    scope: &Scope,
    text: &'static str,
) -> Inner<[u64; N]> {
    let row = query(text)
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
    connection: &mut Connection,
    scope: &Scope,
) -> Inner<(ByState, BySeverity)> {
    let mut states: ByState = FindingState::ALL.iter().map(|s| (*s, 0)).collect();
    let mut severities: BySeverity = Severity::ALL.iter().map(|s| (*s, 0)).collect();
    let rows = query(sql::FINDING_COUNTS)
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
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    retention: &Retention,
    who: &str,
    now: Timestamp,
) -> Inner<RetentionReport> {
    let bound = retention.older_than;
    let detections =
        cut(connection, scope, &sql::AGED_DETECTIONS, bound, retention.max_detections).await?;
    count_detections(connection, scope, -signed(detections)).await?;
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
    connection: &mut Connection,
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
    connection: &mut Connection,
    scope: &Scope,
    text: &'static str,
    bound: i64,
) -> Inner<u64> {
    let done = query(text)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(bound)
        .execute(connection)
        .await?;
    Ok(done)
}
