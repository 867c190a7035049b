//! What a live run is told while it goes on. It heeds it between two exchanges, and looking costs it one
//! load of a number: whoever tells something never waits for the judgement, nor it for them.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use bartizan_analysis::{Snapshot, endpoints::Part};
use bartizan_model::EndpointId;

/// Most questions that wait.
const MAX_QUESTIONS: usize = 16;

/// What is asked about an endpoint, as it was learned.
pub struct Question {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Is given what merges took into it, as results show it; a few seconds old at most. Runs on a thread of the run,
    /// and holds up other answers.
    pub answer: Box<dyn FnOnce(Vec<Part>) + Send>,
}

/// What the run is given, and how often it changed.
struct Slot {
    snapshot: Mutex<Arc<Snapshot>>,
    changes: AtomicU64,
}

impl Slot {
    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a live run is told something.
#[derive(Clone)]
pub struct Desk {
    slot: Arc<Slot>,
    questions: mpsc::SyncSender<Question>,
}

/// Where a live run finds what it was told.
pub struct Orders {
    slot: Arc<Slot>,
    heeded: u64,
    questions: mpsc::Receiver<Question>,
}

/// Both ends, for a run that begins with `snapshot`.
#[must_use]
pub fn orders(snapshot: Arc<Snapshot>) -> (Desk, Orders) {
    let (questions, asked) = mpsc::sync_channel(MAX_QUESTIONS);
    let slot = Arc::new(Slot { snapshot: Mutex::new(snapshot), changes: AtomicU64::new(0) });
    (Desk { slot: Arc::clone(&slot), questions }, Orders { slot, heeded: 0, questions: asked })
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    /// What exchanges are judged by, from the next one on at the latest.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.slot.current()
    }

    /// Has exchanges judged by another snapshot from the next one on. What was learned stays. Of several that
    /// come before the run looks, the last counts.
    pub fn replace(&self, snapshot: Arc<Snapshot>) {
        *self.slot.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        self.slot.changes.fetch_add(1, Ordering::Release);
    }

    /// Asks; `false` when too many questions wait, or the run has ended. A question that waits when the run ends
    /// is dropped unanswered.
    #[must_use]
    pub fn ask(&self, question: Question) -> bool {
        self.questions.try_send(question).is_ok()
    }
}

impl Orders {
    /// What exchanges are judged by.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.slot.current()
    }

    /// Another snapshot than that which was given last.
    pub(super) fn newer(&mut self) -> Option<Arc<Snapshot>> {
        let changes = self.slot.changes.load(Ordering::Acquire);
        (std::mem::replace(&mut self.heeded, changes) != changes).then(|| self.slot.current())
    }

    /// The next question that waits.
    pub(super) fn question(&self) -> Option<Question> {
        self.questions.try_recv().ok()
    }

    /// The next question, once there is one; `None` when nobody can ask any more. For what stands in for a run.
    pub fn wait(&self) -> Option<Question> {
        self.questions.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{HashKey, Scope};

    use super::*;

    fn snapshot() -> Arc<Snapshot> {
        Arc::new(Snapshot::new(Scope::default(), HashKey::new([1; 32])))
    }

    #[test]
    fn the_last_of_several_snapshots_counts_and_is_given_once() {
        let (desk, mut orders) = orders(snapshot());
        assert!(orders.newer().is_none(), "it began with that one");
        let last = snapshot();
        desk.replace(snapshot());
        desk.replace(Arc::clone(&last));
        assert!(orders.newer().is_some_and(|given| Arc::ptr_eq(&given, &last)));
        assert!(orders.newer().is_none());
        assert!(Arc::ptr_eq(&desk.snapshot(), &orders.snapshot()));
    }

    #[test]
    fn questions_are_bounded_and_end_with_the_run() {
        let (desk, orders) = orders(snapshot());
        let ask = || {
            let endpoint = EndpointId::from_text("ep_a");
            desk.ask(Question { endpoint, answer: Box::new(|_| {}) })
        };
        assert_eq!((0..MAX_QUESTIONS + 3).filter(|_| ask()).count(), MAX_QUESTIONS);
        assert!(orders.question().is_some() && ask() && !ask());
        drop(orders);
        assert!(!ask());
    }
}
