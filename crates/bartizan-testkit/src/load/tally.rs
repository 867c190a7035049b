//! What a load saw.

use std::{collections::BTreeMap, time::Duration};

/// Steps of the histogram in one doubling: a step is at most 4.5 % wide.
const STEPS: f64 = 16.0;
/// Doublings of a microsecond that the histogram reaches, about 17 minutes.
const DOUBLINGS: usize = 30;
/// Most wrong answers that are kept in words.
const MOST_WORDS: usize = 10;

/// Answers by kind, and how long the right ones took.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Answers that belong to their requests in status, number, length and content.
    pub right: u64,
    /// Answers that do not.
    pub wrong: u64,
    /// The first wrong answers, in words.
    pub faults: Vec<String>,
    /// Problem documents of the gateway with an incident id, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Connections that ended without the whole answer although the client waited for it.
    pub broken: u64,
    /// Exchanges that the client itself broke off.
    pub aborted: u64,
    times: Vec<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            right: 0,
            wrong: 0,
            faults: Vec::new(),
            refused: BTreeMap::new(),
            broken: 0,
            aborted: 0,
            times: vec![0; DOUBLINGS * STEPS as usize],
        }
    }
}

impl Tally {
    /// Counts a right answer that took so long.
    pub(crate) fn right(&mut self, took: Duration) {
        self.right += 1;
        let micros = (took.as_micros() as f64).max(1.0);
        let at = ((micros.log2() * STEPS) as usize).min(self.times.len() - 1);
        self.times[at] += 1;
    }

    /// Counts a wrong answer.
    pub(crate) fn wrong(&mut self, fault: String) {
        self.wrong += 1;
        if self.faults.len() < MOST_WORDS {
            self.faults.push(fault);
        }
    }

    /// Adds what another saw.
    pub(crate) fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.broken += other.broken;
        self.aborted += other.aborted;
        let room = MOST_WORDS.saturating_sub(self.faults.len());
        self.faults.extend(other.faults.iter().take(room).cloned());
        for (status, count) in &other.refused {
            *self.refused.entry(*status).or_default() += count;
        }
        for (ours, theirs) in self.times.iter_mut().zip(&other.times) {
            *ours += theirs;
        }
    }

    /// Refusals of all statuses.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Upper end of the time that a share (0 to 1) of the right answers took at most, to 4.5 %;
    /// zero when there were none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.right as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (at, count) in self.times.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return Duration::from_micros(((at + 1) as f64 / STEPS).exp2() as u64);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_close() {
        let mut tally = Tally::default();
        assert_eq!(tally.quantile(0.5), Duration::ZERO);
        (1..=1000).for_each(|millis| tally.right(Duration::from_millis(millis)));
        for (share, millis) in [(0.5, 500.0), (0.99, 990.0)] {
            let found = tally.quantile(share).as_secs_f64() * 1e3;
            assert!(found >= millis && found <= millis * 1.05, "{share}: {found}");
        }
    }
}
