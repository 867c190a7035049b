//! Answers questions about what was learned from a copy of it, on a thread of its own. Results show more merges than
//! what is learned on has, as they are consolidated in a copy, and to make one takes seconds where much was learned:
//! the judgement only writes down what it has.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use bartizan_analysis::{Snapshot, State};

use super::{Orders, Question};

/// How long a copy answers questions before the next one makes another: how old an answer can be, and how often the
/// judgement writes down what it has, at most.
const COPY_EVERY: Duration = Duration::from_secs(2);
/// How long a copy is kept when nobody asks: longer, as a question may be on its way.
const KEEP: Duration = Duration::from_secs(4);

/// A question, and what was learned where the copy that is there is too old.
pub(super) struct Job {
    question: Question,
    learned: Option<(Vec<u8>, Arc<Snapshot>)>,
}

/// Where the judgement leaves questions.
pub(super) struct Copies {
    jobs: mpsc::SyncSender<Job>,
    /// There was no room for it. No other question is looked at until there is.
    waiting: Option<Job>,
    /// When what was learned was written down.
    copied: Option<Instant>,
}

impl Copies {
    /// Both ends: what the second one holds is for [`answer`].
    pub(super) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, asked) = mpsc::sync_channel(1);
        (Self { jobs, waiting: None, copied: None }, asked)
    }

    /// Makes another copy for the next question: what is learned changed otherwise than by exchanges.
    pub(super) fn expire(&mut self) {
        self.copied = None;
    }

    /// Passes on what was asked, as far as there is room. Never waits.
    pub(super) fn pass_on(&mut self, orders: &Orders, state: &State, snapshot: &Arc<Snapshot>) {
        loop {
            let waiting = self.waiting.take();
            let next = waiting.or_else(|| Some(self.job(orders.question()?, state, snapshot)));
            let Some(job) = next else { return };
            // Who answers is gone only when that is a defect: who asked hears that there is no answer.
            if let Err(mpsc::TrySendError::Full(job)) = self.jobs.try_send(job) {
                self.waiting = Some(job);
                return;
            }
        }
    }

    fn job(&mut self, question: Question, state: &State, snapshot: &Arc<Snapshot>) -> Job {
        let is_due = self.copied.is_none_or(|at| at.elapsed() >= COPY_EVERY);
        let saved = is_due.then(|| state.save().ok()).flatten();
        if saved.is_some() {
            self.copied = Some(Instant::now());
        }
        Job { question, learned: saved.map(|saved| (saved, Arc::clone(snapshot))) }
    }
}

/// Answers until nobody can ask any more. A question is dropped unanswered when there is no copy.
pub(super) fn answer(asked: &mpsc::Receiver<Job>) {
    let mut copy: Option<State> = None;
    loop {
        let next = match &copy {
            Some(_) => asked.recv_timeout(KEEP),
            None => asked.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(Job { question: Question { endpoint, answer }, learned }) => {
                if let Some((saved, snapshot)) = learned {
                    copy = State::in_results(&saved, &snapshot).ok();
                }
                if let Some(copy) = &copy {
                    answer(copy.parts(&endpoint));
                }
            }
            // It takes as much memory as what is learned on.
            Err(mpsc::RecvTimeoutError::Timeout) => copy = None,
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{EndpointId, HashKey, Scope};

    use super::{super::orders, *};

    #[test]
    fn the_judgement_writes_down_once_and_waits_for_no_answer() {
        let snapshot = Arc::new(Snapshot::new(Scope::default(), HashKey::new([1; 32])));
        let state = State::new(&Scope::default());
        let (desk, orders) = orders(Arc::clone(&snapshot));
        let (say, heard) = mpsc::channel();
        let ask = || {
            let say = say.clone();
            let answer = Box::new(move |parts| drop(say.send(parts)));
            assert!(desk.ask(Question { endpoint: EndpointId::from_text("ep_a"), answer }));
        };
        let (mut copies, asked) = Copies::new();
        (0..3).for_each(|_| ask());
        // Nobody answers yet, and this comes back all the same.
        copies.pass_on(&orders, &state, &snapshot);
        assert!(copies.waiting.is_some(), "there is room for one");
        assert!(heard.try_recv().is_err());

        let first = asked.try_recv().expect("passed on");
        assert!(first.learned.is_some());
        copies.pass_on(&orders, &state, &snapshot);
        let second = asked.try_recv().expect("passed on");
        assert!(second.learned.is_none(), "the copy of the first answers it too");
        copies.expire();
        copies.pass_on(&orders, &state, &snapshot);
        copies.pass_on(&orders, &state, &snapshot);
        assert!(asked.try_recv().expect("passed on").learned.is_none(), "asked before");
        ask();
        copies.pass_on(&orders, &state, &snapshot);
        let last = asked.try_recv().expect("passed on");
        assert!(last.learned.is_some(), "something else is learned on now");

        let (again, jobs) = mpsc::channel();
        for job in [second, first, last] {
            again.send(job).expect("queued");
        }
        drop(again);
        answer(&jobs);
        assert_eq!(heard.try_iter().count(), 2, "the one before any copy has no answer");
    }
}
