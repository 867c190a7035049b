//! What became of exchanges, counted by their time.

use std::collections::BTreeMap;

use bartizan_analysis::Judgement;
use bartizan_model::{Action, Exchange, Timestamp};
use bartizan_store::{Resolution, TrafficBucket};

/// Most buckets that wait to be written: those of four hours. Beyond, the oldest are forgotten.
const MOST: usize = 1_440;

/// Counts that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Traffic(BTreeMap<Timestamp, TrafficBucket>);

impl Traffic {
    fn bucket(&mut self, time: Timestamp) -> &mut TrafficBucket {
        let begin = Resolution::FINE.bucket(time);
        while self.0.len() >= MOST && !self.0.contains_key(&begin) {
            self.0.pop_first();
        }
        self.0.entry(begin).or_insert(TrafficBucket { time: begin, ..TrafficBucket::default() })
    }

    /// Counts a judged exchange; `now` stands in for its time.
    pub(crate) fn count(&mut self, exchange: &Exchange, judgement: &Judgement, now: Timestamp) {
        let bucket = self.bucket(exchange.time.unwrap_or(now));
        let verdict = &judgement.verdict;
        let status = exchange.response.as_ref().map(|response| response.status);
        let fate = if verdict.applied >= Action::Challenge {
            &mut bucket.refused
        } else if verdict.action >= Action::Challenge {
            &mut bucket.monitored
        } else if !judgement.detections.is_empty() {
            &mut bucket.hostile
        } else if status.is_some_and(|status| status >= 500) {
            &mut bucket.errors
        } else {
            &mut bucket.clean
        };
        *fate += 1;
    }

    /// Counts exchanges that were not judged.
    pub(crate) fn not_judged(&mut self, exchanges: u64, now: Timestamp) {
        self.bucket(now).not_judged += exchanges;
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        for more in other.0.into_values() {
            self.bucket(more.time).add(&more);
        }
    }

    /// In order of time.
    pub(crate) fn buckets(&self) -> Vec<TrafficBucket> {
        self.0.values().copied().collect()
    }

    /// They were written.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_by_time_and_bounded() {
        let at = Timestamp::from_seconds;
        let mut traffic = Traffic::default();
        for (exchanges, seconds) in [(1, 1_199), (2, 1_200), (4, 1_209), (8, 1_210), (16, -1)] {
            traffic.not_judged(exchanges, at(seconds));
        }
        let mut more = Traffic::default();
        more.not_judged(32, at(1_200));
        traffic.add(more);
        let counts: Vec<_> =
            traffic.buckets().iter().map(|b| (b.time.seconds(), b.not_judged)).collect();
        assert_eq!(counts, [(-10, 16), (1_190, 1), (1_200, 38), (1_210, 8)]);
        for n in 0..10_000 {
            traffic.not_judged(1, at(n * 10));
        }
        assert_eq!(traffic.buckets().len(), MOST);
        traffic.not_judged(1, Timestamp::from_micros(i64::MIN));
        traffic.not_judged(1, Timestamp::from_micros(i64::MAX));
        assert_eq!(traffic.buckets().len(), MOST);
        traffic.forget();
        assert!(traffic.buckets().is_empty());
    }
}
