//! The audit chain in the database.

use bartizan_model::{HashKey, Scope, Timestamp};

use super::{Connection, Inner, Row, query, read};
use crate::{
    audit::{self, AuditHead, AuditRecord, AuditReport, GENESIS, Verifier},
    orders::AuditOrder,
    query::{MAX_PAGE, Page, PageRequest},
    records::AuditEntry,
    sql::{
        select::{List, Select},
        sorted::Order as _,
        statements as sql,
    },
};

static RECORDS: List = List {
    name: "audit records",
    columns: "time, who, action, subject, details, hash",
    table: "audit_records",
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

/// The records behind a number, in one of their orders.
pub(super) async fn records(
    connection: &mut Connection,
    scope: &Scope,
    behind: u64,
    page: &PageRequest<AuditOrder>,
) -> Inner<Page<AuditRecord>> {
    let mut select = Select::new(&RECORDS, scope);
    select.also_int("sequence", "> ?", Some(signed(behind)));
    read::fetch(connection, &select, page.order.sorted(), page, |row| Ok(record(row)?)).await
}

pub(super) async fn verify(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    exported: Option<&AuditHead>,
) -> Inner<AuditReport> {
    let mut verifier = Verifier::new(key, scope, exported);
    let page = PageRequest::first(MAX_PAGE);
    loop {
        let batch = records(connection, scope, verifier.position(), &page).await?.items;
        if batch.is_empty() || !batch.iter().all(|record| verifier.push(record)) {
            return Ok(verifier.finish());
        }
    }
}

fn record(row: &Row) -> Result<AuditRecord, sqlx::Error> {
    Ok(AuditRecord {
        sequence: unsigned(row.try_get("sequence")?),
        time: Timestamp::from_micros(row.try_get("time")?),
        who: row.try_get("who")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        details: row.try_get("details")?,
        hash: row.try_get("hash")?,
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
