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
use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use super::{
    discovery::Discovery,
    keys::{Algorithm, Key, KeySet},
};
use crate::policy::{fetch, look_ups::LookUps, recent::Recent};

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

    /// Begins to fetch when they are old.
    pub(crate) fn refresh_if_old(&self) {
        if let Self::Fetched(fetched) = self {
            fetched.refresh_if_old();
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

/// Where keys are fetched.
#[derive(Debug)]
pub(crate) enum Origin {
    /// From where the operator says.
    Named(Box<fetch::Source>),
    /// From where the issuer says.
    Discovered(Box<Discovery>),
}

impl Origin {
    async fn fetch(&self) -> Result<Bytes, String> {
        match self {
            Self::Named(source) => source.fetch().await,
            Self::Discovered(discovery) => discovery.fetch().await,
        }
    }

    /// Whether the same authorities are believed, by what their file held when it was read.
    pub(super) fn believes_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(own), Self::Named(other)) => own.believes_as(other),
            (Self::Discovered(own), Self::Discovered(other)) => own.believes_as(other),
            _ => false,
        }
    }
}

/// Keys that are fetched: when there are none yet, when they are old, and when a token names one
/// that is not among them. One fetch at a time; never more often than the minimum interval; what is
/// there stays when a fetch fails.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(super) origin: Origin,
    refresh: Duration,
    interval: Duration,
    held: ArcSwapOption<Held>,
    state: Mutex<State>,
    done: watch::Sender<()>,
    /// So that nobody chooses names that collide.
    hasher: RandomState,
    born: Instant,
    /// Before that time nothing is fetched, in milliseconds since `born`: so that those who only look
    /// at the age of the keys take no lock.
    not_before_ms: AtomicU64,
    issuer: String,
    look_ups: LookUps,
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
    has_failed: bool,
}

impl Fetched {
    /// Keys of `issuer`; when they are older than `refresh` they are fetched again, and never twice
    /// within `interval`.
    pub(crate) fn new(
        origin: Origin,
        (refresh, interval): (Duration, Duration),
        issuer: &str,
        look_ups: &LookUps,
    ) -> Arc<Self> {
        let unknown = Recent::new(UNKNOWN);
        let state = State { is_fetching: false, began: None, unknown, has_failed: false };
        Arc::new(Self {
            origin,
            refresh,
            interval,
            held: ArcSwapOption::empty(),
            state: Mutex::new(state),
            done: watch::Sender::new(()),
            hasher: RandomState::new(),
            born: Instant::now(),
            not_before_ms: AtomicU64::new(0),
            issuer: issuer.to_owned(),
            look_ups: look_ups.clone(),
        })
    }

    /// Whether the last fetch failed.
    fn has_failed(&self) -> bool {
        self.lock().has_failed
    }

    /// Begins to fetch when the keys are old. Nobody waits for it: the old ones still do.
    pub(crate) fn refresh_if_old(self: &Arc<Self>) {
        let held = self.held.load();
        let is_old = held.as_ref().is_some_and(|held| held.since.elapsed() > self.refresh);
        if is_old && self.millis() >= self.not_before_ms.load(Relaxed) {
            drop(self.begin());
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
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
            if let Some(name) = name.filter(|_| !self.has_failed()) {
                self.lock().unknown.put(name, Instant::now());
            }
        }
        if self.held.load().is_none() { Found::Unavailable } else { Found::Unknown }
    }

    fn held_key(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Option<Found> {
        let held = self.held.load();
        let held = held.as_ref()?;
        let key = held.set.find(id, algorithm)?;
        self.refresh_if_old();
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
        let interval = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
        self.not_before_ms.store(self.millis().saturating_add(interval), Relaxed);
        drop(state);
        let this = Arc::clone(self);
        // A task of its own: the client that asked first may go away.
        tokio::spawn(async move {
            let end = End(&this);
            let fetched = match this.look_ups.go() {
                Ok(()) => this.origin.fetch().await,
                Err(problem) => Err(problem),
            };
            let set = fetched.and_then(|bytes| KeySet::parse(&bytes));
            let outcome = match set {
                Ok(set) => {
                    let before = this.held.load();
                    let generation = before.as_ref().map_or(0, |held| held.generation) + 1;
                    this.held.store(Some(Arc::new(Held {
                        set,
                        since: Instant::now(),
                        generation,
                    })));
                    Ok(())
                }
                Err(problem) => Err(problem),
            };
            let before = std::mem::replace(&mut this.lock().has_failed, outcome.is_err());
            let outcome = outcome.as_ref().copied().map_err(String::as_str);
            let has_keys = this.held.load().is_some();
            this.look_ups.fetched(&this.issuer, outcome, has_keys, before);
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
