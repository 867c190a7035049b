//! Sliding sums over event time in equal buckets.

use bartizan_model::{Duration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Absorb;

/// Sums per bucket of `N` buckets of equal length. The window slides by whole buckets, so that it
/// covers between `N - 1` and `N` bucket lengths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Buckets {
    bucket: Duration,
    /// Number of the newest bucket since the epoch.
    newest: i64,
    /// The newest first.
    sums: Vec<u64>,
}

impl Buckets {
    /// `count` empty buckets of length `bucket`.
    #[must_use]
    pub fn new(bucket: Duration, count: usize) -> Self {
        Self { bucket, newest: i64::MIN, sums: vec![0; count.max(1)] }
    }

    fn number(&self, time: Timestamp) -> i64 {
        time.micros().div_euclid(self.bucket.as_micros().max(1))
    }

    /// Moves on to `time` and adds `weight` to its bucket. What is older than the window is not
    /// counted. Returns the closed buckets that were passed, the oldest first, as
    /// `(sum of the bucket that was the newest, empty buckets after it)`; `None` when the bucket is
    /// still the same.
    pub fn add(&mut self, time: Timestamp, weight: u64) -> Option<(u64, u64)> {
        let number = self.number(time);
        let mut closed = None;
        if self.newest == i64::MIN {
            self.newest = number;
        } else if number > self.newest {
            let passed = number.saturating_sub(self.newest).unsigned_abs();
            closed = self.sums.first().map(|sum| (*sum, passed - 1));
            let shift = usize::try_from(passed).unwrap_or(usize::MAX).min(self.sums.len());
            self.sums.rotate_right(shift);
            if let Some(head) = self.sums.get_mut(..shift) {
                head.fill(0);
            }
            self.newest = number;
        }
        let age = usize::try_from(self.newest - number).unwrap_or(usize::MAX);
        if let Some(sum) = self.sums.get_mut(age) {
            *sum = sum.saturating_add(weight);
        }
        closed
    }

    /// The sum over the window that ends with the newest bucket.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sums.iter().fold(0, |sum, bucket| sum.saturating_add(*bucket))
    }

    /// The sum of the newest bucket.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.sums.first().copied().unwrap_or(0)
    }
}

impl Absorb for Buckets {
    fn absorb(&mut self, other: Self) {
        if other.newest == i64::MIN {
            return;
        }
        let width = self.bucket.as_micros();
        for (age, sum) in other.sums.iter().enumerate().rev() {
            let number = other.newest.saturating_sub(age as i64);
            if *sum > 0 {
                self.add(Timestamp::from_micros(number.saturating_mul(width)), *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_with_event_time() {
        let mut window = Buckets::new(Duration::minutes(1), 10);
        for second in 0..600 {
            window.add(Timestamp::from_seconds(second), 1);
        }
        assert_eq!(window.sum(), 600);
        assert_eq!(window.add(Timestamp::from_seconds(600), 1), Some((60, 0)));
        assert_eq!(window.sum(), 541);
        // Late, but inside the window.
        window.add(Timestamp::from_seconds(500), 5);
        assert_eq!(window.sum(), 546);
        // Too late: not counted.
        window.add(Timestamp::from_seconds(1), 5);
        assert_eq!(window.sum(), 546);
        assert_eq!(window.add(Timestamp::from_seconds(100_000), 2), Some((1, 1655)));
        assert_eq!(window.sum(), 2);
    }

    #[test]
    fn shards_add_up() {
        let fill = |range: std::ops::Range<i64>| {
            let mut window = Buckets::new(Duration::minutes(1), 10);
            range.for_each(|s| {
                window.add(Timestamp::from_seconds(s), 1);
            });
            window
        };
        let mut a = fill(0..300);
        a.absorb(fill(300..500));
        assert_eq!(a, fill(0..500));
    }
}
