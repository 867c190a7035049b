//! What the requests of one receiver share, and what each of them has.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bartizan_model::{Duration, Exchange, ExchangeId};
use tokio::sync::watch;

use super::{
    Surroundings,
    config::ReceiverLimits,
    counts::{Counts, Refusal},
};
use crate::sources::skip::SkipReason;

/// Longest request id of a sender that is taken over, in bytes.
const REQUEST_ID_BYTES: usize = 128;

/// How far the clock of a sender may be ahead of ours.
const AHEAD: Duration = Duration::minutes(1);

/// What the requests of one receiver share.
pub(super) struct Work {
    name: String,
    pub(super) outside: Surroundings,
    pub(super) counts: Counts,
    held: AtomicUsize,
    /// Tells this run from others: ids of exchanges are unique over restarts.
    run: String,
    number: AtomicU64,
}

impl Work {
    pub(super) fn new(name: &str, outside: Surroundings) -> Self {
        let mut random = [0; 8];
        // Without randomness the time still tells runs apart.
        if getrandom::fill(&mut random).is_err() {
            random = (outside.now)().micros().to_be_bytes();
        }
        let run = random.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let (counts, held, number) = (Counts::default(), AtomicUsize::new(0), AtomicU64::new(0));
        Self { name: name.to_owned(), outside, counts, held, run, number }
    }

    /// Hands over an exchange, which gets its id and its source here. `false`: there was no room.
    pub(super) fn give(&self, mut exchange: Box<Exchange>) -> bool {
        let number = self.number.fetch_add(1, Relaxed);
        exchange.id = ExchangeId::from_text(format!("{}-{}-{number}", self.name, self.run));
        exchange.source = Some(self.name.clone());
        let now = (self.outside.now)();
        // A time ahead of ours would make all that others tell late.
        if exchange.time.is_some_and(|time| time.since(now) > AHEAD) {
            self.counts.refuse(Refusal::TimeAhead);
            exchange.time = None;
        }
        exchange.time.get_or_insert(now);
        let is_taken = self.outside.inlet.give(exchange);
        self.counts.give(is_taken);
        is_taken
    }

    /// Hands over what was read, or counts why it is left out. `false`: there was no room.
    pub(super) fn give_read(&self, read: Result<Box<Exchange>, SkipReason>) -> bool {
        match read {
            Ok(exchange) => self.give(exchange),
            Err(why) => {
                self.counts.leave_out(why);
                true
            }
        }
    }
}

/// One request of a sender. Counted as long as it is there.
pub(super) struct Visit {
    pub(super) work: Arc<Work>,
    pub(super) limits: Arc<ReceiverLimits>,
    /// Says when streams have to end.
    pub(super) stop: watch::Receiver<bool>,
}

impl Visit {
    /// Enters, when there are not too many.
    pub(super) fn enter(
        work: &Arc<Work>,
        limits: &Arc<ReceiverLimits>,
        stop: &watch::Receiver<bool>,
    ) -> Option<Self> {
        let before = work.counts.streams.fetch_add(1, Relaxed);
        let (work, limits, stop) = (Arc::clone(work), Arc::clone(limits), stop.clone());
        let this = Self { work, limits, stop };
        (before < u64::from(this.limits.streams)).then_some(this)
    }

    pub(super) fn refuse(&self, why: Refusal) {
        self.work.counts.refuse(why);
    }

    /// A share of the bytes that may be held, empty at first.
    pub(super) fn lease(&self) -> Lease {
        let most = (self.limits.held_mebibytes as usize).saturating_mul(1024 * 1024);
        Lease { work: Arc::clone(&self.work), most, bytes: 0 }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.work.counts.streams.fetch_sub(1, Relaxed);
    }
}

/// Bytes that somebody holds; given back when dropped.
pub(super) struct Lease {
    work: Arc<Work>,
    most: usize,
    bytes: usize,
}

impl Lease {
    /// Whether there is room for so many more, which are held from then on.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.work.held.fetch_add(bytes, Relaxed);
        let has_room = before.saturating_add(bytes) <= self.most;
        if has_room {
            self.bytes += bytes;
        } else {
            self.work.held.fetch_sub(bytes, Relaxed);
        }
        has_room
    }

    /// Gives so many back.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.work.held.fetch_sub(bytes, Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

