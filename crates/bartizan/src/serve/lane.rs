//! The lane behind the gateway: finished exchanges are judged in order, on a thread of their own,
//! and what is learned is kept.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use bartizan_analysis::{Snapshot, State};
use bartizan_gateway::handover::Receiver;
use bartizan_model::{Timestamp, analysis::Analysis};
use bartizan_pipeline::{
    keep::{KeepError, Keeper},
    live::{Counters, Live, Next},
};
use bartizan_store::DataDirectory;
use tokio::runtime::Runtime;

use super::capture::{self, Capture};

/// How far the judgement steps back, see `nice(1)`.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What the lane works with.
pub(super) struct Lane {
    /// Finished exchanges.
    pub(super) receiver: Receiver,
    /// Limits, keys, specifications.
    pub(super) snapshot: Arc<Snapshot>,
    /// What was learned before.
    pub(super) state: State,
    /// Figures.
    pub(super) counters: Arc<Counters>,
    /// Where results are kept.
    pub(super) directory: Arc<DataDirectory>,
    /// What the store's calls run on.
    pub(super) runtime: Arc<Runtime>,
    /// Writes exchanges to a file.
    pub(super) capture: Option<Capture>,
}

impl Lane {
    /// Starts the thread. It ends when the gateway is gone and the queue is empty.
    pub(super) fn start(self) -> std::io::Result<JoinHandle<Result<Analysis, KeepError>>> {
        std::thread::Builder::new().name("judge".to_owned()).spawn(move || self.run())
    }

    fn run(self) -> Result<Analysis, KeepError> {
        step_back();
        let Self { mut receiver, snapshot, state, counters, directory, runtime, capture } = self;
        let capture = RefCell::new(capture);
        let mut lost = 0;
        let mut next = |longest: Duration| loop {
            let dropped = receiver.dropped();
            if dropped > lost {
                let since = dropped - lost;
                lost = dropped;
                return Next::Lost(since);
            }
            let longest = longest.min(capture::FLUSH);
            let waiting = receiver.try_recv().map(|finished| Ok(Some(finished)));
            let next = waiting.unwrap_or_else(|| {
                runtime.block_on(async { tokio::time::timeout(longest, receiver.recv()).await })
            });
            match next {
                Err(_) => {
                    if let Some(capture) = &mut *capture.borrow_mut() {
                        capture.flush();
                    }
                    return Next::Idle;
                }
                Ok(None) => return Next::Ended,
                Ok(Some(finished)) => match finished.into_exchange() {
                    Some(exchange) => return Next::Exchange(Box::new(exchange)),
                    // No valid head was read: there is nothing to judge.
                    None => continue,
                },
            }
        };
        let mut told = false;
        let failures = Arc::clone(&counters);
        let live = Live {
            snapshot,
            state,
            counters,
            judged: &mut |exchange, _| {
                if let Some(capture) = &mut *capture.borrow_mut() {
                    capture.write(exchange);
                }
            },
            failed: &mut |error| {
                // Once is enough: the counter goes on.
                if !std::mem::replace(&mut told, true) {
                    anstream::eprintln!(
                        "warning: results cannot be kept: {error}; judging goes on, and what was \
                         learned is written as soon as it can be ({} failures so far)",
                        failures.keep_failures.load(Relaxed)
                    );
                }
            },
        };
        live.run(Keeper::live(&runtime, &directory, "gateway", now), &mut next)
    }
}

/// Lets traffic go first: this thread, and those that it starts, run on what the gateway leaves. Where
/// the processor is full, exchanges wait in the queue, and what it cannot take is dropped and counted.
fn step_back() {
    // Linux has a priority for each thread; elsewhere it is one of the whole process.
    #[cfg(target_os = "linux")]
    {
        // Refused, everything works as before, a little slower.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    }
}

/// The time of day that records are stamped with.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(crate::commands::micros_now())
}
