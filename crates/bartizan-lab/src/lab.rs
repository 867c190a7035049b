//! One lab: its database, its switches, and the little it keeps in memory.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{broadcast, mpsc};

use crate::{
    db::{Db, DbError},
    deliveries::{Delivery, QUEUE},
    flaws::{FLAWS, FlawItem},
    random::Random,
};

/// Keys of one counter table. A full one is emptied: the lab counts for show.
const MAX_COUNTERS: usize = 10_000;
/// How long a counter counts, as `Retry-After` says. Whoever failed too often can come back.
const WINDOW: Duration = Duration::from_secs(60);
/// Messages that a slow live listener may be behind before it loses some.
const LIVE_BACKLOG: usize = 64;

/// What a lab is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything that looks random follows from it.
    pub seed: u64,
    /// Which flaws are on.
    pub flaws: BTreeSet<&'static str>,
    /// Further loopback addresses that requests of the lab itself may reach: listeners of a tester
    /// that looks for server-side request forgery.
    pub callbacks: Vec<SocketAddr>,
}

impl Options {
    /// All flaws on: the vulnerable lab.
    #[must_use]
    pub fn vulnerable(seed: u64) -> Self {
        Self { seed, flaws: FLAWS.iter().map(|flaw| flaw.id).collect(), callbacks: Vec::new() }
    }

    /// All flaws off: the repaired twin.
    #[must_use]
    pub const fn secure(seed: u64) -> Self {
        Self { seed, flaws: BTreeSet::new(), callbacks: Vec::new() }
    }
}

/// A message to everybody who listens live (WebSocket, server-sent events).
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// Tenant that it is meant for.
    pub tenant: i64,
    /// What is shown.
    pub text: String,
}

/// A running lab.
pub(crate) struct Lab {
    /// Everything that looks random follows from it.
    pub seed: u64,
    /// The tables.
    pub db: Db,
    /// Where the lab listens; outbound requests may go there and nowhere else.
    pub address: SocketAddr,
    /// Further addresses that outbound requests may go to.
    pub callbacks: Vec<SocketAddr>,
    /// Messages to live listeners.
    pub live: broadcast::Sender<Live>,
    /// Hooks that are to be sent.
    pub deliveries: mpsc::Sender<Delivery>,
    flaws: BTreeSet<&'static str>,
    memory: Mutex<Memory>,
}

struct Memory {
    random: Random,
    counters: HashMap<String, (u32, Instant)>,
}

impl Lab {
    /// Makes a lab that will listen at an address, and the queue of hooks that somebody has to send
    /// (`deliveries::send_all`).
    ///
    /// # Errors
    /// When the database cannot be built.
    pub(crate) async fn new(
        options: &Options,
        address: SocketAddr,
    ) -> Result<(Self, mpsc::Receiver<Delivery>), DbError> {
        let (deliveries, queue) = mpsc::channel(QUEUE);
        let lab = Self {
            seed: options.seed,
            db: Db::open(options.seed).await?,
            address,
            callbacks: options.callbacks.clone(),
            live: broadcast::channel(LIVE_BACKLOG).0,
            deliveries,
            flaws: options.flaws.clone(),
            memory: Mutex::new(Memory::new(options.seed)),
        };
        Ok((lab, queue))
    }

    /// Whether a flaw is switched on.
    #[must_use]
    pub(crate) fn has(&self, flaw: &FlawItem) -> bool {
        self.flaws.contains(flaw.id)
    }

    /// Back to the first state.
    ///
    /// # Errors
    /// When the database cannot be built.
    pub(crate) async fn reset(&self) -> Result<(), DbError> {
        *self.memory() = Memory::new(self.seed);
        self.db.reset().await
    }

    /// Counts one more under a key; how many it is now, within a minute.
    pub(crate) fn count(&self, key: &str) -> u32 {
        let mut memory = self.memory();
        if memory.counters.len() >= MAX_COUNTERS {
            memory.counters.clear();
        }
        let now = Instant::now();
        let counter = memory.counters.entry(key.to_owned()).or_insert((0, now));
        if now.duration_since(counter.1) > WINDOW {
            *counter = (0, now);
        }
        counter.0 = counter.0.saturating_add(1);
        counter.0
    }

    /// Forgets a counter.
    pub(crate) fn forget(&self, key: &str) {
        self.memory().counters.remove(key);
    }

    /// `bytes` random bytes in hexadecimal; the same sequence after each reset.
    pub(crate) fn token(&self, bytes: usize) -> String {
        self.memory().random.hex(bytes)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0x51a7), counters: HashMap::new() }
    }
}

/// Seconds since 1970.
#[must_use]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}
