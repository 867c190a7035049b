//! Deliveries that were good and that no upstream took, on their way to where they are kept: a bounded queue that never
//! makes an exchange wait. What does not fit is lost, counted and told.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bartizan_model::{KeyedHash, webhook::FailedDelivery};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use tokio::sync::mpsc;

/// Most deliveries that wait to be kept.
const WAITING: usize = 256;
/// Most bytes of their bodies.
const WAITING_BYTES: usize = 16 * 1024 * 1024;
/// Most deliveries of which is known that they failed: as many as are kept.
const KNOWN: usize = 1_000;

/// Where failed deliveries go.
#[derive(Clone, Debug, Default)]
pub struct FailedDeliveries {
    /// Nothing where nobody keeps them.
    queue: Option<mpsc::Sender<Told>>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: AtomicUsize,
    /// What was told and is not written yet.
    waiting: AtomicUsize,
    /// Those that failed and were not taken since: what comes again of them is worth a word.
    known: Mutex<HashSet<KeyedHash>>,
    failed: Counter,
    lost: Counter,
}

impl State {
    fn known(&self) -> MutexGuard<'_, HashSet<KeyedHash>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is told of deliveries.
#[derive(Clone, Debug)]
pub enum Told {
    /// One has failed.
    Failed(Box<FailedDelivery>),
    /// One that had failed was taken when its sender sent it again.
    Came(KeyedHash),
}

impl Told {
    fn bytes(&self) -> usize {
        match self {
            Self::Failed(failed) => failed.content.as_ref().map_or(0, |one| one.body.len()),
            Self::Came(_) => 0,
        }
    }
}

/// Where failed deliveries come out.
#[derive(Debug)]
pub struct FailedReceiver {
    queue: mpsc::Receiver<Told>,
    state: Arc<State>,
}

impl FailedDeliveries {
    /// A queue, for who keeps them. `known` are those that are kept already.
    #[must_use]
    pub fn queue(known: impl IntoIterator<Item = KeyedHash>) -> (Self, FailedReceiver) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let state = Arc::new(State::default());
        state.known().extend(known.into_iter().take(KNOWN));
        let there = FailedReceiver { queue: receiver, state: Arc::clone(&state) };
        (Self { queue: Some(sender), state }, there)
    }

    /// Whether somebody keeps them.
    pub(super) fn is_wanted(&self) -> bool {
        self.queue.is_some()
    }

    pub(super) fn failed(&self, failed: FailedDelivery) {
        let key = failed.key;
        self.state.failed.inc();
        if !self.tell(Told::Failed(Box::new(failed))) {
            self.state.lost.inc();
            return;
        }
        let mut known = self.state.known();
        if known.len() < KNOWN {
            known.insert(key);
        }
    }

    /// A delivery was taken.
    pub(super) fn taken(&self, key: KeyedHash) {
        // What cannot be told now is found out when somebody replays it.
        if self.is_wanted() && self.state.known().remove(&key) {
            self.tell(Told::Came(key));
        }
    }

    fn tell(&self, told: Told) -> bool {
        let Some(queue) = &self.queue else { return false };
        let bytes = told.bytes();
        let before = self.state.bytes.fetch_add(bytes, Relaxed);
        self.state.waiting.fetch_add(1, Relaxed);
        let is_taken = before + bytes <= WAITING_BYTES && queue.try_send(told).is_ok();
        if !is_taken {
            self.state.bytes.fetch_sub(bytes, Relaxed);
            self.state.waiting.fetch_sub(1, Relaxed);
        }
        is_taken
    }

    /// What was told and is not written yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.waiting.load(Relaxed)
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Deliveries of webhooks that were good and that no upstream took";
        registry.register("webhook_deliveries_failed", help, self.state.failed.clone());
        let help = "Those of them that were not kept, because too many waited to be";
        registry.register("webhook_deliveries_lost", help, self.state.lost.clone());
    }
}

impl FailedReceiver {
    /// The next one; `None` when no more can come. May be cancelled.
    pub async fn recv(&mut self) -> Option<Told> {
        let told = self.queue.recv().await?;
        self.state.bytes.fetch_sub(told.bytes(), Relaxed);
        Some(told)
    }

    /// The next one, when one waits.
    pub fn try_recv(&mut self) -> Option<Told> {
        let told = self.queue.try_recv().ok()?;
        self.state.bytes.fetch_sub(told.bytes(), Relaxed);
        Some(told)
    }

    /// So many of those that came out are written.
    pub fn written(&self, count: usize) {
        self.state.waiting.fetch_sub(count, Relaxed);
    }

    /// Deliveries that were not kept, because too many waited to be.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.state.lost.get()
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Timestamp, webhook::Delivered};

    use super::*;

    fn failed(number: u8, bytes: usize) -> FailedDelivery {
        let time = Timestamp::from_seconds(1);
        FailedDelivery {
            key: KeyedHash([number; 10]),
            policy: "hooks".to_owned(),
            service: "default".to_owned(),
            time,
            until: time,
            exchange: "1".to_owned(),
            failure: "answered".to_owned(),
            status: Some(503),
            bytes: bytes as u64,
            content: Ok(Box::new(Delivered {
                time,
                peer: "203.0.113.7".parse().expect("an address"),
                is_secure: false,
                method: "POST".to_owned(),
                target: "/".to_owned(),
                authority: "a".to_owned(),
                fields: Vec::new(),
                body: vec![0; bytes],
            })),
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nothing_waits() {
        let (queue, mut there) = FailedDeliveries::queue([]);
        queue.failed(failed(1, WAITING_BYTES));
        queue.failed(failed(2, 1));
        assert_eq!((queue.state.failed.get(), there.lost()), (2, 1));
        assert!(there.try_recv().is_some() && there.try_recv().is_none());
        for number in 0..=255 {
            queue.failed(failed(number, 1));
        }
        queue.failed(failed(0, 1));
        assert_eq!(there.lost(), 2);
    }

    #[test]
    fn only_of_those_that_failed_it_is_told_that_they_came_again() {
        let (queue, mut there) = FailedDeliveries::queue([KeyedHash([9; 10])]);
        queue.taken(KeyedHash([1; 10]));
        assert!(there.try_recv().is_none());
        queue.failed(failed(1, 0));
        for number in [1, 1, 9] {
            queue.taken(KeyedHash([number; 10]));
        }
        let mut told = Vec::new();
        while let Some(one) = there.try_recv() {
            told.push(match one {
                Told::Failed(failed) => (false, failed.key.0[0]),
                Told::Came(key) => (true, key.0[0]),
            });
        }
        assert_eq!(told, [(false, 1), (true, 1), (true, 9)]);
        // Where nobody keeps them, nothing is remembered.
        let nobody = FailedDeliveries::default();
        nobody.failed(failed(1, 0));
        assert!(nobody.state.known().is_empty());
    }
}
