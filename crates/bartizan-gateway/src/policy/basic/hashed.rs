//! Comparing passwords with slow hashes, a few at a time, and remembering what came of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordVerifier as _, phc::PasswordHash},
};
use bartizan_model::{HashKey, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use zeroize::Zeroizing;

use super::Patience;
use crate::policy::recent::Recent;

/// Hashes made at one time; each takes up to 64 MiB.
const AT_ONCE: usize = 2;
/// Credentials that are hashed or wait for it.
const MAY_WAIT: usize = 64;
/// Most credentials that are remembered, of the good and of the wrong ones each.
const KEPT: usize = 10_000;
/// How long wrong ones are remembered, in seconds.
const WRONG_SECONDS: i64 = 60;

/// What is not known, and cannot be told in time.
pub(in crate::policy) const BUSY: &str = "basic-busy";

pub(super) type Digest = [u8; 32];
/// Whether a password is that of a hash, or [`BUSY`].
type Compared = Result<bool, &'static str>;

impl Patience {
    /// How long who asks waits for its turn, and for the hash.
    const fn longest(self) -> Duration {
        match self {
            Self::AtOnce => Duration::from_secs(1),
            Self::Queue => Duration::from_secs(5),
            Self::Review => Duration::from_secs(60),
        }
    }
}

/// Comparisons under way, and what came of those before. It goes on when the configuration is read anew: what it knows is
/// about hashes, whoever they are of.
#[derive(Debug)]
pub(super) struct Hashed {
    key: HashKey,
    running: Semaphore,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Good credentials and wrong ones, and when they came, in seconds.
    good: Recent<Digest, i64>,
    wrong: Recent<Digest, i64>,
    /// Credentials that are being hashed; each is once.
    under_way: HashMap<Digest, watch::Receiver<Option<Compared>>>,
}

/// What somebody presents, and the hash that it has to have.
pub(super) struct Asked {
    pub(super) password: Zeroizing<String>,
    pub(super) hash: Arc<str>,
    /// See [`Hashed::digest`].
    pub(super) digest: Digest,
}

impl Hashed {
    pub(super) fn new(key: &HashKey) -> Self {
        let (good, wrong) = (Recent::new(KEPT), Recent::new(KEPT));
        let state = Mutex::new(State { good, wrong, under_way: HashMap::new() });
        let (running, places) = (Semaphore::new(AT_ONCE), Arc::new(Semaphore::new(MAY_WAIT)));
        Self { key: key.derive("basic credentials"), running, places, state }
    }

    /// Whether a password has its hash. A good one is remembered for `good_seconds`.
    ///
    /// # Errors
    /// [`BUSY`].
    pub(super) async fn compare(
        self: &Arc<Self>,
        asked: Asked,
        good_seconds: i64,
        patience: Patience,
        now: Timestamp,
    ) -> Compared {
        if let Some(known) = self.known(&asked.digest, good_seconds, now) {
            return Ok(known);
        }
        let mut coming = self.begin(asked, patience, now)?;
        let waited = tokio::time::timeout(patience.longest(), coming.wait_for(Option::is_some));
        let compared = waited.await.ok().and_then(|coming| coming.ok().and_then(|told| *told));
        compared.unwrap_or(Err(BUSY))
    }

    /// What a credential is remembered by, with the hash that it is compared with: under a key, so that it tells no
    /// password, and another one as soon as the user has another password.
    pub(super) fn digest(&self, name: &str, password: &str, hash: &str) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(self.key.expose());
        for part in [name, password, hash] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// A number that a name has as long as the key is the same, and that nobody else can tell.
    pub(super) fn number_of(&self, name: &str) -> u64 {
        self.key.hash("name", name.as_bytes()).first8()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn known(&self, digest: &Digest, good_seconds: i64, now: Timestamp) -> Option<bool> {
        let mut state = self.lock();
        let lasts = |since: &mut i64, seconds: i64| now.seconds() < *since + seconds;
        if state.good.get_mut(digest).is_some_and(|since| lasts(since, good_seconds)) {
            return Some(true);
        }
        let is_wrong = state.wrong.get_mut(digest).is_some_and(|since| lasts(since, WRONG_SECONDS));
        is_wrong.then_some(false)
    }

    /// Hashes a credential, or waits for who hashes it already.
    fn begin(
        self: &Arc<Self>,
        Asked { password, hash, digest }: Asked,
        patience: Patience,
        now: Timestamp,
    ) -> Result<watch::Receiver<Option<Compared>>, &'static str> {
        let mut state = self.lock();
        if let Some(coming) = state.under_way.get(&digest) {
            return Ok(coming.clone());
        }
        if patience == Patience::AtOnce && self.running.available_permits() == 0 {
            return Err(BUSY);
        }
        let place = match patience {
            // Who is in already keeps nobody out, and has a connection for a place.
            Patience::Review => None,
            _ => Some(Arc::clone(&self.places).try_acquire_owned().map_err(|_| BUSY)?),
        };
        let (sender, coming) = watch::channel(None);
        state.under_way.insert(digest, coming.clone());
        drop(state);
        let this = Arc::clone(self);
        // A task of its own: the client that came first may go away.
        tokio::spawn(async move {
            let end = End { hashed: &this, digest, sender, _place: place };
            let compared = this.hash(password, hash).await;
            if let Ok(is_same) = compared {
                this.remember(digest, is_same, now);
            }
            end.sender.send_replace(Some(compared));
        });
        Ok(coming)
    }

    fn remember(&self, digest: Digest, is_same: bool, now: Timestamp) {
        let mut state = self.lock();
        let State { good, wrong, .. } = &mut *state;
        let known = if is_same { good } else { wrong };
        known.put(digest, now.seconds());
    }

    async fn hash(&self, password: Zeroizing<String>, hash: Arc<str>) -> Compared {
        let Ok(_running) = self.running.acquire().await else { return Err(BUSY) };
        let compared = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash);
            hash.is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            })
        });
        compared.await.map_err(|_| BUSY)
    }
}

