//! Judges traffic as it comes and keeps what is learned at short intervals.
//!
//! One thread judges, in order of arrival: the judgement is the one of [`crate::analyze`]. Results
//! are computed and written by a second one, from a copy of the state, so that neither holds up the
//! judgement; a third one answers questions from a copy. By what it judges may change between two exchanges
//! ([`Desk`]). When the store cannot be written, judging goes on, what was learned stays in memory and is written by
//! the next step that succeeds; only the facts of single exchanges are lost, and counted.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    time::{Duration, Instant},
};

use bartizan_analysis::{Judgement, Snapshot, State, detectors::StateError, judge};
use bartizan_model::{
    Action, EndpointId, Exchange, PolicyDecision, Timestamp,
    analysis::Analysis,
    limits::{LimitName, NotInspectedReason},
    source::Ordering,
};
use bartizan_store::ExchangeFacts;

use crate::{
    facts,
    keep::{KeepError, Keeper, MAX_WAITING, STEP},
    traffic::Traffic,
};

mod copies;
mod orders;

use copies::Copies;
pub use orders::{Desk, Orders, Question, orders};

/// How late an exchange may come: they are handed over when they end, and long ones end late.
pub const LATENESS: bartizan_model::Duration = bartizan_model::Duration::minutes(2);

/// Longest time between two steps when results take long: what a crash can cost.
const LONGEST_PAUSE: Duration = Duration::from_secs(25);
/// Most facts that wait while a step takes long; further ones are lost, and counted.
const MOST_WAITING: usize = 4 * MAX_WAITING;

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A finished exchange.
    Exchange(Box<Exchange>),
    /// So many exchanges were lost since the last one.
    Lost(u64),
    /// Something is missing since the last one, of which nobody can say how many exchanges it was.
    Gap,
    /// Nothing within the time.
    Idle,
    /// Nothing more will come.
    Ended,
}

/// Figures of a live run, to be read while it goes on.
#[derive(Debug, Default)]
pub struct Counters {
    /// Exchanges judged.
    pub judged: AtomicU64,
    /// Exchanges that were dropped before, because too many waited.
    pub not_judged: AtomicU64,
    /// Of those judged, what at least one detection was raised for.
    pub hostile: AtomicU64,
    /// Exchanges that the judgement or an inline policy would refuse or slow down if enforced, or did.
    pub would_block: AtomicU64,
    /// Exchanges that an inline policy refused or slowed down.
    pub refused: AtomicU64,
    /// Exchanges that an inline policy would have refused or slowed down, and none did.
    pub would_refuse: AtomicU64,
    /// Of those judged, what was not inspected completely.
    pub partly_inspected: AtomicU64,
    /// Exchanges at which each limit of decoding was reached, in the order of [`LimitName::ALL`].
    pub limits: [AtomicU64; LimitName::ALL.len()],
    /// Steps that were written.
    pub kept: AtomicU64,
    /// Steps that could not be written.
    pub keep_failures: AtomicU64,
    /// Facts of exchanges that could not be written and are gone.
    pub facts_lost: AtomicU64,
    /// Facts of earlier exchanges that were removed because the disk was full.
    pub facts_removed: AtomicU64,
    /// Exchanges that are missing from the capture.
    pub capture_lost: AtomicU64,
    /// Exchanges that another source had told of, and that do not count again.
    pub copies: AtomicU64,
    /// Ids of exchanges that were forgotten early: copies of those count again.
    pub ids_forgotten: AtomicU64,
}

/// What a live run is given.
pub struct Live<'a> {
    /// Limits, keys, specifications, and what else it is told while it goes on.
    pub orders: Orders,
    /// What was learned before.
    pub state: State,
    /// Figures.
    pub counters: Arc<Counters>,
    /// Told of every judged exchange, in order, with its endpoint as far as it is known.
    pub judged: &'a mut dyn FnMut(&Exchange, &Judgement, Option<&EndpointId>),
    /// Told when a step could not be written.
    pub failed: &'a mut dyn FnMut(&KeepError),
}

