//! Traffic over time in a bounded number of buckets.

use std::collections::BTreeMap;

use bartizan_model::{Timestamp, analysis::TimeBucket};
use serde::{Deserialize, Serialize};

/// Most buckets; when there are more, each becomes twice as long.
const MAX_BUCKETS: usize = 96;

/// Bucket lengths in seconds: people read minutes, hours and days.
const LENGTHS: &[u32] = &[
    1,
    5,
    15,
    60,
    300,
    900,
    3_600,
    3 * 3_600,
    6 * 3_600,
    86_400,
    7 * 86_400,
    30 * 86_400,
    365 * 86_400,
];

/// Counts by bucket of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    level: usize,
    buckets: BTreeMap<i64, [u64; 3]>,
}

impl Timeline {
    /// Counts an exchange.
    pub fn add(&mut self, time: Timestamp, is_error: bool) {
        self.count(time, [1, 0, u64::from(is_error)]);
    }

    /// Counts an exchange that turned out hostile, possibly later.
    pub fn add_hostile(&mut self, time: Timestamp) {
        self.count(time, [0, 1, 0]);
    }

    fn length(&self) -> i64 {
        i64::from(LENGTHS.get(self.level).copied().unwrap_or(u32::MAX))
    }

    fn count(&mut self, time: Timestamp, counts: [u64; 3]) {
        let bucket = time.seconds().div_euclid(self.length());
        add(self.buckets.entry(bucket).or_default(), counts);
        self.coarsen();
    }

    fn span(&self) -> u64 {
        match (self.buckets.first_key_value(), self.buckets.last_key_value()) {
            (Some((first, _)), Some((last, _))) => last.abs_diff(*first) + 1,
            _ => 0,
        }
    }

    fn coarsen(&mut self) {
        while self.span() > MAX_BUCKETS as u64 && self.level + 1 < LENGTHS.len() {
            let old = self.length();
            self.level += 1;
            let new = self.length();
            for (bucket, counts) in std::mem::take(&mut self.buckets) {
                let start = bucket.saturating_mul(old);
                add(self.buckets.entry(start.div_euclid(new)).or_default(), counts);
            }
        }
    }

    /// Takes in another timeline.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, counts) in &other.buckets {
            let time = Timestamp::from_seconds(bucket.saturating_mul(other.length()));
            self.count(time, *counts);
        }
    }

    /// All buckets from the first to the last, empty ones included (at most 96, except over
    /// centuries, where only filled ones are listed).
    #[must_use]
    pub fn buckets(&self) -> Vec<TimeBucket> {
        let length = self.length();
        let bucket = |at: i64, [exchanges, hostile, errors]: [u64; 3]| TimeBucket {
            time: Timestamp::from_seconds(at.saturating_mul(length)),
            seconds: u32::try_from(length).unwrap_or(u32::MAX),
            exchanges,
            hostile,
            errors,
        };
        match (self.buckets.first_key_value(), self.buckets.last_key_value()) {
            (Some((first, _)), Some((last, _))) if self.span() <= MAX_BUCKETS as u64 => (*first
                ..=*last)
                .map(|at| bucket(at, self.buckets.get(&at).copied().unwrap_or_default()))
                .collect(),
            _ => self.buckets.iter().map(|(at, counts)| bucket(*at, *counts)).collect(),
        }
    }
}

fn add(to: &mut [u64; 3], counts: [u64; 3]) {
    for (a, b) in to.iter_mut().zip(counts) {
        *a += b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_and_nothing_is_lost() {
        let mut timeline = Timeline::default();
        for i in 0..10_000 {
            timeline.add(Timestamp::from_seconds(1_700_000_000 + i * 37), i % 10 == 0);
        }
        timeline.add_hostile(Timestamp::from_seconds(1_700_000_000));
        let buckets = timeline.buckets();
        assert!(buckets.len() <= MAX_BUCKETS);
        assert_eq!(buckets.iter().map(|b| b.exchanges).sum::<u64>(), 10_000);
        assert_eq!(buckets.iter().map(|b| b.errors).sum::<u64>(), 1_000);
        assert_eq!(buckets.iter().map(|b| b.hostile).sum::<u64>(), 1);
    }

    #[test]
    fn hostile_times_do_not_explode() {
        let mut timeline = Timeline::default();
        timeline.add(Timestamp::from_micros(i64::MIN), false);
        timeline.add(Timestamp::from_micros(i64::MAX), false);
        assert_eq!(timeline.buckets().len(), 2);
    }
}
