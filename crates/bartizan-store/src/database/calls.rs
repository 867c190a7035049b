//! How often endpoints were called, over time. Who adds calls has the scope for itself: rows are read, added to and
//! written again.

mod line;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{EndpointId, Scope, Timestamp};

use self::line::Line;
use super::{Connection, Inner, Row, SqlStore, aliases, batch::json, query, store::reading};
use crate::{
    calls::{CallCount, Calls, CallsCompared, Period, PeriodPair},
    error::{Result, StoreError},
    glance::Resolution,
    sql::calls as sql,
};

/// Most endpoints of one statement.
const MOST_ENDPOINTS: usize = 1_000;

/// A query of a scope's buckets of one length.
macro_rules! buckets {
    ($sql:expr, $scope:expr, $resolution:expr) => {
        query($sql)
            .bind($scope.organisation.as_str())
            .bind($scope.environment.as_str())
            .bind(i64::from($resolution.seconds))
    };
}

#[async_trait]
impl Calls for SqlStore {
    async fn calls_compared(
        &self,
        scope: &Scope,
        periods: &PeriodPair,
    ) -> Result<BTreeMap<EndpointId, CallsCompared>> {
        reading!(self, c => compared(c, scope, periods).await)
    }

    async fn calls_over_time(
        &self,
        scope: &Scope,
        periods: &PeriodPair,
        ids: &[EndpointId],
    ) -> Result<BTreeMap<EndpointId, Vec<u64>>> {
        reading!(self, c => {
            let mut all = BTreeMap::new();
            for id in ids {
                all.insert(id.clone(), over_time(c, scope, periods, id).await?);
            }
            Ok(all)
        })
    }

    async fn calls_since(&self, scope: &Scope) -> Result<Option<Timestamp>> {
        // The longest buckets are kept for the longest time, but the finer ones know better when.
        reading!(self, c => {
            let mut first: Option<i64> = None;
            for period in Period::ALL {
                let row = buckets!(sql::FIRST, scope, period.resolution()).fetch_one(c).await?;
                let found: Option<i64> = row.try_get(0)?;
                let length = length(period.resolution());
                first = match (first, found) {
                    // Inside of the bucket, not at its beginning.
                    (Some(finer), Some(found)) if finer < found.saturating_add(length) => Some(finer),
                    (finer, found) => found.or(finer),
                };
            }
            Ok(first.map(Timestamp::from_micros))
        })
    }
}

async fn compared(
    connection: &mut Connection,
    scope: &Scope,
    periods: &PeriodPair,
) -> Inner<BTreeMap<EndpointId, CallsCompared>> {
    let resolution = periods.period.resolution();
    let [from, middle, until] =
        [periods.from, periods.middle, periods.until].map(Timestamp::micros);
    let rows =
        buckets!(sql::SINCE, scope, resolution).bind(from).fetch_all(&mut *connection).await?;
    let targets = query(sql::ALIASES)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    let targets = targets.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let targets = targets.collect::<Inner<BTreeMap<String, String>>>()?;
    let mut all: BTreeMap<EndpointId, CallsCompared> = BTreeMap::new();
    for row in &rows {
        let (id, line) = read(row, resolution)?;
        let (before, now) = (line.between(from, middle), line.between(middle, until));
        if before == 0 && now == 0 {
            continue;
        }
        let id = targets.get(&id).cloned().unwrap_or(id);
        let one = all.entry(EndpointId::from_text(id)).or_default();
        one.before = one.before.saturating_add(before);
        one.now = one.now.saturating_add(now);
    }
    Ok(all)
}

