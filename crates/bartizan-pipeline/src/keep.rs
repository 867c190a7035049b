//! Keeps what a run learns: exchange facts, checkpoint and learned state in one step, so that a
//! crash at any instant loses nothing acknowledged and doubles nothing.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use bartizan_analysis::{Judgement, Snapshot, State, detectors::StateError, judge::Prepared};
use bartizan_model::{
    EndpointId, Exchange, Scope, Timestamp,
    analysis::{Analysis, InputSummary, Summary},
    relation::Relation,
    source::Checkpoint,
};
use bartizan_store::{
    Batch, DataDirectory, EndpointMerge, ExchangeFacts, LearnedState, RunRecord, SaveReport,
    StoreError,
};
use tokio::runtime::Runtime;

use crate::{facts, traffic::Traffic};

/// Time between two steps.
pub(crate) const STEP: Duration = Duration::from_secs(10);
/// Most facts that wait for a step.
pub(crate) const MAX_WAITING: usize = 20_000;
/// Name of the learned state in the store.
pub const LEARNED: &str = "judgement";
/// Name of the relations of ownership in the store: JSON, a list of [`Relation`].
pub const RELATIONS: &str = "relations";
/// What learned state begins with. The number rises whenever its shape changes: what another version
/// learned cannot be continued.
const LEARNED_FORMAT: &[u8; 9] = b"bzlearn14";

/// Why results cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store says why.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was learned cannot be written.
    #[error("cannot save what was learned: {0}")]
    State(#[from] StateError),
    /// The thread that writes is gone, which would be a defect.
    #[error("the thread that writes results ended early")]
    Writer,
}

/// Under which name the store keeps the checkpoint of these inputs.
#[must_use]
pub fn input_key(inputs: &[PathBuf]) -> String {
    let names: Vec<String> = inputs
        .iter()
        .map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()))
        .map(|path| path.display().to_string())
        .collect();
    names.join("\n")
}

/// The checkpoint of the source inside one that the store kept; `None` when it is none.
#[must_use]
pub fn unwrap_checkpoint(kept: &Checkpoint) -> Option<Checkpoint> {
    postcard::from_bytes(&kept.reader).ok()
}

/// Relations of ownership, as the store keeps them.
fn relations(relations: &[Relation]) -> Option<LearnedState> {
    let content = serde_json::to_vec(relations).ok()?;
    Some(LearnedState { name: RELATIONS.to_owned(), content })
}

/// What was learned, as the store keeps it.
fn wrap_learned(state: &State) -> Result<LearnedState, StateError> {
    let mut content = LEARNED_FORMAT.to_vec();
    content.extend(state.save()?);
    Ok(LearnedState { name: LEARNED.to_owned(), content })
}

/// What was learned before, as [`State::load`] reads it; `None` when another version wrote it.
#[must_use]
pub fn unwrap_learned(kept: &LearnedState) -> Option<&[u8]> {
    kept.content.strip_prefix(LEARNED_FORMAT)
}

/// Reopens findings whose acceptance has lapsed, and drops exchange facts that are older than `days`
/// (0: no such limit) or beyond the budget of the directory.
///
/// # Errors
/// Those of the store.
pub async fn retain(
    directory: &DataDirectory,
    scope: &Scope,
    days: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let bound = (days > 0).then(|| now.minus(bartizan_model::Duration::days(days.into())));
    directory.store().expire_finding_states(scope, now).await?;
    directory.trim_exchanges(bound, now).await.map(drop)
}

/// Writes to the store while a run goes on.
pub struct Keeper<'a> {
    runtime: &'a Runtime,
    directory: &'a DataDirectory,
    /// Under which name checkpoints are kept; empty when the source has none.
    input: String,
    run: RunRecord,
    waiting: Vec<ExchangeFacts>,
    traffic: Traffic,
    /// Endpoints that stand for themselves since the last step.
    apart: Vec<EndpointId>,
    checkpoint: Option<Checkpoint>,
    last_step: Instant,
    lost: u64,
    settling: bartizan_model::Duration,
    now: fn() -> Timestamp,
}

impl<'a> Keeper<'a> {
    /// A keeper for one run. `now` gives the time of day that records are stamped with.
    #[must_use]
    pub fn new(
        runtime: &'a Runtime,
        directory: &'a DataDirectory,
        inputs: &[PathBuf],
        now: fn() -> Timestamp,
    ) -> Self {
        let names: Vec<String> = inputs.iter().map(|p| p.display().to_string()).collect();
        Self::named(runtime, directory, names.join(", "), input_key(inputs), now)
    }

    /// A keeper for live traffic, which is called `name` and cannot be read again.
    #[must_use]
    pub fn live(
        runtime: &'a Runtime,
        directory: &'a DataDirectory,
        name: &str,
        now: fn() -> Timestamp,
    ) -> Self {
        Self::named(runtime, directory, name.to_owned(), String::new(), now)
    }

