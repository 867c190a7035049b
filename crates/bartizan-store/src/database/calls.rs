//! How often endpoints were called, over time.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{EndpointId, Scope, Timestamp};

use super::{
    Connection, Inner, SqlStore, aliases,
    audit::{signed, unsigned},
    batch::json,
    query,
    store::reading,
};
use crate::{
    calls::{CallCount, Calls, CallsCompared, Period, PeriodPair},
    error::Result,
    glance::Resolution,
    sql::calls as sql,
};

/// Most counts of one statement.
const MOST_COUNTS: usize = 5_000;

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
                let length = i64::from(period.resolution().seconds) * 1_000_000;
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
    let rows = buckets!(connection.dialect().calls_compared, scope, periods.period.resolution())
        .bind(periods.from.micros())
        .bind(periods.middle.micros())
        .bind(periods.until.micros())
        .fetch_all(&mut *connection)
        .await?;
    let targets = query(sql::ALIASES)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    let targets = targets.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let targets = targets.collect::<Inner<BTreeMap<String, String>>>()?;
    let mut all: BTreeMap<EndpointId, CallsCompared> = BTreeMap::new();
    for row in rows {
        let id: String = row.try_get(0)?;
        let id = targets.get(&id).cloned().unwrap_or(id);
        let one = all.entry(EndpointId::from_text(id)).or_default();
        one.before += unsigned(row.try_get(1)?);
        one.now += unsigned(row.try_get(2)?);
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
    let rows = buckets!(sql::OVER_TIME, scope, resolution)
        .bind(periods.from.micros())
        .bind(periods.until.micros())
        .bind(id.as_str())
        .fetch_all(connection)
        .await?;
    let mut counts = vec![0; 2 * periods.period.buckets() as usize];
    for row in rows {
        let (time, requests): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let seconds = time.saturating_sub(periods.from.micros()) / 1_000_000;
        let at = usize::try_from(seconds / i64::from(resolution.seconds)).unwrap_or(usize::MAX);
        if let Some(count) = counts.get_mut(at) {
            *count = unsigned(requests);
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
        let bound = now.micros().saturating_sub(resolution.kept * 1_000_000);
        let rows = sums(calls, resolution, bound);
        for rows in rows.chunks(MOST_COUNTS) {
            buckets!(connection.dialect().add_calls, scope, resolution)
                .bind(json("calls", &rows)?)
                .execute(&mut *connection)
                .await?;
        }
        buckets!(sql::FORGET, scope, resolution).bind(bound).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Endpoint, time and calls of each bucket that is not too long ago.
fn sums(calls: &[CallCount], resolution: Resolution, bound: i64) -> Vec<(&str, i64, i64)> {
    let mut sums: BTreeMap<(&str, i64), u64> = BTreeMap::new();
    for call in calls {
        let time = resolution.bucket(call.time).micros();
        if time >= bound {
            *sums.entry((call.endpoint.as_str(), time)).or_default() += call.requests;
        }
    }
    sums.into_iter().map(|((id, time), requests)| (id, time, signed(requests))).collect()
}
