//! The audit chain in the database.

use bartizan_model::{HashKey, Scope, Timestamp};

use super::{Connection, Inner, Row, query};
use crate::{
    audit::{self, AuditHead, AuditRecord, AuditReport, GENESIS, Verifier},
    query::MAX_PAGE,
    records::AuditEntry,
    sql::statements as sql,
};

pub(super) async fn head(connection: &mut Connection, scope: &Scope) -> Inner<AuditHead> {
    let row = query(sql::AUDIT_HEAD)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_optional(connection)
        .await?;
    let scope = scope.clone();
    Ok(match row {
        None => AuditHead { scope, sequence: 0, hash: GENESIS.to_owned() },
        Some(row) => {
            AuditHead { scope, sequence: unsigned(row.try_get(0)?), hash: row.try_get(1)? }
        }
    })
}

pub(super) async fn append(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    entry: AuditEntry,
) -> Inner<AuditRecord> {
    let head = head(connection, scope).await?;
    let record = audit::append(key, &head, entry);
    query(sql::ADD_AUDIT)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(signed(record.sequence))
        .bind(record.time.micros())
        .bind(&record.who)
        .bind(&record.action)
        .bind(&record.subject)
        .bind(&record.details)
        .bind(&record.hash)
        .execute(connection)
        .await?;
    Ok(record)
}

pub(super) async fn records(
    connection: &mut Connection,
    scope: &Scope,
    after: u64,
    limit: u32,
) -> Inner<Vec<AuditRecord>> {
    let rows = query(sql::AUDIT_RECORDS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(signed(after))
        .bind(i64::from(limit.clamp(1, MAX_PAGE)))
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(record).collect::<Result<_, _>>()?)
}

pub(super) async fn verify(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    exported: Option<&AuditHead>,
) -> Inner<AuditReport> {
    let mut verifier = Verifier::new(key, scope, exported);
    loop {
        let batch = records(connection, scope, verifier.position(), MAX_PAGE).await?;
        if batch.is_empty() || !batch.iter().all(|record| verifier.push(record)) {
            return Ok(verifier.finish());
        }
    }
}

fn record(row: &Row) -> Result<AuditRecord, sqlx::Error> {
    Ok(AuditRecord {
        sequence: unsigned(row.try_get(0)?),
        time: Timestamp::from_micros(row.try_get(1)?),
        who: row.try_get(2)?,
        action: row.try_get(3)?,
        subject: row.try_get(4)?,
        details: row.try_get(5)?,
        hash: row.try_get(6)?,
    })
}

/// For a column: saturates, which no counter of ours reaches.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// From a column: a negative number, which only damage can bring, becomes 0.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
