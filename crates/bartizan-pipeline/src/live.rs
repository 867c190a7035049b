//! Judges traffic as it comes and keeps what is learned at short intervals.
//!
//! One thread, in order of arrival: the judgement is the one of [`crate::analyze`]. When the store
//! cannot be written, judging goes on, what was learned stays in memory and is written by the next
//! step that succeeds; only the facts of single exchanges are lost, and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bartizan_analysis::{Judgement, Snapshot, State, judge};
use bartizan_model::{
    Action, Exchange,
    analysis::{Analysis, Skipped},
    source::Ordering,
};

use crate::keep::{KeepError, Keeper};

/// How late an exchange may come: they are handed over when they end, and long ones end late.
pub const LATENESS: bartizan_model::Duration = bartizan_model::Duration::minutes(2);

/// Why results are without an exchange: it was finished while too many waited to be judged.
pub const HAND_OVER_FULL: &str = "hand_over_full";

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A finished exchange.
    Exchange(Box<Exchange>),
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
    /// Of these, what enforcement would have refused or slowed down.
    pub would_block: AtomicU64,
    /// Of these, what was not inspected completely.
    pub partly_inspected: AtomicU64,
    /// Steps that were written.
    pub kept: AtomicU64,
    /// Steps that could not be written.
    pub keep_failures: AtomicU64,
    /// Facts of exchanges that could not be written and are gone.
    pub facts_lost: AtomicU64,
}

/// What a live run is given.
pub struct Live<'a> {
    /// Limits, keys, specifications.
    pub snapshot: Arc<Snapshot>,
    /// What was learned before.
    pub state: State,
    /// Keeps results.
    pub keeper: Keeper<'a>,
    /// Figures.
    pub counters: Arc<Counters>,
    /// Told of every judged exchange, in order.
    pub judged: &'a mut dyn FnMut(&Exchange, &Judgement),
    /// Told when a step could not be written.
    pub failed: &'a mut dyn FnMut(&KeepError),
}

impl Live<'_> {
    /// Judges what `next` gives, which waits at most as long as it is told, until it ends.
    ///
    /// # Errors
    /// When the last step cannot be written; earlier failures are counted.
    pub fn run(mut self, next: &mut dyn FnMut(Duration) -> Next) -> Result<Analysis, KeepError> {
        let mut fresh = false;
        loop {
            match next(self.keeper.due_in()) {
                Next::Exchange(exchange) => {
                    self.take(&exchange);
                    fresh = true;
                }
                Next::Idle => {}
                Next::Ended => break,
            }
            if fresh && self.keeper.is_due() {
                fresh = self.step().is_err();
            }
        }
        let analysis = self.results();
        self.keeper.finish(&self.state, &analysis).map(|()| analysis)
    }

    /// The results, with what of the traffic they are without.
    fn results(&mut self) -> Analysis {
        let mut analysis = judge::results(&mut self.state, &self.snapshot);
        let (judged, dropped) =
            (self.counters.judged.load(Relaxed), self.counters.not_judged.load(Relaxed));
        analysis.input.exchanges = judged + dropped;
        if dropped > 0 {
            analysis.input.skipped.push(Skipped {
                reason: HAND_OVER_FULL.to_owned(),
                count: dropped,
                first: String::new(),
            });
        }
        analysis
    }

    fn take(&mut self, exchange: &Exchange) {
        let prepared = judge::prepare(exchange, &self.snapshot);
        let time = self.state.admit(exchange.time, Ordering { lateness: LATENESS });
        let judgement = self.state.judge(exchange, &prepared, &self.snapshot, time);
        let counters = &self.counters;
        counters.judged.fetch_add(1, Relaxed);
        let count = |counter: &AtomicU64, condition: bool| {
            counter.fetch_add(u64::from(condition), Relaxed);
        };
        count(&counters.hostile, !judgement.detections.is_empty());
        count(&counters.would_block, judgement.verdict.action >= Action::Challenge);
        count(&counters.partly_inspected, !judgement.not_inspected.is_empty());
        self.keeper.push(exchange, &prepared, &judgement, &self.snapshot, &self.state);
        (self.judged)(exchange, &judgement);
    }

    fn step(&mut self) -> Result<(), ()> {
        let analysis = self.results();
        let written = self.keeper.finish(&self.state, &analysis);
        self.counters.facts_lost.store(self.keeper.lost(), Relaxed);
        match written {
            Ok(()) => {
                self.counters.kept.fetch_add(1, Relaxed);
                Ok(())
            }
            Err(error) => {
                self.counters.keep_failures.fetch_add(1, Relaxed);
                (self.failed)(&error);
                Err(())
            }
        }
    }
}
