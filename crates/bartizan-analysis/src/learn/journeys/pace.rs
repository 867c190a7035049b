//! How long it takes from one step to the next: a histogram of half octaves.

use bartizan_model::{Duration, journey::SESSION_GAP};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Octave of the first bucket above the lowest one: 2^10 microseconds, a millisecond.
const FIRST_OCTAVE: u32 = 10;
/// Bucket of what was not timed.
pub(super) const NO_BUCKET: u8 = u8::MAX;
/// Fewest timed moves of which quantiles are told.
const MIN_TIMED: u64 = 10;

/// Counts of durations by half octave, from a millisecond up to the pause that ends a session: at most 43
/// buckets, of which only those that were seen are kept. Quantiles are within 19 % (a quarter octave).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace(SmallVec<[(u8, u32); 2]>);

/// The bucket of a duration.
pub(super) fn bucket(span: Duration) -> u8 {
    let micros = span.as_micros().clamp(0, SESSION_GAP.as_micros()).unsigned_abs();
    let Some(octave) = micros.checked_ilog2().filter(|octave| *octave >= FIRST_OCTAVE) else {
        return 0;
    };
    // 577/408 is the square root of two, to six digits.
    let half = u32::from(micros * 408 >= (1 << octave) * 577);
    (1 + 2 * (octave - FIRST_OCTAVE) + half) as u8
}

/// The geometric middle of a bucket, in milliseconds.
fn middle(bucket: u8) -> f64 {
    match bucket {
        0 => 0.5,
        _ => {
            let octaves = f64::from(bucket - 1) / 2.0 + 0.25;
            let ms = (f64::from(FIRST_OCTAVE) + octaves).exp2() / 1e3;
            // Three digits are more than is known already.
            let digits = 10f64.powi(2 - ms.log10().floor() as i32);
            (ms * digits).round() / digits
        }
    }
}

impl Pace {
    pub(super) fn add(&mut self, bucket: u8) {
        self.add_many(bucket, 1);
    }

    fn add_many(&mut self, bucket: u8, times: u32) {
        if bucket == NO_BUCKET {
            return;
        }
        match self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(times),
            Err(at) => self.0.insert(at, (bucket, times)),
        }
    }

    /// Takes back what [`Pace::add`] added.
    pub(super) fn remove(&mut self, bucket: u8) {
        if let Ok(at) = self.0.binary_search_by_key(&bucket, |(known, _)| *known) {
            self.0[at].1 -= 1;
            if self.0[at].1 == 0 {
                self.0.remove(at);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(bucket, times)| self.add_many(*bucket, *times));
    }

    /// Milliseconds that this share (0 to 1) of the moves take at most; `None` with few of them.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let timed: u64 = self.0.iter().map(|(_, times)| u64::from(*times)).sum();
        if timed < MIN_TIMED {
            return None;
        }
        let rank = ((timed as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let reached = self.0.iter().find(|(_, times)| {
            below += u64::from(*times);
            below >= rank
        });
        reached.map(|(bucket, _)| middle(*bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_quarter_octave() {
        for millis in [1.5f64, 40.0, 333.0, 7_000.0, 1_200_000.0] {
            let mut pace = Pace::default();
            (0..20).for_each(|_| pace.add(bucket(Duration::micros((millis * 1e3) as i64))));
            let told = pace.quantile(0.5).expect("enough");
            assert!((told / millis).log2().abs() <= 0.26, "{millis}: {told}");
        }
    }

    #[test]
    fn a_pace_has_a_middle_and_a_tail_and_few_moves_have_none() {
        let mut pace = Pace::default();
        for number in 1..=9 {
            pace.add(bucket(Duration::seconds(2)));
            assert_eq!(pace.quantile(0.5), None, "{number}");
        }
        (0..1).for_each(|_| pace.add(bucket(Duration::minutes(5))));
        let (p50, p90) = (pace.quantile(0.5).expect("ten"), pace.quantile(0.95).expect("ten"));
        assert!(p50 < 3_000.0 && p90 > 200_000.0, "{p50} {p90}");
    }

    #[test]
    fn every_duration_has_a_bucket_and_comes_back_out() {
        let spans = [i64::MIN, -1, 0, 1, 999, 1_024, 1_449, 1_800_000_000, i64::MAX];
        let mut pace = Pace::default();
        for span in spans {
            let bucket = bucket(Duration::micros(span));
            assert!(bucket <= 42, "{span}: {bucket}");
            pace.add(bucket);
        }
        pace.add(NO_BUCKET);
        spans.iter().for_each(|span| pace.remove(bucket(Duration::micros(*span))));
        pace.remove(3);
        assert_eq!(pace, Pace::default());
        let ups: Vec<u8> =
            (0..1_800_000).step_by(7).map(|ms| bucket(Duration::micros(ms * 1_000))).collect();
        assert!(ups.is_sorted());
    }
}
