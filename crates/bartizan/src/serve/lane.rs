//! The lane behind the gateway: finished exchanges are judged in order, on a thread of their own,
//! and what is learned is kept.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    capture::{self, Capture},
    receivers::Gaps,
    runtimes::Behind,
    watch::Watch,
};
use bartizan_analysis::State;
use bartizan_gateway::handover::Receiver;
use bartizan_model::{Exchange, Timestamp, analysis::Analysis};
use bartizan_pipeline::{
    keep::{KeepError, Keeper},
    live::{Counters, Live, Next, Orders},
    once::{Once, Seen},
    sources::receivers::Receivers,
};
use bartizan_store::DataDirectory;

/// How long the lane lets exchanges gather when it has judged all there were: under steady traffic it
/// looks at several each time it wakes, and a request finds nobody that it would have to wake.
const GATHER: Duration = Duration::from_millis(2);

/// The source of exchanges of the gateway.
const GATEWAY: &str = "gateway";

/// What the lane works with.
pub(super) struct Lane {
    /// Finished exchanges.
    pub(super) receiver: Receiver,
    /// By what it judges, and what it is asked.
    pub(super) orders: Orders,
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
    /// Who else than the gateway hands over.
    pub(super) receivers: Arc<Receivers>,
    /// What these missed.
    pub(super) gaps: Gaps,
    /// Whether anything goes through the gateway.
    pub(super) is_inline: bool,
}

impl Lane {
    /// Starts the thread. It ends when the gateway is gone and the queue is empty.
    pub(super) fn start(self) -> std::io::Result<JoinHandle<Result<Analysis, KeepError>>> {
        std::thread::Builder::new().name("judge".to_owned()).spawn(move || self.run())
    }

    fn run(self) -> Result<Analysis, KeepError> {
        let Self {
            mut receiver,
            orders,
            state,
            counters,
            directory,
            behind,
            capture,
            watch,
            receivers,
            gaps,
            is_inline,
            settling,
        } = self;
        let capture = RefCell::new(capture);
        let (mut lost, mut missed) = (0, 0);
        let mut has_judged = false;
        let mut copies = Copies { once: Once::default(), receivers, is_inline };
        let compared = Arc::clone(&counters);
        let mut next = |longest: Duration| loop {
            let dropped = receiver.dropped();
            if dropped > lost {
                let since = dropped - lost;
                lost = dropped;
                copies.once.lost(Instant::now());
                return Next::Lost(since);
            }
            let gaps = gaps.load(Relaxed);
            if std::mem::replace(&mut missed, gaps) != gaps {
                return Next::Gap;
            }
            if let Some(exchange) = copies.due(&compared) {
                return Next::Exchange(exchange);
            }
            // A lower priority alone gives way at the next tick of the kernel only, milliseconds later.
            std::thread::yield_now();
            let longest = copies.wake(longest.min(capture::FLUSH));
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
                Ok(None) => match copies.rest(&compared) {
                    Some(exchange) => return Next::Exchange(exchange),
                    None => return Next::Ended,
                },
                // Without a valid head there is nothing to judge.
                Ok(Some(handed)) => {
                    let Some(exchange) = handed.into_exchange() else { continue };
                    has_judged = true;
                    // What does not count is nothing, and writing results does not wait for what does.
                    let new = copies.take(Box::new(exchange), &compared);
                    return new.map_or(Next::Idle, Next::Exchange);
                }
            }
        };
        let mut told = false;
        let failures = Arc::clone(&counters);
        let live = Live {
            orders,
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
        let keeper = Keeper::live(&behind, &directory, GATEWAY, now).settling(settling);
        live.run(keeper, &mut next)
    }
}

/// Counts once what several sources saw.
struct Copies {
    once: Once,
    receivers: Arc<Receivers>,
    is_inline: bool,
}

impl Copies {
    fn take(&mut self, exchange: Box<Exchange>, counters: &Counters) -> Option<Box<Exchange>> {
        let sources = self.receivers.count() + usize::from(self.is_inline);
        // Without receivers there is nothing to compare, and it costs nothing.
        if self.is_inline && sources == 1 {
            return Some(exchange);
        }
        let seen = self.once.take(exchange, sources < 2, Instant::now());
        self.settle(seen, counters)
    }

    /// What waited long enough for a better copy.
    fn due(&mut self, counters: &Counters) -> Option<Box<Exchange>> {
        while let Some(seen) = self.once.due(Instant::now()) {
            if let Some(exchange) = self.settle(seen, counters) {
                return Some(exchange);
            }
        }
        None
    }

    /// What waits, when nothing more can come.
    fn rest(&mut self, counters: &Counters) -> Option<Box<Exchange>> {
        while let Some(seen) = self.once.release(Instant::now()) {
            if let Some(exchange) = self.settle(seen, counters) {
                return Some(exchange);
            }
        }
        None
    }

    /// How long there is nothing to do for it.
    fn wake(&self, longest: Duration) -> Duration {
        self.once.due_in(Instant::now()).map_or(longest, |due| due.min(longest))
    }

    fn settle(&self, seen: Seen, counters: &Counters) -> Option<Box<Exchange>> {
        counters.ids_forgotten.store(self.once.forgotten(), Relaxed);
        match seen {
            Seen::New(exchange) => Some(exchange),
            Seen::Copy => {
                counters.copies.fetch_add(1, Relaxed);
                None
            }
            Seen::Held => None,
        }
    }
}

/// The time of day that records are stamped with.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(crate::commands::micros_now())
}