/// The id that a sender names, when it is harmless.
pub(super) fn request_id(given: Option<&str>) -> Option<String> {
    let given = given?.trim();
    let is_id = (1..=REQUEST_ID_BYTES).contains(&given.len())
        && given.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+/=".contains(&b));
    is_id.then(|| given.to_owned())
}

#[cfg(test)]
pub(in super::super) mod tests {
    use std::sync::Mutex;

    use bartizan_model::Timestamp;

    use super::*;
    use crate::sources::receivers::Inlet;

    /// What the clock says in tests.
    const NOW: i64 = 1_795_341_700;

    /// An inlet with room for so many exchanges, and what it took.
    pub(in super::super) struct Taken {
        pub(in super::super) room: usize,
        pub(in super::super) exchanges: Mutex<Vec<Exchange>>,
        pub(in super::super) gaps: AtomicU64,
    }

    impl Inlet for Taken {
        fn give(&self, exchange: Box<Exchange>) -> bool {
            let mut exchanges = self.exchanges.lock().expect("whole");
            let has_room = exchanges.len() < self.room;
            if has_room {
                exchanges.push(*exchange);
            }
            has_room
        }

        fn gap(&self) {
            self.gaps.fetch_add(1, Relaxed);
        }
    }

    /// Surroundings for tests, on the runtime that this is called on or a new one.
    pub(in super::super) fn outside(room: usize) -> (Surroundings, Arc<Taken>) {
        let taken = Arc::new(Taken { room, exchanges: Mutex::default(), gaps: AtomicU64::new(0) });
        let decoding = tokio::runtime::Handle::try_current().unwrap_or_else(|_| {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let handle = runtime.handle().clone();
            // Nothing is run on it; dropping it inside of another runtime would panic.
            std::mem::forget(runtime);
            handle
        });
        let inlet = Arc::clone(&taken) as Arc<dyn Inlet>;
        (Surroundings { inlet, now: || Timestamp::from_seconds(NOW), decoding }, taken)
    }

    /// A visit with the default limits.
    pub(in super::super) fn visit() -> (Visit, Arc<Taken>) {
        let (outside, taken) = outside(10);
        let (_, stop) = watch::channel(false);
        let work = Arc::new(Work::new("test", outside));
        let visit = Visit::enter(&work, &Arc::default(), &stop).expect("room");
        (visit, taken)
    }

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let (visit, _) = visit();
        let most = 128 * 1024 * 1024;
        let (mut one, mut two) = (visit.lease(), visit.lease());
        assert!(one.grow(most - 1) && !two.grow(2) && two.grow(1) && !two.grow(1));
        one.shrink(5);
        assert!(two.grow(5));
        drop(one);
        assert!(two.grow(most - 6) && !two.grow(1));
        drop(two);
        assert_eq!(visit.work.held.load(Relaxed), 0);
    }

    #[test]
    fn exchanges_have_ids_of_their_own_and_are_counted() {
        let (visit, taken) = visit();
        for _ in 0..12 {
            visit.work.give(Box::default());
        }
        let figures = visit.work.counts.figures();
        assert_eq!((figures.handed_over, figures.dropped, figures.streams), (10, 2, 1));
        let taken = taken.exchanges.lock().expect("whole");
        let ids: std::collections::BTreeSet<_> = taken.iter().map(|e| e.id.to_string()).collect();
        assert_eq!(ids.len(), 10);
        assert!(taken.iter().all(|e| e.source.as_deref() == Some("test") && e.time.is_some()));
    }

    #[test]
    fn a_time_ahead_of_the_clock_here_is_not_believed() {
        let (visit, taken) = visit();
        for ahead in [30, 90] {
            let time = Some(Timestamp::from_seconds(NOW + ahead));
            visit.work.give(Box::new(Exchange { time, ..Exchange::default() }));
        }
        let taken = taken.exchanges.lock().expect("whole");
        let times: Vec<_> = taken.iter().map(|e| e.time.map(|t| t.seconds())).collect();
        assert_eq!(times, [Some(NOW + 30), Some(NOW)]);
    }

    #[test]
    fn only_harmless_request_ids_are_taken_over() {
        assert_eq!(request_id(Some(" a-1 ")).as_deref(), Some("a-1"));
        for wrong in [None, Some(""), Some("a b"), Some("\u{e9}"), Some(&*"a".repeat(129))] {
            assert_eq!(request_id(wrong), None, "{wrong:?}");
        }
    }
}
