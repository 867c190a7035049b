//! How often callers really ask: percentiles over callers, and the numbers that would fit them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bartizan_model::{KeyedHash, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 16;
/// Most callers of one shard that are measured. When more come, every second one is measured, and so on: by hashes
/// that nobody can choose, so that those who stay stand for all.
const CALLERS: usize = 256;
/// Parts of a period that are counted apart.
const PARTS: usize = 10;
/// Fewest callers to propose from: a percentile 99 of fewer is the busiest of them.
const MIN_CALLERS: u64 = 100;
/// Least time to propose from, in periods.
const MIN_PERIODS: u64 = 10;
/// What is proposed of what percentile 99 of the callers ask at most. Parts move with the first request of a caller,
/// so that up to a part of a busy period can fall outside of what is seen as one.
const HEADROOM: u64 = 2;

/// What one caller asked.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// The part that was counted in last.
    part: u64,
    /// Counts of that part and of those before it, by part modulo [`PARTS`].
    counts: [u32; PARTS],
    /// Most of a period, and of a tenth of one.
    most: [u32; 2],
}

impl Asked {
    fn count(&mut self, part: u64, times: u32) {
        let parts = PARTS as u64;
        if part > self.part {
            for gone in self.part + 1..=part.min(self.part + parts) {
                self.counts[(gone % parts) as usize] = 0;
            }
            self.part = part;
        }
        let here = &mut self.counts[(self.part % parts) as usize];
        *here = here.saturating_add(times);
        let at_once = *here;
        let within = self.counts.iter().fold(0_u32, |sum, count| sum.saturating_add(*count));
        self.most = [self.most[0].max(within), self.most[1].max(at_once)];
    }
}

/// Some of the callers.
#[derive(Debug, Default)]
struct Shard {
    callers: HashMap<KeyedHash, Asked>,
    /// One in two to the power of this many callers is measured.
    thinned: u32,
}

impl Shard {
    fn holds(&self, key: KeyedHash) -> bool {
        let [.., a, b, c, d] = key.0;
        self.thinned == 0 || u32::from_le_bytes([a, b, c, d]).trailing_zeros() >= self.thinned
    }
}

/// What is measured of one rate: for each caller the most that it asked in a period. Every caller counts once,
/// however much it asks, so that a busy one does not move the percentiles.
#[derive(Debug)]
pub(crate) struct Measured {
    part_nanos: u64,
    since: Timestamp,
    shards: [Mutex<Shard>; SHARDS],
}

