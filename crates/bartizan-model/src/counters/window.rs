//! Counting within a period that slides.

use std::collections::VecDeque;

use super::{Completeness, RateDecision};

/// At most so many events within any period of a length.
///
/// Time is cut into parts of 1/128 of the period, and a part counts as long as any of it is within the period.
/// So there are never more events in a period than stated, and one is let in at the latest when a period longer
/// by 1/128 (0.8 %) would have room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    events: u64,
    period: u64,
}

/// Parts of a period.
const PARTS: u64 = 128;

impl Window {
    /// Longest period: 146 years, so that sums cannot overflow.
    const MAX_PERIOD: u64 = 1 << 62;

    /// `events` in any `period_nanos`. `None` when one of them is 0 or beyond reason.
    #[must_use]
    pub fn new(events: u64, period_nanos: u64) -> Option<Self> {
        let is_fine = (1..=u64::from(u32::MAX)).contains(&events)
            && (PARTS..=Self::MAX_PERIOD).contains(&period_nanos);
        is_fine.then_some(Self { events, period: period_nanos })
    }

    /// Most events in a period.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The period in nanoseconds.
    #[must_use]
    pub const fn period_nanos(&self) -> u64 {
        self.period
    }

    const fn part_nanos(&self) -> u64 {
        self.period.div_ceil(PARTS)
    }

    /// When a part no longer counts.
    const fn end_of(&self, part: u64) -> u64 {
        (part + PARTS + 1).saturating_mul(self.part_nanos())
    }
}

/// What came within a [`Window`]: one entry for each part of time in which something did, 129 at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// Numbers of parts since the beginning of time, and what came in them.
    parts: VecDeque<(u64, u64)>,
    sum: u64,
}

impl WindowCounts {
    /// What would become of an event of weight `cost` at `now`. A clock that runs backwards makes it stricter.
    #[must_use]
    pub fn look(&self, window: Window, now: u64, cost: u64) -> RateDecision {
        let oldest = (now / window.part_nanos()).saturating_sub(PARTS);
        let mut counting = self.parts.iter().filter(|(part, _)| *part >= oldest);
        let used: u64 = counting.clone().map(|(_, count)| *count).sum();
        let needed = used.saturating_add(cost);
        let conforms = needed <= window.events;
        let mut retry_nanos = 0;
        let mut missing = needed.saturating_sub(window.events);
        for (part, count) in counting.clone() {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(*count);
            retry_nanos = window.end_of(*part).saturating_sub(now);
        }
        let here = (conforms && cost > 0).then(|| now / window.part_nanos());
        let last = here.max(counting.next_back().map(|(part, _)| *part));
        RateDecision {
            conforms,
            remaining: window.events.saturating_sub(if conforms { needed } else { used }),
            // What never fits may come again when all is over, to hear the same.
            retry_nanos: if conforms { 0 } else { retry_nanos.max(1) },
            reset_nanos: last.map_or(0, |part| window.end_of(part).saturating_sub(now)),
            completeness: Completeness::Complete,
        }
    }

    /// Counts an event unless it does not conform.
    pub fn arrive(&mut self, window: Window, now: u64, cost: u64) -> RateDecision {
        let decision = self.look(window, now, cost);
        if decision.conforms {
            self.charge(window, now, cost);
        }
        decision
    }

    /// Counts an event, also beyond the window.
    pub fn charge(&mut self, window: Window, now: u64, cost: u64) {
        let here = now / window.part_nanos();
        while let Some((part, count)) = self.parts.front()
            && *part + PARTS < here
        {
            self.sum = self.sum.saturating_sub(*count);
            self.parts.pop_front();
        }
        if cost == 0 {
            return;
        }
        self.sum = self.sum.saturating_add(cost);
        match self.parts.back_mut() {
            // Also when the clock has run backwards.
            Some((part, count)) if *part >= here => *count = count.saturating_add(cost),
            _ => self.parts.push_back((here, cost)),
        }
    }

    /// Takes back what was counted last.
    pub fn give_back(&mut self, cost: u64) {
        let mut left = cost.min(self.sum);
        self.sum -= left;
        while left > 0
            && let Some((_, count)) = self.parts.back_mut()
        {
            let taken = left.min(*count);
            (*count, left) = (*count - taken, left - taken);
            if *count == 0 {
                self.parts.pop_back();
            }
        }
    }

    /// Whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// When nothing of it counts any more.
    #[must_use]
    pub fn ends(&self, window: Window) -> u64 {
        self.parts.back().map_or(0, |(part, _)| window.end_of(*part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_out_of_reason_are_refused() {
        for (events, period) in [(0, 1_000), (1, 0), (1, 127), (u64::MAX, 1_000), (1, u64::MAX)] {
            assert_eq!(Window::new(events, period), None, "{events} {period}");
        }
    }

    /// Against a list of all events.
    #[test]
    fn it_keeps_within_one_part_in_128_of_a_slow_log() {
        let mut random = 3_u64;
        let mut next = move |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        for _ in 0..40 {
            let (events, period) = (1 + next(300), 128 * (1 + next(500)));
            let window = Window::new(events, period).expect("a window");
            let (mut counts, mut log) = (WindowCounts::default(), Vec::<u64>::new());
            let mut now = 1_000_000;
            for _ in 0..3_000 {
                now += next(2 * period / events + 2);
                let within = |span: u64| log.iter().rev().take_while(|t| **t + span > now).count();
                let (strict, loose) = (within(period), within(period + period / 128 + 1));
                let decision = counts.arrive(window, now, 1);
                if decision.conforms {
                    assert!((strict as u64) < events, "{window:?}: more than stated");
                    log.push(now);
                } else {
                    assert!(loose as u64 >= events, "{window:?}: less than stated");
                    let at = now + decision.retry_nanos;
                    assert!(
                        counts.look(window, at, 1).conforms,
                        "what it says about later is true"
                    );
                    assert!(!counts.look(window, at - 1, 1).conforms || decision.retry_nanos == 1);
                }
                assert!(counts.parts.len() <= 129 && counts.sum >= strict as u64);
            }
        }
    }

    #[test]
    fn what_is_given_back_was_never_there_and_charges_go_beyond() {
        let window = Window::new(3, 1_280).expect("a window");
        let mut counts = WindowCounts::default();
        assert_eq!(counts.arrive(window, 5_000, 2).remaining, 1);
        assert!(!counts.arrive(window, 5_000, 2).conforms);
        counts.give_back(2);
        assert_eq!(counts, WindowCounts::default());
        counts.charge(window, 5_000, 9);
        assert!(!counts.look(window, 6_280, 1).conforms);
        assert!(counts.look(window, counts.ends(window), 3).conforms);
        // A clock that runs backwards gives nothing away.
        assert!(!counts.arrive(window, 0, 1).conforms);
    }
}
