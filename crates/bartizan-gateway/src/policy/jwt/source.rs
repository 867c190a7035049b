//! Where the keys of an issuer come from, and how they change.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::{sync::watch, time::Instant};

use super::keys::{Algorithm, Key, KeySet};
use crate::policy::{fetch, recent::Recent};

/// Names of unknown keys that are remembered.
const UNKNOWN: usize = 1_024;
/// How long the name of a key stays unknown, in minimum intervals of fetching.
const UNKNOWN_INTERVALS: u32 = 10;

/// Keys of an issuer.
#[derive(Debug)]
pub(crate) enum Keys {
    /// They stay as they are until the next reload.
    Fixed(KeySet),
    /// They are fetched.
    Fetched(Arc<Fetched>),
}

/// What came of looking for a key.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is there; beside it, which set it is of.
    Key(Box<Key>, u64),
    /// The issuer has no such key.
    Unknown,
    /// The keys could not be fetched yet.
    Unavailable,
}

impl Keys {
    /// The set in force; what was verified under another one has to be verified again.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Fixed(_) => 0,
            Self::Fetched(fetched) => {
                fetched.held.load().as_ref().map_or(0, |held| held.generation)
            }
        }
    }

    pub(crate) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Found {
        match self {
            Self::Fixed(set) => match set.find(id, algorithm) {
                Some(key) => Found::Key(Box::new(key.clone()), 0),
                None => Found::Unknown,
            },
            Self::Fetched(fetched) => fetched.find(id, algorithm).await,
        }
    }
}

/// Keys that are fetched: when there are none yet, when they are old, and when a token names one
/// that is not among them. One fetch at a time; never more often than the minimum interval; what is
/// there stays when a fetch fails.
#[derive(Debug)]
pub(crate) struct Fetched {
    source: fetch::Source,
    refresh: Duration,
    interval: Duration,
    held: ArcSwapOption<Held>,
    state: Mutex<State>,
    done: watch::Sender<()>,
    /// So that nobody chooses names that collide.
    hasher: RandomState,
    pub(crate) failures: AtomicU64,
}

#[derive(Debug)]
struct Held {
    set: KeySet,
    since: Instant,
    generation: u64,
}

#[derive(Debug)]
struct State {
    is_fetching: bool,
    began: Option<Instant>,
    unknown: Recent<u64, Instant>,
    problem: Option<String>,
}

impl Fetched {
    pub(crate) fn new(source: fetch::Source, refresh: Duration, interval: Duration) -> Arc<Self> {
        let unknown = Recent::new(UNKNOWN);
        let state = State { is_fetching: false, began: None, unknown, problem: None };
        Arc::new(Self {
            source,
            refresh,
            interval,
            held: ArcSwapOption::empty(),
            state: Mutex::new(state),
            done: watch::Sender::new(()),
            hasher: RandomState::new(),
            failures: AtomicU64::new(0),
        })
    }

    /// Why the last fetch failed.
    pub(crate) fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    /// Fetches for the first time, unless that was done.
    pub(crate) async fn warm(self: &Arc<Self>) {
        if self.held.load().is_none()
            && let Some(mut done) = self.begin()
        {
            let _ = done.changed().await;
        }
    }

    async fn find(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Found {
        if let Some(found) = self.held_key(id, algorithm) {
            return found;
        }
        let name = id.map(|id| self.hasher.hash_one(id));
        if self.held.load().is_some() && name.is_none_or(|name| self.is_unknown(name)) {
            return Found::Unknown;
        }
        if let Some(mut done) = self.begin() {
            // The sender lives as long as we do.
            let _ = done.changed().await;
            if let Some(found) = self.held_key(id, algorithm) {
                return found;
            }
            // Only a fetch that was just made shows that there is no such key.
            if let Some(name) = name.filter(|_| self.problem().is_none()) {
                self.lock().unknown.put(name, Instant::now());
            }
        }
        if self.held.load().is_none() { Found::Unavailable } else { Found::Unknown }
    }

    fn held_key(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Option<Found> {
        let held = self.held.load();
        let held = held.as_ref()?;
        let key = held.set.find(id, algorithm)?;
        if held.since.elapsed() > self.refresh {
            // Nobody waits for it: the old ones still do.
            drop(self.begin());
        }
        Some(Found::Key(Box::new(key.clone()), held.generation))
    }

    fn is_unknown(&self, name: u64) -> bool {
        let longest = self.interval * UNKNOWN_INTERVALS;
        self.lock().unknown.get_mut(&name).is_some_and(|since| since.elapsed() < longest)
    }

    /// Begins to fetch, or joins the fetch that is under way; `None` when the last one began too
    /// short a while ago.
    fn begin(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let mut state = self.lock();
        // Subscribed under the lock: the end of this fetch cannot be missed.
        let done = self.done.subscribe();
        if state.is_fetching {
            return Some(done);
        }
        if state.began.is_some_and(|began| began.elapsed() < self.interval) {
            return None;
        }
        (state.is_fetching, state.began) = (true, Some(Instant::now()));
        drop(state);
        let this = Arc::clone(self);
        // A task of its own: the client that asked first may go away.
        tokio::spawn(async move {
            let end = End(&this);
            let fetched = this.source.fetch().await;
            let set = fetched.and_then(|bytes| KeySet::parse(&bytes));
            let problem = match set {
                Ok(set) => {
                    let before = this.held.load();
                    let generation = before.as_ref().map_or(0, |held| held.generation) + 1;
                    this.held.store(Some(Arc::new(Held {
                        set,
                        since: Instant::now(),
                        generation,
                    })));
                    None
                }
                Err(problem) => {
                    this.failures.fetch_add(1, Relaxed);
                    Some(problem)
                }
            };
            this.lock().problem = problem;
            drop(end);
        });
        Some(done)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a fetch, whatever came of it.
struct End<'a>(&'a Fetched);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().is_fetching = false;
        self.0.done.send_replace(());
    }
}
