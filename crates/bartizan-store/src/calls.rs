//! How often endpoints were called, over time, so that two periods can be compared.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{EndpointId, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Result, exchange_log::ExchangeFacts, glance::Resolution};

/// A length of time that is compared with the same length before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// An hour, in buckets of five minutes.
    Hour,
    /// 24 hours, in buckets of an hour.
    #[default]
    Day,
    /// Seven days, in buckets of six hours.
    Week,
    /// 30 days, in buckets of a day (UTC).
    Month,
}

impl Period {
    /// All of them; calls are counted for each.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// How many buckets it has.
    #[must_use]
    pub const fn buckets(self) -> u32 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 28,
            Self::Month => 30,
        }
    }

    /// Its buckets: two periods of them are kept.
    #[must_use]
    pub fn resolution(self) -> Resolution {
        let seconds = match self {
            Self::Hour => 300,
            Self::Day => 3_600,
            Self::Week => 6 * 3_600,
            Self::Month => 86_400,
        };
        let kept = 2 * i64::from(self.buckets()) * i64::from(seconds);
        Resolution { seconds, kept }
    }

    /// The one that has come to `now`, and the one before it.
    #[must_use]
    pub fn until(self, now: Timestamp) -> PeriodPair {
        let resolution = self.resolution();
        let length = i64::from(resolution.seconds) * 1_000_000;
        let until = resolution.bucket(now).micros().saturating_add(length);
        let back = |periods: i64| {
            let buckets = periods * i64::from(self.buckets());
            Timestamp::from_micros(until.saturating_sub(buckets * length))
        };
        PeriodPair {
            period: self,
            from: back(2),
            middle: back(1),
            until: Timestamp::from_micros(until),
        }
    }
}

/// Two periods of one length, one after the other. The last bucket of the second is still being filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodPair {
    /// How long each is.
    pub period: Period,
    /// Where the first one begins.
    pub from: Timestamp,
    /// Where the second one begins.
    pub middle: Timestamp,
    /// Where the second one ends.
    pub until: Timestamp,
}

/// Exchanges of an endpoint in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCount {
    /// Which; what it was merged into later is found by its alias.
    pub endpoint: EndpointId,
    /// When they were.
    pub time: Timestamp,
    /// How many.
    pub requests: u64,
}

/// How often an endpoint was called in two periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsCompared {
    /// In the first.
    pub before: u64,
    /// In the second.
    pub now: u64,
}

/// Counts exchanges by endpoint and time. Those that belong to no endpoint are left out, and those of a
/// time that is yet to come: nothing would ever forget them.
#[must_use]
pub(crate) fn count(exchanges: &[ExchangeFacts], now: Timestamp) -> Vec<CallCount> {
    let finest = Period::Hour.resolution();
    let mut counts: BTreeMap<(&EndpointId, Timestamp), u64> = BTreeMap::new();
    for facts in exchanges {
        let (Some(endpoint), time) = (&facts.endpoint, facts.time.unwrap_or(now)) else { continue };
        if time <= now {
            *counts.entry((endpoint, finest.bucket(time))).or_default() += 1;
        }
    }
    let counted = counts.into_iter().map(|((endpoint, time), requests)| CallCount {
        endpoint: endpoint.clone(),
        time,
        requests,
    });
    counted.collect()
}

/// Reads how often endpoints were called. Only exchanges whose facts were kept are counted.
#[async_trait]
pub trait Calls: Send + Sync + std::fmt::Debug {
    /// All endpoints that were called in one of two periods. Merged ones count for what they lead to.
    async fn calls_compared(
        &self,
        scope: &Scope,
        periods: &PeriodPair,
    ) -> Result<BTreeMap<EndpointId, CallsCompared>>;
    /// How often these endpoints were called in each bucket of two periods, in order, with a 0 for each
    /// bucket without calls.
    async fn calls_over_time(
        &self,
        scope: &Scope,
        periods: &PeriodPair,
        ids: &[EndpointId],
    ) -> Result<BTreeMap<EndpointId, Vec<u64>>>;
    /// When the first of the calls was that are still counted. What was before may have been there and not
    /// seen.
    async fn calls_since(&self, scope: &Scope) -> Result<Option<Timestamp>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_whole_buckets_one_after_the_other() {
        let now = Timestamp::from_seconds(1_700_000_123);
        for period in Period::ALL {
            let PeriodPair { from, middle, until, .. } = period.until(now);
            let seconds = i64::from(period.resolution().seconds);
            assert!(until > now && until.seconds() - now.seconds() <= seconds, "{period:?}");
            assert_eq!(until.seconds() % seconds, 0);
            assert_eq!(until.seconds() - middle.seconds(), middle.seconds() - from.seconds());
            assert_eq!(until.seconds() - from.seconds(), period.resolution().kept);
            // All counts are made of the finest ones.
            assert_eq!(seconds % i64::from(Period::Hour.resolution().seconds), 0);
        }
        for extreme in [i64::MIN, i64::MAX] {
            let _ = Period::Month.until(Timestamp::from_micros(extreme));
        }
    }
}