impl Live<'_> {
    /// Judges what `next` gives, which waits at most as long as it is told, until it ends, and keeps
    /// the results.
    ///
    /// # Errors
    /// When the last step cannot be written; earlier failures are counted.
    pub fn run(
        mut self,
        keeper: Keeper<'_>,
        next: &mut dyn FnMut(Duration) -> Next,
    ) -> Result<Analysis, KeepError> {
        std::thread::scope(|scope| {
            let clock = keeper.clock();
            let counters = Arc::clone(&self.counters);
            let mut snapshot = self.orders.snapshot();
            self.state.keep_apart(&snapshot.catalog);
            let (jobs, work) = mpsc::sync_channel(1);
            let (say, done) = mpsc::channel();
            let writer = scope.spawn(move || write(keeper, &counters, &work, &say));
            let mut steps = Steps::new(jobs, done);
            let (mut copies, asked) = Copies::new();
            let answering = scope.spawn(move || copies::answer(&asked));
            loop {
                let next = next(steps.due_in());
                self.heed(&mut snapshot, &mut steps, &mut copies);
                match next {
                    Next::Exchange(exchange) => self.take(&exchange, &snapshot, &mut steps, clock),
                    Next::Lost(exchanges) => {
                        self.counters.not_judged.fetch_add(exchanges, Relaxed);
                        self.state.note_lost(exchanges);
                        steps.traffic.not_judged(exchanges, clock());
                    }
                    Next::Gap => self.state.note_gap(),
                    Next::Idle => {}
                    Next::Ended => break,
                }
                self.hear(&mut steps);
                if steps.is_due() {
                    self.begin(&snapshot, &mut steps);
                }
            }
            drop(copies);
            // Who asked and heard nothing knows that; results are kept all the same.
            let _ = answering.join();
            let Steps { jobs, waiting, traffic, apart, .. } = steps;
            drop(jobs);
            let mut keeper = writer.join().map_err(|_| KeepError::Writer)?;
            keeper.take(waiting, traffic);
            keeper.part(apart);
            finish(&mut keeper, &mut self.state, &snapshot, &self.counters)
        })
    }

    /// Does what it was told since the last exchange.
    fn heed(&mut self, snapshot: &mut Arc<Snapshot>, steps: &mut Steps, copies: &mut Copies) {
        if let Some(newer) = self.orders.newer() {
            self.state.keep_apart(&newer.catalog);
            *snapshot = newer;
            // Results say something else now, also when nothing more comes.
            steps.fresh = true;
            copies.expire();
        }
        copies.pass_on(&self.orders, &self.state, snapshot);
    }

    fn begin(&mut self, snapshot: &Arc<Snapshot>, steps: &mut Steps) {
        steps.apart.append(&mut self.state.take_parted());
        if let Err(error) = steps.begin(snapshot, self.state.save()) {
            self.counters.keep_failures.fetch_add(1, Relaxed);
            (self.failed)(&error);
        }
    }

    fn take(
        &mut self,
        exchange: &Exchange,
        snapshot: &Snapshot,
        steps: &mut Steps,
        clock: fn() -> Timestamp,
    ) {
        let mut prepared = judge::prepare(exchange, snapshot);
        let time = self.state.admit(exchange.time, Ordering { lateness: LATENESS });
        let judgement = self.state.judge(exchange, &mut prepared, snapshot, time);
        let counters = &self.counters;
        counters.judged.fetch_add(1, Relaxed);
        let count = |counter: &AtomicU64, condition: bool| {
            counter.fetch_add(u64::from(condition), Relaxed);
        };
        count(&counters.hostile, !judgement.detections.is_empty());
        count(&counters.would_block, judgement.verdict.action >= Action::Challenge);
        let applied = judgement.verdict.applied >= Action::Challenge;
        let would = |one: &PolicyDecision| one.action >= Action::Challenge;
        count(&counters.refused, applied);
        count(&counters.would_refuse, !applied && exchange.policies.iter().any(would));
        count(&counters.partly_inspected, !judgement.not_inspected.is_empty());
        self.count_limits(&judgement);
        steps.fresh = true;
        steps.traffic.count(exchange, &judgement, clock());
        let endpoint = self.state.current_endpoint(judgement.leaf).cloned();
        (self.judged)(exchange, &judgement, endpoint.as_ref());
        if steps.waiting.len() < MOST_WAITING {
            let facts = facts::of(exchange, &prepared, &judgement, endpoint, snapshot);
            steps.waiting.push(facts);
        } else {
            counters.facts_lost.fetch_add(1, Relaxed);
        }
    }

    fn count_limits(&self, judgement: &Judgement) {
        let reached: BTreeSet<LimitName> = judgement
            .not_inspected
            .iter()
            .filter_map(|one| match one.reason {
                NotInspectedReason::Limit(name) => Some(name),
                _ => None,
            })
            .collect();
        for name in reached {
            self.counters.limits[name as usize].fetch_add(1, Relaxed);
        }
    }

    /// What the writer says about the last step.
    fn hear(&mut self, steps: &mut Steps) {
        let Ok(Step { written, took }) = steps.done.try_recv() else { return };
        steps.busy = false;
        // At most a fifth of a core, and a crash costs half a minute at most.
        steps.pause = (took * 4).clamp(STEP, LONGEST_PAUSE);
        match written {
            Ok(()) => {
                self.counters.kept.fetch_add(1, Relaxed);
            }
            Err(error) => {
                steps.fresh = true;
                self.counters.keep_failures.fetch_add(1, Relaxed);
                (self.failed)(&error);
            }
        }
    }
}

/// What is to be written: the state as it was, by what it was judged, and facts since the last step.
struct Job {
    snapshot: Arc<Snapshot>,
    state: Vec<u8>,
    facts: Vec<ExchangeFacts>,
    traffic: Traffic,
    apart: Vec<EndpointId>,
}

