//! Reading and preparing on other threads, judging in order on this one.
//!
//! Batches go round robin over the workers and are taken back in the same order, so that the number
//! of threads never shows in a result. Every channel is bounded: a slow judgement slows the reader.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use bartizan_analysis::{Snapshot, judge::Prepared, judge::prepare};
use bartizan_model::{Exchange, source::Checkpoint};

use crate::sources::{Item, Skipped, Source, SourceError};

/// Exchanges per batch. Small enough that a batch of large bodies stays small.
const BATCH: usize = 64;
/// Bytes of bodies after which a batch is closed early.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Batches that wait in front of and behind each worker.
const WAITING: usize = 2;

/// A prepared exchange, or something skipped, in the order of the source.
pub(crate) enum Work {
    /// To be judged.
    Exchange(Box<Exchange>, Box<Prepared>),
    /// To be counted: what, and the input it came from.
    Skipped(Skipped, String),
    /// The source failed here.
    Failed(SourceError),
}

/// Some work, and where its source stood behind it.
pub(crate) struct Batch {
    pub(crate) work: Vec<Work>,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) position: u64,
}

struct Raw {
    items: Vec<Result<(Item, String), SourceError>>,
    checkpoint: Checkpoint,
    position: u64,
}

/// Reads `source` to its end (or until `cancelled`), prepares on `threads` workers and calls `take`
/// for every batch in order. Stops early when `take` fails.
///
/// # Errors
/// The first error of `take`.
pub(crate) fn run<E: Send>(
    source: &mut dyn Source,
    snapshot: &Arc<Snapshot>,
    threads: usize,
    cancelled: &AtomicBool,
    mut take: impl FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let mut to_workers: Vec<SyncSender<Raw>> = Vec::new();
        let mut from_workers: Vec<Receiver<Batch>> = Vec::new();
        for _ in 0..threads.max(1) {
            let (raw_in, raw_out) = sync_channel::<Raw>(WAITING);
            let (batch_in, batch_out) = sync_channel::<Batch>(WAITING);
            let snapshot = Arc::clone(snapshot);
            scope.spawn(move || work(&raw_out, &batch_in, &snapshot));
            to_workers.push(raw_in);
            from_workers.push(batch_out);
        }
        scope.spawn(move || read(source, &to_workers, cancelled));
        // Round robin: the first closed channel is the end, because batches come in turn.
        for worker in (0..from_workers.len()).cycle() {
            let Some(Ok(batch)) = from_workers.get(worker).map(Receiver::recv) else { break };
            take(batch)?;
        }
        Ok(())
    })
}

fn read(source: &mut dyn Source, workers: &[SyncSender<Raw>], cancelled: &AtomicBool) {
    for worker in workers.iter().cycle() {
        let mut items = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        let mut ended = false;
        while items.len() < BATCH && bytes < BATCH_BYTES {
            if cancelled.load(Ordering::Relaxed) {
                ended = true;
                break;
            }
            let Some(next) = source.next() else {
                ended = true;
                break;
            };
            let input = source.input().to_owned();
            let next = next.map(|item| (item, input));
            if let Ok((Item::Exchange(exchange), _)) = &next {
                bytes += exchange.request.body.len()
                    + exchange.response.as_ref().map_or(0, |r| r.body.len());
            }
            items.push(next);
        }
        let raw = Raw { items, checkpoint: source.checkpoint(), position: source.position() };
        // A worker that is gone means that judging stopped.
        if worker.send(raw).is_err() || ended {
            return;
        }
    }
}

fn work(raw: &Receiver<Raw>, out: &SyncSender<Batch>, snapshot: &Snapshot) {
    while let Ok(Raw { items, checkpoint, position }) = raw.recv() {
        let work = items
            .into_iter()
            .map(|item| match item {
                Ok((Item::Exchange(exchange), input)) => {
                    let mut exchange = exchange;
                    exchange.source.get_or_insert(input);
                    let prepared = prepare(&exchange, snapshot);
                    Work::Exchange(exchange, Box::new(prepared))
                }
                Ok((Item::Skipped(skipped), input)) => Work::Skipped(skipped, input),
                Err(error) => Work::Failed(error),
            })
            .collect();
        if out.send(Batch { work, checkpoint, position }).is_err() {
            return;
        }
    }
}
