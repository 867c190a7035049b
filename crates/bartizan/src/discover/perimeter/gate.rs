//! What every connection passes: a pace, a number at once, a number in all, and an end.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, Semaphore, SemaphorePermit, watch},
    time::{Interval, MissedTickBehavior, interval},
};

use super::Limit;

/// The way out.
#[derive(Debug)]
pub(super) struct Gate {
    turn: Mutex<Interval>,
    room: Semaphore,
    most: u64,
    connections: AtomicU64,
    ended: OnceLock<Limit>,
    stopped: watch::Sender<bool>,
}

impl Gate {
    /// At most `rate` connections a second, `at_once` at a time and `most` in all. Within a runtime alone.
    pub(super) fn new(rate: f64, at_once: usize, most: u64) -> Self {
        let mut turn = interval(Duration::from_secs_f64(1.0 / rate));
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            turn: Mutex::new(turn),
            room: Semaphore::new(at_once),
            most,
            connections: AtomicU64::new(0),
            ended: OnceLock::new(),
            stopped: watch::Sender::new(false),
        }
    }

    /// Waits until one more connection may be made; what is given back is kept as long as it lasts. `None`: no
    /// more is.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if self.ended.get().is_some() {
            return None;
        }
        let turn = async {
            let permit = self.room.acquire().await.ok()?;
            self.turn.lock().await.tick().await;
            Some(permit)
        };
        let permit = self.unless_stopped(turn).await.flatten()?;
        if self.connections.load(Ordering::Relaxed) >= self.most {
            self.ended.get_or_init(|| Limit::MaxConnections);
            return None;
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        Some(permit)
    }

    /// How many connections were begun.
    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// What ended it early.
    pub(super) fn ended(&self) -> Option<Limit> {
        self.ended.get().copied()
    }

    /// Ends it at once: what is under way is given up.
    pub(super) fn stop(&self, why: Limit) {
        self.ended.get_or_init(|| why);
        self.stopped.send_replace(true);
    }

    /// The result of `work`, or `None` as soon as all is to end.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => None,
            out = work => Some(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_budget_ends_it_and_a_stop_ends_what_is_under_way() {
        let gate = Gate::new(1_000.0, 2, 3);
        for _ in 0..3 {
            assert!(gate.enter().await.is_some());
        }
        assert!(gate.enter().await.is_none());
        assert_eq!((gate.connections(), gate.ended()), (3, Some(Limit::MaxConnections)));
        // What is under way goes on.
        assert_eq!(gate.unless_stopped(async { 1 }).await, Some(1));
        let waiting = gate.unless_stopped(std::future::pending::<()>());
        let stop = async { gate.stop(Limit::Interrupted) };
        assert_eq!(tokio::join!(waiting, stop).0, None);
        assert_eq!(gate.ended(), Some(Limit::MaxConnections), "the first reason counts");
    }

    #[tokio::test]
    async fn the_pace_is_kept_by_all_together() {
        let gate = Gate::new(50.0, 10, 100);
        let begin = tokio::time::Instant::now();
        let five = || async {
            for _ in 0..5 {
                drop(gate.enter().await)
            }
        };
        tokio::join!(five(), five());
        // The first goes at once, nine wait for 20 ms each.
        assert!(begin.elapsed() >= Duration::from_millis(150), "{:?}", begin.elapsed());
    }
}