/// What came of a job.
struct Step {
    written: Result<(), KeepError>,
    took: Duration,
}

/// When results are written, and what waits for it.
struct Steps {
    jobs: mpsc::SyncSender<Job>,
    done: mpsc::Receiver<Step>,
    waiting: Vec<ExchangeFacts>,
    traffic: Traffic,
    /// Endpoints that stand for themselves since the last step.
    apart: Vec<EndpointId>,
    last: Instant,
    pause: Duration,
    busy: bool,
    fresh: bool,
    /// The last step could not be begun: the next one waits, however much there is to write.
    failed: bool,
}

impl Steps {
    fn new(jobs: mpsc::SyncSender<Job>, done: mpsc::Receiver<Step>) -> Self {
        Self {
            jobs,
            done,
            waiting: Vec::new(),
            traffic: Traffic::default(),
            apart: Vec::new(),
            last: Instant::now(),
            pause: STEP,
            busy: false,
            fresh: false,
            failed: false,
        }
    }

    fn due_in(&self) -> Duration {
        // Longer than nothing, so that waiting for the writer is no busy loop.
        self.pause.saturating_sub(self.last.elapsed()).max(Duration::from_millis(50))
    }

    fn is_due(&self) -> bool {
        let full = self.waiting.len() >= MAX_WAITING && !self.failed;
        self.fresh && !self.busy && (full || self.last.elapsed() >= self.pause)
    }

    fn begin(
        &mut self,
        snapshot: &Arc<Snapshot>,
        state: Result<Vec<u8>, StateError>,
    ) -> Result<(), KeepError> {
        (self.last, self.failed) = (Instant::now(), true);
        let state = state?;
        let (facts, traffic) =
            (std::mem::take(&mut self.waiting), std::mem::take(&mut self.traffic));
        let apart = std::mem::take(&mut self.apart);
        let job = Job { snapshot: Arc::clone(snapshot), state, facts, traffic, apart };
        // The queue has room: the writer has answered for the last job.
        self.jobs.try_send(job).map_err(|_| KeepError::Writer)?;
        (self.busy, self.fresh, self.failed) = (true, false, false);
        Ok(())
    }
}

/// The results; what of the traffic they are without is in what the state did not inspect.
fn results(state: &mut State, snapshot: &Snapshot, counters: &Counters) -> Analysis {
    let mut analysis = judge::results(state, snapshot);
    let (judged, dropped) = (counters.judged.load(Relaxed), counters.not_judged.load(Relaxed));
    analysis.input.exchanges = judged + dropped;
    analysis
}

/// Computes and writes results, and counts what that cost of facts.
fn finish(
    keeper: &mut Keeper<'_>,
    state: &mut State,
    snapshot: &Snapshot,
    counters: &Counters,
) -> Result<Analysis, KeepError> {
    let analysis = results(state, snapshot, counters);
    let before = keeper.lost();
    let written = keeper.finish(state, &analysis);
    counters.facts_lost.fetch_add(keeper.lost() - before, Relaxed);
    counters.facts_removed.store(keeper.removed(), Relaxed);
    written.map(|_| analysis)
}

/// Computes and writes results until there are no more jobs.
fn write<'a>(
    mut keeper: Keeper<'a>,
    counters: &Counters,
    work: &mpsc::Receiver<Job>,
    say: &mpsc::Sender<Step>,
) -> Keeper<'a> {
    for Job { snapshot, state, facts, traffic, apart } in work {
        let begin = Instant::now();
        keeper.take(facts, traffic);
        keeper.part(apart);
        let written = State::load(&state)
            .map_err(KeepError::from)
            .and_then(|mut state| finish(&mut keeper, &mut state, &snapshot, counters).map(drop));
        // Nobody listens when the run is ending.
        let _ = say.send(Step { written, took: begin.elapsed() });
    }
    keeper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_cannot_be_saved_is_not_tried_again_at_once() {
        let ((jobs, work), (_say, done)) = (mpsc::sync_channel(1), mpsc::channel());
        let mut steps = Steps::new(jobs, done);
        steps.waiting.resize_with(MAX_WAITING, ExchangeFacts::default);
        steps.fresh = true;
        assert!(steps.is_due(), "there is much to write");
        let scope = bartizan_model::Scope::default();
        let snapshot = Snapshot::new(scope, bartizan_model::HashKey::new([1; 32]));
        let snapshot = Arc::new(snapshot);
        assert!(steps.begin(&snapshot, Err(StateError)).is_err());
        assert!(!steps.is_due() && steps.due_in() > STEP / 2);
        assert_eq!(steps.waiting.len(), MAX_WAITING, "it is written by the next step that can be");
        steps.last = Instant::now().checked_sub(STEP).expect("a while ago");
        assert!(steps.is_due());
        assert!(steps.begin(&snapshot, Ok(Vec::new())).is_ok());
        assert_eq!(work.try_recv().map(|job| job.facts.len()).ok(), Some(MAX_WAITING));
    }
}