impl Measured {
    /// Begins now.
    pub(crate) fn new(period_nanos: u64, since: Timestamp) -> Self {
        let part_nanos = (period_nanos / PARTS as u64).max(1);
        Self { part_nanos, since, shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Whether what it measured is what `fresh` is to measure.
    pub(crate) fn goes_on_for(&self, fresh: &Self) -> bool {
        self.part_nanos == fresh.part_nanos
    }

    /// Counts a request, refused or not. `now` is in nanoseconds since some fixed moment.
    pub(crate) fn count(&self, key: KeyedHash, times: u64, now: u64) {
        let (part, times) = (now / self.part_nanos, u32::try_from(times).unwrap_or(u32::MAX));
        let mut shard = lock(&self.shards[usize::from(key.0[0]) % SHARDS]);
        if !shard.holds(key) {
            return;
        }
        if let Some(asked) = shard.callers.get_mut(&key) {
            asked.count(part, times);
            return;
        }
        while shard.callers.len() >= CALLERS && shard.thinned < u32::BITS {
            shard.thinned += 1;
            let thinned = Shard { callers: HashMap::new(), thinned: shard.thinned };
            shard.callers.retain(|key, _| thinned.holds(*key));
        }
        if shard.holds(key) && shard.callers.len() < CALLERS {
            let mut asked = Asked { part, ..Asked::default() };
            asked.count(part, times);
            shard.callers.insert(key, asked);
        }
    }

    /// What was measured until now.
    pub(crate) fn shown(&self, rate: &str, tier: Option<u64>, now: Timestamp) -> MeasuredRate {
        let mut peaks: [Vec<(u32, u64)>; 2] = Default::default();
        for shard in &self.shards {
            let shard = lock(shard);
            // Where callers were left out, each one that stayed stands for others too.
            let stands_for = 1_u64 << shard.thinned.min(u32::BITS);
            for asked in shard.callers.values() {
                for (peaks, most) in peaks.iter_mut().zip(asked.most) {
                    peaks.push((most, stands_for));
                }
            }
        }
        peaks.iter_mut().for_each(|peaks| peaks.sort_unstable());
        let [within, at_once] = &peaks;
        let period_nanos = self.part_nanos.saturating_mul(PARTS as u64);
        let callers = within.iter().map(|(_, times)| times).sum();
        let spent = u64::try_from(now.micros().saturating_sub(self.since.micros())).unwrap_or(0);
        let is_enough = callers >= MIN_CALLERS
            && spent.saturating_mul(1_000) >= period_nanos.saturating_mul(MIN_PERIODS);
        let propose = || {
            let requests = u64::from(percentile(within, 990)).saturating_mul(HEADROOM);
            let burst = u64::from(percentile(at_once, 990)).saturating_mul(HEADROOM).min(requests);
            let beyond = |(most, _): &&(u32, u64)| u64::from(*most) > requests;
            let callers_beyond = within.iter().filter(beyond).map(|(_, times)| times).sum();
            ProposedRate { requests, burst, callers_beyond }
        };
        MeasuredRate {
            rate: rate.to_owned(),
            tier,
            since: self.since,
            period_seconds: period_nanos / super::SECOND,
            callers,
            callers_measured: within.len() as u64,
            p50: percentile(within, 500),
            p90: percentile(within, 900),
            p99: percentile(within, 990),
            most: within.last().map_or(0, |(most, _)| *most),
            proposed: is_enough.then(propose),
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value that so many thousandths of the callers do not exceed; `sorted` says how many callers each stands for.
fn percentile(sorted: &[(u32, u64)], thousandths: u64) -> u32 {
    let all: u64 = sorted.iter().map(|(_, times)| times).sum();
    let rank = (u128::from(all) * u128::from(thousandths)).div_ceil(1_000);
    let mut seen = 0_u128;
    for (value, times) in sorted {
        seen += u128::from(*times);
        if seen >= rank {
            return *value;
        }
    }
    0
}

/// How often callers asked, as a rate counts them, and what would fit. It is measured where the policy applies, in each
/// mode but `off`, since the process began or the policy was changed; requests that were refused count too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MeasuredRate {
    /// Name of the rate: that of the policy, with `.2` and so on for those of `also`.
    pub rate: String,
    /// The tier that it is of, counted from 1; none for the rates of everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u64>,
    /// Since when.
    pub since: Timestamp,
    /// Its period, in seconds.
    pub period_seconds: u64,
    /// Callers, estimated where not each one was measured.
    pub callers: u64,
    /// Callers that were measured: at most 4096.
    pub callers_measured: u64,
    /// What half of the callers never exceeded in a period.
    pub p50: u32,
    /// What nine in ten callers never exceeded.
    pub p90: u32,
    /// What 99 in a hundred callers never exceeded.
    pub p99: u32,
    /// The most that one of those measured asked.
    pub most: u32,
    /// Numbers that would fit; not before 100 callers and 10 periods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<ProposedRate>,
}

/// Numbers of a rate: twice what 99 in a hundred callers never exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProposedRate {
    /// Requests in the period.
    pub requests: u64,
    /// Requests at once: twice what 99 in a hundred callers never exceeded in a tenth of the period.
    pub burst: u64,
    /// Callers that asked more than `requests` in a period, estimated as `callers` is: whom it would have refused.
    pub callers_beyond: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 60 * super::super::SECOND;
    const PART: u64 = PERIOD / PARTS as u64;

    fn key(n: u32) -> KeyedHash {
        bartizan_model::HashKey::new([3; 32]).hash("who", &n.to_le_bytes())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn percentiles_are_over_callers_not_over_requests() {
        let measured = Measured::new(PERIOD, at(0));
        for n in 0..1_000 {
            // One in a hundred is busy, and one asks without end.
            let times = if n == 7 {
                1_000_000
            } else if n % 100 == 0 {
                40
            } else {
                1 + u64::from(n % 10)
            };
            measured.count(key(n), times, PART);
        }
        let shown = measured.shown("per-address", None, at(700));
        assert_eq!((shown.callers, shown.callers_measured), (1_000, 1_000));
        assert_eq!((shown.p50, shown.p90), (6, 10));
        assert_eq!((shown.p99, shown.most), (40, 1_000_000));
        let proposed = shown.proposed.expect("enough callers and time");
        assert_eq!((proposed.requests, proposed.callers_beyond), (80, 1));
    }

    #[test]
    fn nothing_is_proposed_of_few_callers_or_little_time() {
        let few = Measured::new(PERIOD, at(0));
        (0..99).for_each(|n| few.count(key(n), 5, 0));
        assert_eq!(few.shown("a", None, at(6_000)).proposed, None);
        few.count(key(99), 5, 0);
        assert!(few.shown("a", None, at(6_000)).proposed.is_some());
        assert_eq!(few.shown("a", None, at(599)).proposed, None, "less than ten minutes");
        assert_eq!(few.shown("a", None, at(-5)).proposed, None, "a clock that was put back");
    }

    #[test]
    fn a_period_is_one_wherever_it_begins() {
        let mut asked = Asked { part: 7, ..Asked::default() };
        for part in 7..17 {
            asked.count(part, 3);
        }
        assert_eq!(asked.most, [30, 3]);
        asked.count(17, 5);
        assert_eq!(asked.most, [32, 5], "the first part has left");
        asked.count(1_000_000, 4);
        assert_eq!((asked.most, asked.counts.iter().sum::<u32>()), ([32, 5], 4));
        // What comes late counts where the caller is.
        asked.count(3, 1);
        assert_eq!(asked.counts.iter().sum::<u32>(), 5);
        asked.count(1_000_000, u32::MAX);
        asked.count(1_000_001, u32::MAX);
        assert_eq!(asked.most, [u32::MAX; 2]);
    }

    #[test]
    fn many_callers_are_thinned_without_leaning_to_either_side() {
        let measured = Measured::new(PERIOD, at(0));
        let count = 100_000_u32;
        for n in 0..count {
            measured.count(key(n), u64::from(n % 100) + 1, 0);
        }
        let shown = measured.shown("a", None, at(6_000));
        assert!(shown.callers_measured <= (SHARDS * CALLERS) as u64, "{shown:?}");
        assert!(shown.callers_measured >= (SHARDS * CALLERS / 3) as u64, "{shown:?}");
        let off = (shown.callers as f64 / f64::from(count) - 1.0).abs();
        assert!(off < 0.1, "{shown:?}");
        assert!((46..=54).contains(&shown.p50) && (98..=100).contains(&shown.p99), "{shown:?}");
    }
}
