//! The lane behind the gateway: finished exchanges are judged in order, on a thread of their own,
//! and what is learned is kept.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use super::{
    capture::{self, Capture},
    runtimes::Behind,
    watch::Watch,
};
use bartizan_analysis::{Snapshot, State};
use bartizan_gateway::handover::Receiver;
use bartizan_model::{Timestamp, analysis::Analysis};
use bartizan_pipeline::{
    keep::{KeepError, Keeper},
    live::{Counters, Live, Next},
};
use bartizan_store::DataDirectory;

/// How long the lane lets exchanges gather when it has judged all there were: under steady traffic it
/// looks at several each time it wakes, and a request finds nobody that it would have to wake.
const GATHER: Duration = Duration::from_millis(2);

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
    pub(super) behind: Arc<Behind>,
    /// Writes exchanges to a file.
    pub(super) capture: Option<Capture>,
    /// Tells of exchanges.
    pub(super) watch: Watch,
    /// How long the baseline of the change log lasts.
    pub(super) settling: bartizan_model::Duration,
}

impl Lane {
    /// Starts the thread. It ends when the gateway is gone and the queue is empty.
    pub(super) fn start(self) -> std::io::Result<JoinHandle<Result<Analysis, KeepError>>> {
        std::thread::Builder::new().name("judge".to_owned()).spawn(move || self.run())
    }

    fn run(self) -> Result<Analysis, KeepError> {
        let Self {
            mut receiver, snapshot, state, counters, directory, behind, capture, watch, ..
        } = self;
        let capture = RefCell::new(capture);
        let mut lost = 0;
        let mut has_judged = false;
        let mut next = |longest: Duration| loop {
            let dropped = receiver.dropped();
            if dropped > lost {
                let since = dropped - lost;
                lost = dropped;
                return Next::Lost(since);
            }
            // A lower priority alone gives way at the next tick of the kernel only, milliseconds later.
            std::thread::yield_now();
            let longest = longest.min(capture::FLUSH);
            let gathered = receiver.try_recv().or_else(|| {
                std::mem::take(&mut has_judged).then(|| std::thread::sleep(GATHER))?;
                receiver.try_recv()
            });
            let next = gathered.map(|finished| Ok(Some(finished))).unwrap_or_else(|| {
                behind.block_on(async { tokio::time::timeout(longest, receiver.recv()).await })
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
                    Some(exchange) => {
                        has_judged = true;
                        return Next::Exchange(Box::new(exchange));
                    }
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
            judged: &mut |exchange, judgement, endpoint| {
                watch.tell(exchange, judgement, endpoint);
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
        let keeper = Keeper::live(&behind, &directory, "gateway", now).settling(self.settling);
        live.run(keeper, &mut next)
    }
}

/// The time of day that records are stamped with.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(crate::commands::micros_now())
}
