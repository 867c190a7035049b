//! The index of the exchange log.

use bartizan_model::{Scope, Timestamp};

use super::{
    Connection, Inner, Row, aliases,
    audit::{signed, unsigned},
    batch::json,
    query, read,
};
use crate::{
    error::StoreError,
    exchange_log::{
        BlockEntry, BlockPosition, ExchangeQuery, LogBudget, LogNumber, RemovalReason,
        RemovedSegment, SegmentExtent, subject_key,
    },
    query::{PageRequest, SortKey},
    sql::{
        select::{List, Select},
        sorted::{Key::Int, Sorted},
        statements as sql,
    },
};

static BLOCKS: List = List {
    name: "exchange blocks",
    columns: "segment, position, file_offset, length, records, first_time, last_time",
    table: "exchange_blocks",
};
const AS_WRITTEN: Sorted = Sorted::up("position", &[Int("segment"), Int("position")]).loosely();
const LAST_FIRST: Sorted = Sorted::down("-position", &[Int("segment"), Int("position")]).loosely();

/// A segment as the index sums it up.
struct SegmentSum {
    segment: u64,
    bytes: u64,
    records: u64,
    first_time: Timestamp,
    last_time: Timestamp,
}

pub(super) async fn add_block(
    connection: &mut Connection,
    scope: &Scope,
    block: &BlockEntry,
    now: Timestamp,
) -> Inner<()> {
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    let (first, last) = block.times.unwrap_or((now, now));
    query(sql::ADD_BLOCK)
        .bind(organisation)
        .bind(environment)
        .bind(signed(block.segment))
        .bind(i64::from(block.position))
        .bind(signed(block.offset))
        .bind(i64::from(block.length))
        .bind(i64::from(block.records))
        .bind(first.micros())
        .bind(last.micros())
        .bind(now.micros())
        .execute(&mut *connection)
        .await?;
    if !block.subjects.is_empty() {
        query(connection.dialect().add_subjects)
            .bind(organisation)
            .bind(environment)
            .bind(signed(block.segment))
            .bind(i64::from(block.position))
            .bind(json("block index", &block.subjects)?)
            .execute(connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn blocks(
    connection: &mut Connection,
    scope: &Scope,
    query: &ExchangeQuery,
    after: Option<BlockPosition>,
    limit: u32,
) -> Inner<Vec<BlockEntry>> {
    let select = select(connection, &BLOCKS, scope, query).await?;
    let after = after.map(|at| select.cursor(&AS_WRITTEN, &place(at)));
    let page = PageRequest { limit, after, order: () };
    Ok(read::fetch(connection, &select, AS_WRITTEN, &page, block_row).await?.items)
}

/// Blocks of one log, newest first, those behind `after`.
pub(super) async fn last_blocks(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
    query: &ExchangeQuery,
    after: Option<BlockPosition>,
    limit: u32,
) -> Inner<Vec<BlockEntry>> {
    let mut select = select(connection, &BLOCKS, scope, query).await?;
    let own = log.segments();
    select.also_int("segment", ">= ?", Some(signed(*own.start())));
    select.also_int("segment", "<= ?", Some(signed(*own.end())));
    let after = after.map(|at| select.cursor(&LAST_FIRST, &place(at)));
    let page = PageRequest { limit, after, order: () };
    Ok(read::fetch(connection, &select, LAST_FIRST, &page, block_row).await?.items)
}

async fn select(
    connection: &mut Connection,
    list: &'static List,
    scope: &Scope,
    query: &ExchangeQuery,
) -> Inner<Select> {
    let mut select = Select::new(list, scope);
    select.also_int("last_time", ">= ?", query.since.map(Timestamp::micros));
    select.also_int("first_time", "< ?", query.before.map(Timestamp::micros));
    if let Some(endpoint) = &query.endpoint {
        let ids = aliases::family(connection, scope, endpoint).await?;
        select.also_subjects(ids.iter().map(|id| subject_key(id.as_str())));
    }
    if let Some(actor) = &query.actor {
        select.also_subjects([subject_key(actor.as_str())]);
    }
    Ok(select)
}

fn place(at: BlockPosition) -> [SortKey; 2] {
    [signed(at.segment), i64::from(at.position)].map(SortKey::Int)
}

/// Whether there are blocks of other logs.
pub(super) async fn has_others(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
) -> Inner<bool> {
    let own = log.segments();
    let row = query(sql::OTHER_BLOCKS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(signed(*own.start()))
        .bind(signed(*own.end()))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

fn block_row(row: &Row) -> Inner<BlockEntry> {
    let small = |column| -> Inner<u32> {
        let number: i64 = row.try_get(column)?;
        u32::try_from(number).map_err(|_| {
            StoreError::corrupt_row("block", column, format!("{number} is out of range")).into()
        })
    };
    let times = (row.try_get("first_time")?, row.try_get("last_time")?);
    Ok(BlockEntry {
        segment: unsigned(row.try_get("segment")?),
        position: small("position")?,
        offset: unsigned(row.try_get("file_offset")?),
        length: small("length")?,
        records: small("records")?,
        times: Some((Timestamp::from_micros(times.0), Timestamp::from_micros(times.1))),
        subjects: Vec::new(),
    })
}

async fn sums(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
) -> Inner<Vec<SegmentSum>> {
    let own = log.segments();
    let rows = query(sql::SEGMENTS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(signed(*own.start()))
        .bind(signed(*own.end()))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(SegmentSum {
                segment: unsigned(row.try_get(0)?),
                bytes: unsigned(row.try_get(1)?),
                records: unsigned(row.try_get(2)?),
                first_time: Timestamp::from_micros(row.try_get(3)?),
                last_time: Timestamp::from_micros(row.try_get(4)?),
            })
        })
        .collect()
}

pub(super) async fn segments(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
) -> Inner<Vec<SegmentExtent>> {
    let sums = sums(connection, scope, log).await?;
    Ok(sums.iter().map(|s| SegmentExtent { segment: s.segment, end: s.bytes }).collect())
}

pub(super) async fn last_segment(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
) -> Inner<u64> {
    let own = log.segments();
    let row = query(sql::LAST_SEGMENT)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(signed(*own.start()))
        .bind(signed(*own.end()))
        .fetch_one(connection)
        .await?;
    // 0 for none; the number before the first of this log.
    Ok(unsigned(row.try_get(0)?).max(*own.start()))
}

pub(super) async fn trim(
    connection: &mut Connection,
    scope: &Scope,
    budget: &LogBudget,
    now: Timestamp,
) -> Inner<Vec<RemovedSegment>> {
    let sums = sums(connection, scope, budget.log).await?;
    let mut total: u64 = sums.iter().map(|s| s.bytes).sum();
    let mut removed = Vec::new();
    for sum in sums {
        let reason = if budget.older_than.is_some_and(|bound| sum.last_time < bound) {
            RemovalReason::Age
        } else if budget.max_bytes.is_some_and(|max| total > max) {
            RemovalReason::Bytes
        } else {
            continue;
        };
        total = total.saturating_sub(sum.bytes);
        removed.push(remove(connection, scope, sum, reason, now).await?);
    }
    Ok(removed)
}

pub(super) async fn remove_oldest(
    connection: &mut Connection,
    scope: &Scope,
    log: LogNumber,
    now: Timestamp,
) -> Inner<Option<RemovedSegment>> {
    let mut sums = sums(connection, scope, log).await?;
    if sums.len() < 2 {
        return Ok(None);
    }
    remove(connection, scope, sums.remove(0), RemovalReason::Space, now).await.map(Some)
}

async fn remove(
    connection: &mut Connection,
    scope: &Scope,
    sum: SegmentSum,
    reason: RemovalReason,
    now: Timestamp,
) -> Inner<RemovedSegment> {
    let SegmentSum { segment, bytes, records, first_time, last_time } = sum;
    let gone =
        RemovedSegment { segment, removed_at: now, reason, records, bytes, first_time, last_time };
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    for text in [sql::REMOVE_SUBJECTS, sql::REMOVE_BLOCKS] {
        query(text)
            .bind(organisation)
            .bind(environment)
            .bind(signed(gone.segment))
            .execute(&mut *connection)
            .await?;
    }
    query(sql::ADD_REMOVAL)
        .bind(organisation)
        .bind(environment)
        .bind(signed(gone.segment))
        .bind(gone.removed_at.micros())
        .bind(gone.reason.as_str())
        .bind(signed(gone.records))
        .bind(signed(gone.bytes))
        .bind(gone.first_time.micros())
        .bind(gone.last_time.micros())
        .execute(connection)
        .await?;
    Ok(gone)
}

pub(super) async fn removed(
    connection: &mut Connection,
    scope: &Scope,
) -> Inner<Vec<RemovedSegment>> {
    let rows = query(sql::REMOVALS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let reason: String = row.try_get(2)?;
            Ok(RemovedSegment {
                segment: unsigned(row.try_get(0)?),
                removed_at: Timestamp::from_micros(row.try_get(1)?),
                reason: RemovalReason::parse(&reason).ok_or_else(|| {
                    StoreError::corrupt_row("removed segment", &reason, "unknown reason")
                })?,
                records: unsigned(row.try_get(3)?),
                bytes: unsigned(row.try_get(4)?),
                first_time: Timestamp::from_micros(row.try_get(5)?),
                last_time: Timestamp::from_micros(row.try_get(6)?),
            })
        })
        .collect()
}
