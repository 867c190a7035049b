//! Robust statistics in little space: quantiles from a histogram on a logarithmic scale.

use serde::{Deserialize, Serialize};

use super::Absorb;

/// Buckets per doubling.
const STEPS: f64 = 2.0;

/// A histogram of non-negative counts with about ±19 % resolution. One sample weighs the same
/// however large it is, so that no single actor can move a quantile by more than one sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    counts: Vec<u32>,
    samples: u64,
}

impl Spread {
    /// Adds `times` samples of `value`.
    pub fn add(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let at = bucket(value);
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        let times32 = u32::try_from(times).unwrap_or(u32::MAX);
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(times32);
        }
        self.samples = self.samples.saturating_add(times);
    }

    /// Number of samples.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// The value below or at which a share `q` (0 to 1) of the samples lies: the upper end of its
    /// bucket. 0 without samples.
    #[must_use]
    pub fn quantile(&self, q: f64) -> u64 {
        let rank = (q.clamp(0.0, 1.0) * self.samples as f64).ceil().max(1.0) as u64;
        let mut seen = 0u64;
        for (at, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return upper(at);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    if value == 0 {
        return 0;
    }
    ((value as f64).log2() * STEPS).floor() as usize + 1
}

fn upper(at: usize) -> u64 {
    if at == 0 {
        return 0;
    }
    // The largest whole number below the next bucket's lower end.
    let next = (at as f64 / STEPS).exp2();
    (next.ceil() as u64).saturating_sub(1).max(1)
}

impl Absorb for Spread {
    fn absorb(&mut self, other: Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine = mine.saturating_add(theirs);
        }
        self.samples = self.samples.saturating_add(other.samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_close_and_robust() {
        let mut spread = Spread::default();
        for value in 1..=1_000 {
            spread.add(value, 1);
        }
        for (q, exact) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let found = spread.quantile(q) as f64;
            assert!((found / exact - 1.0).abs() < 0.45, "{q}: {found}");
        }
        let before = spread.quantile(0.9);
        spread.add(u64::MAX, 1);
        assert!(spread.quantile(0.9) <= before * 2);
        assert_eq!(Spread::default().quantile(0.5), 0);
    }

    #[test]
    fn small_counts_are_exact() {
        for value in [0u64, 1, 2] {
            let mut spread = Spread::default();
            spread.add(value, 9);
            assert_eq!(spread.quantile(0.5), value);
        }
    }
}
