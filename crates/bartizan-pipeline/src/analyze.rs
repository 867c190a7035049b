//! Runs a source through the judgement to a result.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bartizan_analysis::{Snapshot, State, judge};
use bartizan_model::{
    analysis::{Analysis, InputSummary, Skipped, SourceSummary},
    source::Ordering as SourceOrdering,
};

use crate::{
    annotate::Spool,
    keep::{KeepError, Keeper},
    lanes::{self, Batch, Work},
    sources::{Merged, SkipReason, Source, SourceError},
};

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes in all; `None` when unknown.
    pub total: Option<u64>,
    /// Exchanges judged.
    pub exchanges: u64,
}

/// What a run is given.
pub struct Run<'a> {
    /// Limits, keys, specifications.
    pub snapshot: Arc<Snapshot>,
    /// What was learned before; empty for a fresh run.
    pub state: State,
    /// Threads that decode. The result does not depend on it.
    pub threads: usize,
    /// Set to stop early: what was read is judged, kept and shown.
    pub cancelled: &'a AtomicBool,
    /// Called after every batch.
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
    /// Collects lines for `--annotate`.
    pub spool: Option<Spool>,
    /// Keeps results while running.
    pub keeper: Option<Keeper<'a>>,
}

/// What a run gives.
pub struct Done {
    /// The result.
    pub analysis: Analysis,
    /// Everything learned.
    pub state: State,
    /// Lines for `--annotate`, to be written with `state`.
    pub spool: Option<Spool>,
    /// Why reading ended early; what came before is in the result.
    pub failed: Option<SourceError>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Changes of the catalogue that the change log was told.
    pub changes: u64,
}

/// Why a run gives no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The temporary file for annotations cannot be written.
    #[error("cannot write a temporary file: {0}")]
    Spool(#[from] std::io::Error),
    /// Results cannot be kept. What an earlier step acknowledged is there.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Counts what a source gave.
#[derive(Default)]
struct Intake {
    exchanges: u64,
    skipped: BTreeMap<(String, String), (u64, String)>,
    sources: BTreeMap<String, u64>,
    failed: Option<SourceError>,
}

/// Reads `source` to its end and gives the result.
///
/// # Errors
/// When temporary files or the store cannot be written; a source that fails is no error here, see
/// [`Done::failed`].
pub fn run(source: &mut dyn Source, run: Run<'_>) -> Result<Done, RunError> {
    let Run { snapshot, mut state, threads, cancelled, progress, mut spool, mut keeper } = run;
    let ordering = source.ordering();
    let (total, format) = (source.total(), source.format());
    let before = state.judged();
    state.keep_apart(&snapshot.catalog);
    let mut intake = Intake::default();
    let mut bytes = 0;
    lanes::run(source, &snapshot, threads, cancelled, |batch| -> Result<(), RunError> {
        bytes = batch.position;
        take(batch, &snapshot, &mut state, ordering, &mut intake, &mut spool, &mut keeper)?;
        progress(Progress { bytes, total, exchanges: intake.exchanges });
        Ok(())
    })?;
    // A store keeps what was learned beside the result; without one nobody needs it any more.
    let mut analysis = match &keeper {
        Some(_) => judge::results(&mut state, &snapshot),
        None => judge::last_results(&mut state, &snapshot),
    };
    analysis.input = intake.summary(format, bytes);
    analysis.input.resumed = before;
    let mut changes = 0;
    if let Some(keeper) = &mut keeper {
        changes = keeper.finish(&mut state, &analysis)?;
    }
    Ok(Done {
        analysis,
        state,
        spool,
        failed: intake.failed,
        cancelled: cancelled.load(Ordering::Relaxed),
        changes,
    })
}

fn take(
    batch: Batch,
    snapshot: &Arc<Snapshot>,
    state: &mut State,
    ordering: SourceOrdering,
    intake: &mut Intake,
    spool: &mut Option<Spool>,
    keeper: &mut Option<Keeper<'_>>,
) -> Result<(), RunError> {
    for work in batch.work {
        match work {
            Work::Exchange(exchange, mut prepared) => {
                let time = state.admit(exchange.time, ordering);
                let judgement = state.judge(&exchange, &mut prepared, snapshot, time);
                intake.exchanges += 1;
                let source = exchange.source.as_deref();
                if let Some(count) = source.and_then(|s| intake.sources.get_mut(s)) {
                    *count += 1;
                } else {
                    intake.sources.insert(source.unwrap_or("").to_owned(), 1);
                }
                if let Some(spool) = spool {
                    spool.push(&exchange.id, source, &judgement)?;
                }
                if let Some(keeper) = keeper {
                    keeper.push(&exchange, &prepared, &judgement, snapshot, state);
                }
            }
            Work::Skipped(skipped, input) => {
                // Of what came in a dropped packet nothing is known: whole exchanges may be missing.
                if skipped.reason == SkipReason::PacketDropped {
                    state.note_gap();
                }
                let key = (skipped.reason.as_str().to_owned(), input);
                let entry = intake.skipped.entry(key);
                entry.or_insert_with(|| (0, skipped.at.to_string())).0 += 1;
            }
            Work::Failed(error) => {
                intake.failed.get_or_insert(error);
            }
        }
    }
    if let Some(keeper) = keeper {
        keeper.batch_done(batch.checkpoint, state)?;
    }
    Ok(())
}

impl Intake {
    fn summary(&self, format: &str, bytes: u64) -> InputSummary {
        let several = self.sources.len() > 1 || format == Merged::FORMAT;
        InputSummary {
            exchanges: self.exchanges,
            resumed: 0,
            skipped: self
                .skipped
                .iter()
                .map(|((reason, input), (count, first))| Skipped {
                    reason: reason.clone(),
                    count: *count,
                    first: if several { format!("{input}, {first}") } else { first.clone() },
                })
                .collect(),
            sources: self
                .sources
                .iter()
                .map(|(name, exchanges)| SourceSummary {
                    name: name.clone(),
                    format: format.to_owned(),
                    exchanges: *exchanges,
                    bytes: if several { 0 } else { bytes },
                })
                .collect(),
        }
    }
}