async fn over_time(
    connection: &mut Connection,
    scope: &Scope,
    periods: &PeriodPair,
    id: &EndpointId,
) -> Inner<Vec<u64>> {
    let id = aliases::resolve(connection, scope, id).await?;
    let resolution = periods.period.resolution();
    let rows =
        buckets!(sql::OF_ONE, scope, resolution).bind(id.as_str()).fetch_all(connection).await?;
    let mut counts = vec![0_u64; 2 * periods.period.buckets() as usize];
    for row in &rows {
        let (_, line) = read(row, resolution)?;
        for (time, requests) in line.iter() {
            let away = time.saturating_sub(periods.from.micros()).div_euclid(length(resolution));
            let count = usize::try_from(away).ok().and_then(|at| counts.get_mut(at));
            if let Some(count) = count {
                *count = count.saturating_add(requests);
            }
        }
    }
    Ok(counts)
}

/// Adds calls in the buckets of each period, and forgets what is too long ago.
pub(super) async fn add(
    connection: &mut Connection,
    scope: &Scope,
    calls: &[CallCount],
    now: Timestamp,
) -> Inner<()> {
    if calls.is_empty() {
        return Ok(());
    }
    for resolution in Period::ALL.map(Period::resolution) {
        let kept = resolution.kept.saturating_mul(1_000_000);
        let bound = now.micros().saturating_sub(kept);
        // What is yet to come is there when the clock was set back; for how long is bounded too.
        let until = now.micros().saturating_add(kept);
        let sums: Vec<_> = sums(calls, resolution, bound).into_iter().collect();
        for sums in sums.chunks(MOST_ENDPOINTS) {
            let mut lines = lines(connection, scope, resolution, sums).await?;
            let mut saved = Vec::with_capacity(sums.len());
            for (id, calls) in sums {
                let mut line = lines.remove(*id).unwrap_or_else(|| Line::new(length(resolution)));
                line.keep(bound, until);
                calls.iter().for_each(|(time, requests)| line.add(*time, *requests));
                if !line.is_empty() {
                    let text = line.text();
                    let text =
                        text.map_err(|source| StoreError::Encoding { what: "calls", source })?;
                    saved.push((*id, line.first(), line.last(), text));
                }
            }
            buckets!(connection.dialect().save_calls, scope, resolution)
                .bind(json("calls", &saved)?)
                .execute(&mut *connection)
                .await?;
        }
        buckets!(sql::FORGET, scope, resolution).bind(bound).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Calls by bucket, by endpoint.
type Sums<'a> = (&'a str, BTreeMap<i64, u64>);

/// The calls of each endpoint in each bucket that is not too long ago.
fn sums(
    calls: &[CallCount],
    resolution: Resolution,
    bound: i64,
) -> BTreeMap<&str, BTreeMap<i64, u64>> {
    let mut sums: BTreeMap<&str, BTreeMap<i64, u64>> = BTreeMap::new();
    for call in calls {
        let time = resolution.bucket(call.time).micros();
        if time >= bound {
            let buckets = sums.entry(call.endpoint.as_str()).or_default();
            let sum = buckets.entry(time).or_default();
            *sum = sum.saturating_add(call.requests);
        }
    }
    sums
}

/// What was counted before for the same endpoints.
async fn lines(
    connection: &mut Connection,
    scope: &Scope,
    resolution: Resolution,
    sums: &[Sums<'_>],
) -> Inner<BTreeMap<String, Line>> {
    let ids: Vec<&str> = sums.iter().map(|(id, _)| *id).collect();
    let rows = buckets!(connection.dialect().calls_of, scope, resolution)
        .bind(json("endpoints", &ids)?)
        .fetch_all(connection)
        .await?;
    // What is damaged begins anew: a count is no reason to keep nothing of a batch.
    Ok(rows.iter().filter_map(|row| read(row, resolution).ok()).collect())
}

/// An endpoint with its calls.
fn read(row: &Row, resolution: Resolution) -> Inner<(String, Line)> {
    let (id, first, text): (String, i64, String) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    match Line::parse(first, length(resolution), &text) {
        Ok(line) => Ok((id, line)),
        Err(error) => Err(StoreError::corrupt_row("calls", &id, error).into()),
    }
}

/// The length of a bucket, in microseconds.
fn length(resolution: Resolution) -> i64 {
    i64::from(resolution.seconds) * 1_000_000
}