/// The end of a comparison, whatever came of it.
struct End<'a> {
    hashed: &'a Hashed,
    digest: Digest,
    sender: watch::Sender<Option<Compared>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.hashed.lock().under_way.remove(&self.digest);
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher as _;

    use super::*;

    #[tokio::test]
    async fn who_only_watches_does_not_wait_and_who_is_in_does() {
        let hashed = Arc::new(Hashed::new(&HashKey::new([1; 32])));
        let hash = Argon2::default().hash_password(b"battery").expect("hashed").to_string();
        let hash: Arc<str> = hash.into();
        let compare = |password: &'static str, patience| {
            let digest = hashed.digest("ann", password, &hash);
            let password = Zeroizing::new(password.to_owned());
            let asked = Asked { password, hash: Arc::clone(&hash), digest };
            hashed.compare(asked, 10, patience, Timestamp::from_seconds(1))
        };
        let all = |permits: usize| u32::try_from(permits).expect("few");
        let places = Arc::clone(&hashed.places).acquire_many_owned(all(MAY_WAIT)).await;
        assert_eq!(compare("battery", Patience::Queue).await, Err(BUSY), "no place to wait in");
        assert_eq!(compare("wrong", Patience::Review).await, Ok(false), "it needs none");
        drop(places);
        let running = hashed.running.acquire_many(all(AT_ONCE)).await;
        assert_eq!(compare("battery", Patience::AtOnce).await, Err(BUSY), "others are first");
        let (waited, ()) = tokio::join!(compare("battery", Patience::Review), async {
            tokio::task::yield_now().await;
            drop(running);
        });
        assert_eq!(waited, Ok(true));
        assert_eq!(compare("battery", Patience::AtOnce).await, Ok(true), "it is known");
    }
}
