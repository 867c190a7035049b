//! Keeps what a run learns: exchange facts, checkpoint and learned state in one step, so that a
//! crash at any instant loses nothing acknowledged and doubles nothing.

use std::time::{Duration, Instant};

use bartizan_analysis::{Judgement, Snapshot, State, judge::Prepared};
use bartizan_model::{
    EndpointId, Exchange, Scope, Timestamp,
    analysis::{Analysis, InputSummary, Summary},
    source::Checkpoint,
};
use bartizan_store::{
    Batch, Store, StoreError,
    exchange_log::{ExchangeFacts, ExchangeLog},
    records::{EndpointMerge, LearnedState, RunRecord},
};
use tokio::runtime::Runtime;

use crate::facts;

/// Longest time between two steps: what a crash can cost at most.
const STEP: Duration = Duration::from_secs(10);
/// Most facts that wait for a step.
const MAX_WAITING: usize = 20_000;
/// Name of the learned state in the store.
pub const LEARNED: &str = "judgement";

/// Why results cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store says why.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was learned cannot be written.
    #[error("cannot save what was learned: {0}")]
    State(#[from] bartizan_analysis::detectors::StateError),
}

/// Writes to the store while a run goes on.
pub struct Keeper<'a> {
    runtime: &'a Runtime,
    scope: Scope,
    store: &'a dyn Store,
    log: &'a dyn ExchangeLog,
    run: RunRecord,
    waiting: Vec<ExchangeFacts>,
    checkpoint: Option<Checkpoint>,
    last_step: Instant,
    now: fn() -> Timestamp,
}

impl<'a> Keeper<'a> {
    /// A keeper for one run. `now` gives the time of day that records are stamped with.
    #[must_use]
    pub fn new(
        runtime: &'a Runtime,
        scope: &Scope,
        store: &'a dyn Store,
        log: &'a dyn ExchangeLog,
        name: &str,
        now: fn() -> Timestamp,
    ) -> Self {
        let started = now();
        let run = RunRecord {
            id: format!("run-{}", started.micros()),
            started,
            name: name.to_owned(),
            summary: Summary::default(),
            input: InputSummary::default(),
        };
        Self {
            runtime,
            scope: scope.clone(),
            store,
            log,
            run,
            waiting: Vec::new(),
            checkpoint: None,
            last_step: Instant::now(),
            now,
        }
    }

    /// Notes one judged exchange.
    pub(crate) fn push(
        &mut self,
        exchange: &Exchange,
        prepared: &Prepared,
        judgement: &Judgement,
        snapshot: &Snapshot,
        state: &State,
    ) {
        let endpoint: Option<EndpointId> = state.current_endpoint(judgement.leaf).cloned();
        self.waiting.push(facts::of(exchange, prepared, judgement, endpoint, snapshot));
    }

    /// Ends a batch; writes when it is time to.
    pub(crate) fn batch_done(
        &mut self,
        checkpoint: Checkpoint,
        state: &State,
    ) -> Result<(), KeepError> {
        self.checkpoint = Some(checkpoint);
        if self.last_step.elapsed() >= STEP || self.waiting.len() >= MAX_WAITING {
            let batch = self.batch(state)?;
            self.write(batch)?;
        }
        Ok(())
    }

    /// Writes what is left together with the result.
    pub(crate) fn finish(&mut self, state: &State, analysis: &Analysis) -> Result<(), KeepError> {
        let mut batch = self.batch(state)?;
        batch.endpoints.clone_from(&analysis.endpoints);
        batch.findings.clone_from(&analysis.findings);
        batch.detections.clone_from(&analysis.detections);
        batch.incidents.clone_from(&analysis.incidents);
        batch.actors.clone_from(&analysis.actors);
        batch.merges = state
            .endpoint_merges()
            .into_iter()
            .map(|(from, into, reason)| EndpointMerge { from: vec![from], into, reason })
            .collect();
        self.run.summary = analysis.summary.clone();
        self.run.input = analysis.input.clone();
        batch.run = Some(self.run.clone());
        self.write(batch)
    }

    fn batch(&self, state: &State) -> Result<Batch, KeepError> {
        Ok(Batch {
            now: (self.now)(),
            checkpoints: self.checkpoint.clone().into_iter().collect(),
            learned: vec![LearnedState { name: LEARNED.to_owned(), content: state.save()? }],
            ..Batch::default()
        })
    }

    fn write(&mut self, mut batch: Batch) -> Result<(), KeepError> {
        let facts = std::mem::take(&mut self.waiting);
        self.runtime.block_on(async {
            if !facts.is_empty() {
                batch.blocks = self.log.append(facts).await?;
            }
            self.store.save_batch(&self.scope, &batch).await.map(|_| ())
        })?;
        self.last_step = Instant::now();
        Ok(())
    }
}