    fn named(
        runtime: &'a Runtime,
        directory: &'a DataDirectory,
        name: String,
        input: String,
        now: fn() -> Timestamp,
    ) -> Self {
        let started = now();
        let run = RunRecord {
            id: format!("run-{}", started.micros()),
            started,
            name,
            summary: Summary::default(),
            input: InputSummary::default(),
        };
        Self {
            runtime,
            directory,
            input,
            run,
            waiting: Vec::new(),
            traffic: Traffic::default(),
            apart: Vec::new(),
            checkpoint: None,
            last_step: Instant::now(),
            lost: 0,
            settling: bartizan_model::Duration::ZERO,
            now,
        }
    }

    /// Lets the baseline of the change log, when it begins now, last so long: live traffic shows an API bit by
    /// bit. Without it the first results are the baseline.
    #[must_use]
    pub fn settling(self, settling: bartizan_model::Duration) -> Self {
        Self { settling, ..self }
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
        state: &mut State,
    ) -> Result<(), KeepError> {
        self.part(state.take_parted());
        self.checkpoint = Some(checkpoint);
        if self.is_due() {
            let batch = self.batch(state);
            let batch = self.or_lose(batch)?;
            self.write(batch)?;
        }
        Ok(())
    }

    /// Whether what waits should be written now.
    fn is_due(&self) -> bool {
        self.last_step.elapsed() >= STEP || self.waiting.len() >= MAX_WAITING
    }

    /// Takes in facts that were noted elsewhere, and counts of traffic.
    pub(crate) fn take(&mut self, facts: Vec<ExchangeFacts>, traffic: Traffic) {
        self.waiting.extend(facts);
        self.traffic.add(traffic);
    }

    /// Takes note of endpoints that stand for themselves again. The store is told with the next step that is written.
    pub(crate) fn part(&mut self, mut ids: Vec<EndpointId>) {
        self.apart.append(&mut ids);
        self.apart.sort_unstable();
        self.apart.dedup();
    }

    /// Gives the time of day that records are stamped with.
    pub(crate) const fn clock(&self) -> fn() -> Timestamp {
        self.now
    }

    /// Facts that could not be written and are gone. What was learned from them is not.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Facts of earlier exchanges that made room on a full disk.
    pub(crate) fn removed(&self) -> u64 {
        self.directory.removed_for_space()
    }

    /// Writes what is left together with the result; how many changes of the catalogue that brought.
    pub(crate) fn finish(
        &mut self,
        state: &mut State,
        analysis: &Analysis,
    ) -> Result<u64, KeepError> {
        self.part(state.take_parted());
        let batch = self.batch(state);
        let mut batch = self.or_lose(batch)?;
        batch.endpoints.clone_from(&analysis.endpoints);
        batch.is_whole_inventory = true;
        batch.findings.clone_from(&analysis.findings);
        batch.detections.clone_from(&analysis.detections);
        batch.incidents.clone_from(&analysis.incidents);
        batch.actors.clone_from(&analysis.actors);
        batch.clients.clone_from(&analysis.clients);
        batch.journeys.clone_from(&analysis.journeys);
        batch.learned.extend(relations(&analysis.relations));
        batch.surfaces.clone_from(&analysis.surfaces);
        batch.services = Some(analysis.services.clone());
        batch.egress = Some(analysis.egress.clone());
        batch.settling = self.settling;
        batch.merges = state
            .endpoint_merges()
            .into_iter()
            .map(|(from, into, reason)| EndpointMerge { from: vec![from], into, reason })
            .collect();
        self.run.summary = analysis.summary.clone();
        self.run.input = analysis.input.clone();
        batch.run = Some(self.run.clone());
        Ok(self.write(batch)?.changes.len() as u64)
    }

    fn batch(&self, state: &State) -> Result<Batch, KeepError> {
        let wrap = |checkpoint: &Checkpoint| Checkpoint {
            input: self.input.clone(),
            offset: checkpoint.offset,
            exchanges: checkpoint.exchanges,
            reader: postcard::to_stdvec(checkpoint).unwrap_or_default(),
        };
        Ok(Batch {
            now: (self.now)(),
            checkpoints: self.checkpoint.iter().map(wrap).collect(),
            learned: vec![wrap_learned(state)?],
            apart: self.apart.clone(),
            traffic: self.traffic.buckets(),
            ..Batch::default()
        })
    }

    /// When there is no batch, what waits is gone as it is when a batch cannot be written: nothing grows
    /// without bound, and the next step is due when it would be.
    fn or_lose(&mut self, batch: Result<Batch, KeepError>) -> Result<Batch, KeepError> {
        if batch.is_err() {
            self.lost += std::mem::take(&mut self.waiting).len() as u64;
            self.last_step = Instant::now();
        }
        batch
    }

    fn write(&mut self, batch: Batch) -> Result<SaveReport, KeepError> {
        let facts = std::mem::take(&mut self.waiting);
        let count = facts.len() as u64;
        self.last_step = Instant::now();
        let saved = self.runtime.block_on(self.directory.save(batch, facts));
        if saved.is_err() {
            self.lost += count;
        }
        let report = saved?;
        // Until then they go with each batch that is tried.
        self.traffic.forget();
        self.apart.clear();
        Ok(report)
    }
}
