//! How long to wait before the next try.

use std::time::Duration;

/// Pause behind the first failure.
const FIRST: Duration = Duration::from_secs(5);
/// Longest pause of our own.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Longest pause that the other side may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);

/// The pause behind the `failures`th failure in a row: doubled each time, from 5 seconds to an hour, and
/// between half and all of that, so that many do not come back at the same moment. Not shorter than
/// what the other side asked for, which may be a day.
pub(super) fn after(failures: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    let own = doubled / 2 + (doubled / 2).mul_f64(random());
    own.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

/// From 0 to 1. Without random numbers, 1: no reason not to wait.
fn random() -> f64 {
    let mut bytes = [0; 2];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_differ() {
        for (failures, most) in [(0, 5), (1, 5), (2, 10), (3, 20), (10, 2_560), (11, 3_600)] {
            let most = Duration::from_secs(most);
            for _ in 0..50 {
                let pause = after(failures, None);
                assert!(pause >= most / 2 && pause <= most, "{failures}: {pause:?}");
            }
        }
        assert!(after(u32::MAX, None) <= LONGEST);
        let several: std::collections::BTreeSet<_> = (0..20).map(|_| after(9, None)).collect();
        assert!(several.len() > 10, "{several:?}");
    }

    #[test]
    fn the_other_side_may_ask_for_more_but_not_for_ever() {
        assert!(after(1, Some(Duration::from_secs(100))) == Duration::from_secs(100));
        assert!(after(5, Some(Duration::from_secs(1))) > Duration::from_secs(30));
        assert_eq!(after(1, Some(Duration::MAX)), LONGEST_ASKED);
    }
}
