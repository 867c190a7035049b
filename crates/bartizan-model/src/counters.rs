//! Traits for shared counters and caches. The embedded implementations and their networked twins
//! pass the same test suite; the judgement only knows these.

use crate::{
    hash::KeyedHash,
    time::{Duration, Timestamp},
};

mod window;

pub use window::{Window, WindowCounts};

/// Whether a counter or cache knows everything about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing was lost for this key and time.
    Complete,
    /// Loss, eviction, sampling, truncation or a restart: a detector answers *not evaluated*.
    Incomplete,
}

/// Counts events per key in a sliding window of event time.
pub trait WindowCounter {
    /// Adds `weight` for `key` at `time` and returns the sum over the last `window`, with its
    /// completeness.
    fn add(
        &mut self,
        key: KeyedHash,
        time: Timestamp,
        weight: u64,
        window: Duration,
    ) -> (u64, Completeness);
}

/// Remembers values per key for a while.
pub trait Cache<V> {
    /// The value of `key` that was put at most `max_age` before `now`.
    fn get(&self, key: KeyedHash, now: Timestamp, max_age: Duration) -> Option<&V>;
    /// Puts a value; may evict others.
    fn put(&mut self, key: KeyedHash, now: Timestamp, value: V);
}

/// How many events may come: so many in a period on average, and so many at once.
///
/// This is the Generic Cell Rate Algorithm in its virtual scheduling form (ITU-T I.371 Annex A, ATM
/// Forum Traffic Management 4.1 §4.4): an event conforms when it does not come earlier than its
/// theoretical arrival time less a tolerance, and each conforming event moves that time on by an
/// increment. Here the increment is the period over the number of events, rounded up to whole
/// nanoseconds, so that never more than that many come on average; the tolerance is such that
/// `burst` events may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    increment: u64,
    burst: u64,
}

/// What became of an event. Times in nanoseconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether it conforms.
    pub conforms: bool,
    /// How many more could come now.
    pub remaining: u64,
    /// When the same event would conform; 0 when it does.
    pub retry_nanos: u64,
    /// When `burst` events could come again.
    pub reset_nanos: u64,
    /// Whether nothing was forgotten that would make this stricter.
    pub completeness: Completeness,
}

impl Rate {
    /// Longest time in which a burst comes back: 146 years, so that sums cannot overflow.
    const MAX_WINDOW: u64 = 1 << 62;

    /// `events` in `period_nanos` on average, `burst` at once. `None` when one of them is 0 or the
    /// numbers are beyond reason.
    #[must_use]
    pub fn new(events: u64, period_nanos: u64, burst: u64) -> Option<Self> {
        if events == 0 || period_nanos == 0 || burst == 0 {
            return None;
        }
        let increment = period_nanos.div_ceil(events);
        let window = increment.checked_mul(burst)?;
        (window <= Self::MAX_WINDOW).then_some(Self { increment, burst })
    }

    /// Most events at once.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// Nanoseconds in which a whole burst comes back.
    #[must_use]
    pub const fn window_nanos(&self) -> u64 {
        self.increment * self.burst
    }

    /// Decides about an event of weight `cost` at `now`, given the theoretical arrival time (0 for
    /// a key that was never seen), and gives the new one, which stays when the event does not
    /// conform. Any clock that does not run backwards will do; if it does, the decision is stricter.
    #[must_use]
    pub fn arrive(&self, theoretical: u64, now: u64, cost: u64) -> (RateDecision, u64) {
        let window = self.window_nanos();
        let begin = theoretical.max(now);
        let behind = begin - now;
        let needed = behind.saturating_add(cost.saturating_mul(self.increment));
        let conforms = needed <= window;
        let used = if conforms { needed } else { behind };
        let decision = RateDecision {
            conforms,
            remaining: window.saturating_sub(used) / self.increment,
            retry_nanos: needed.saturating_sub(window),
            reset_nanos: used,
            completeness: Completeness::Complete,
        };
        (decision, now.saturating_add(used))
    }

    /// The theoretical arrival time after an event that came whether it conforms or not: what is beyond the
    /// burst is a debt.
    #[must_use]
    pub fn charged(&self, theoretical: u64, now: u64, cost: u64) -> u64 {
        theoretical.max(now).saturating_add(cost.saturating_mul(self.increment))
    }

