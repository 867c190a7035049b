//! How many requests of a service are sent a second time: a share of all, so that an upstream in trouble does not get
//! several times as many as before.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use crate::config::RetryBudget;

/// Length of a window, in seconds. The one before counts too.
const WINDOW: u64 = 10;

/// The budget of a service, with what was taken of it. Threads that meet at the end of a window may lose one or the other
/// count: it is a bound on storms and no account.
#[derive(Debug)]
pub(crate) struct Retries {
    settings: RetryBudget,
    epoch: Instant,
    window: AtomicU64,
    requests: [AtomicU32; 2],
    retries: [AtomicU32; 2],
    withheld: Counter,
}

impl Retries {
    pub(crate) fn new(settings: RetryBudget, withheld: Counter) -> Self {
        Self {
            settings,
            epoch: Instant::now(),
            window: AtomicU64::new(0),
            requests: Default::default(),
            retries: Default::default(),
            withheld,
        }
    }

    /// Counts a request.
    pub(crate) fn asked(&self) {
        self.asked_at(self.epoch.elapsed().as_secs());
    }

    fn asked_at(&self, seconds: u64) {
        self.requests[self.place(seconds)].fetch_add(1, Relaxed);
    }

    /// Whether one may be sent a second time; it counts as if it was then.
    pub(crate) fn take(&self) -> bool {
        self.take_at(self.epoch.elapsed().as_secs())
    }

    fn take_at(&self, seconds: u64) -> bool {
        let now = self.place(seconds);
        let sum = |counts: &[AtomicU32; 2]| -> u64 {
            counts.iter().map(|count| u64::from(count.load(Relaxed))).sum()
        };
        let share = sum(&self.requests) * u64::from(self.settings.percent) / 100;
        let may = sum(&self.retries) < share.max(u64::from(self.settings.least));
        if may {
            self.retries[now].fetch_add(1, Relaxed);
        } else {
            self.withheld.inc();
        }
        may
    }

    /// Where it is counted at that time.
    fn place(&self, seconds: u64) -> usize {
        let window = seconds / WINDOW;
        let now = usize::from(window % 2 == 1);
        if self.window.load(Relaxed) == window {
            return now;
        }
        let before = self.window.swap(window, Relaxed);
        if before != window {
            let is_next = before + 1 == window;
            for counts in [&self.requests, &self.retries] {
                counts[now].store(0, Relaxed);
                if !is_next {
                    counts[1 - now].store(0, Relaxed);
                }
            }
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(retries: &Retries, seconds: u64, tries: usize) -> usize {
        (0..tries).filter(|_| retries.take_at(seconds)).count()
    }

    #[test]
    fn a_share_of_requests_is_sent_again_and_a_few_in_any_case() {
        let retries = Retries::new(RetryBudget { percent: 20, least: 5 }, Counter::default());
        assert_eq!(taken(&retries, 1, 50), 5);
        for _ in 0..1_000 {
            retries.asked_at(1);
        }
        assert_eq!(taken(&retries, 2, 1_000), 195, "200 in all");
        assert_eq!(retries.withheld.get(), 45 + 805);
        assert_eq!(taken(&retries, 12, 10), 0, "the window before counts");
        assert_eq!(taken(&retries, 22, 10), 5, "the one before that does not");
        assert_eq!(taken(&retries, 1_000, 10), 5);
    }

    #[test]
    fn none_is_none() {
        let retries = Retries::new(RetryBudget { percent: 0, least: 0 }, Counter::default());
        for _ in 0..1_000 {
            retries.asked_at(1);
        }
        assert_eq!(taken(&retries, 1, 10), 0);
    }
}