    /// The theoretical arrival time without an event that was counted and did not come to pass.
    #[must_use]
    pub fn given_back(&self, theoretical: u64, cost: u64) -> u64 {
        theoretical.saturating_sub(cost.saturating_mul(self.increment))
    }
}

/// How events may follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Evenly on average, with a burst.
    Steady(Rate),
    /// So many within any period of a length.
    Window(Window),
}

impl Pace {
    /// Most events at once.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        match self {
            Self::Steady(rate) => rate.burst(),
            Self::Window(window) => window.events(),
        }
    }

    /// Nanoseconds in which that many can come again.
    #[must_use]
    pub const fn window_nanos(&self) -> u64 {
        match self {
            Self::Steady(rate) => rate.window_nanos(),
            Self::Window(window) => window.period_nanos(),
        }
    }
}

/// Counts events per key and says whether they keep to a [`Pace`]. Embedded in a process, or shared by
/// several; both pass the same test suite.
///
/// Times are nanoseconds since some fixed moment; a shared counter reads its own clock. A key is only ever used
/// with one pace. What answers nothing is done without waiting: a shared counter that cannot be reached loses it.
pub trait RateCounter: Send + Sync + std::fmt::Debug {
    /// Counts an event of weight `cost` for `key` at `now`, unless it does not conform.
    fn count(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64) -> Counted<'_>;
    /// What [`RateCounter::count`] would answer. Counts nothing.
    fn look(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64) -> Counted<'_>;
    /// Counts an event that has happened, also beyond the pace.
    fn charge(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64);
    /// Takes back an event that was counted at `now` and did not come to pass.
    fn give_back(&self, key: KeyedHash, pace: Pace, cost: u64, now: u64);
    /// Forgets all events of a key.
    fn forget(&self, key: KeyedHash, pace: Pace);
}

/// The answer of a [`RateCounter`].
pub enum Counted<'a> {
    /// Known at once: counted in this process.
    Now(RateDecision),
    /// Known after a look-up, which has a time limit of its own.
    Later(crate::api_key::Later<'a, Result<RateDecision, CounterUnavailable>>),
}

impl Counted<'_> {
    /// Waits for it where that is needed; `None` when the counter does not answer.
    pub async fn known(self) -> Option<RateDecision> {
        match self {
            Self::Now(decision) => Some(decision),
            Self::Later(later) => later.await.ok(),
        }
    }
}

impl std::fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(decision) => f.debug_tuple("Now").field(decision).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// A shared counter that did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterUnavailable;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_out_of_reason_are_refused() {
        for (events, period, burst) in
            [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, u64::MAX, 2), (1, 1 << 40, 1 << 30)]
        {
            assert_eq!(Rate::new(events, period, burst), None, "{events} {period} {burst}");
        }
        // Rounded up: never more than three in ten.
        assert_eq!(Rate::new(3, 10, 1).map(|rate| rate.window_nanos()), Some(4));
    }

    #[test]
    fn a_burst_passes_and_comes_back() {
        let rate = Rate::new(10, 1_000, 5).expect("a rate");
        let mut theoretical = 0;
        for left in (0..5).rev() {
            let (decision, next) = rate.arrive(theoretical, 1_000, 1);
            assert!(decision.conforms);
            assert_eq!((decision.remaining, decision.retry_nanos), (left, 0));
            theoretical = next;
        }
        let (decision, same) = rate.arrive(theoretical, 1_000, 1);
        assert_eq!((decision.conforms, decision.remaining), (false, 0));
        assert_eq!((decision.retry_nanos, decision.reset_nanos, same), (100, 500, theoretical));
        assert!(rate.arrive(theoretical, 1_100, 1).0.conforms);
        assert!(!rate.arrive(theoretical, 1_099, 1).0.conforms);
        assert_eq!(rate.arrive(theoretical, 9_000, 1).0.remaining, 4);
        // A clock that runs backwards gives nothing away.
        assert!(!rate.arrive(theoretical, 0, 1).0.conforms);
        // More than ever fits never passes.
        assert!(!rate.arrive(0, 1_000, 6).0.conforms);
        assert!(!rate.arrive(0, 1_000, u64::MAX).0.conforms);
    }
}
