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
use bartizan_model::{HashKey, PrincipalKind, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{Pair, users::Users};
use crate::policy::{identity::Identity, recent::Recent};

/// Hashes made at one time; each takes up to 64 MiB.
const AT_ONCE: usize = 2;
/// Credentials that are hashed or wait for it.
const MAY_WAIT: usize = 64;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(5);
/// Most credentials that are remembered, of the good and of the wrong ones each.
const KEPT: usize = 10_000;
/// How long wrong ones are remembered, in seconds.
const WRONG_SECONDS: i64 = 60;

pub(super) type Digest = [u8; 32];
pub(super) type Verdict = Result<Identity, &'static str>;

/// Users, and what is known of credentials that came.
#[derive(Debug)]
pub(super) struct Hashed {
    users: Users,
    key: HashKey,
    good_seconds: i64,
    running: Semaphore,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    good: Recent<Digest, (Identity, i64)>,
    wrong: Recent<Digest, (&'static str, i64)>,
    /// Credentials that are being hashed; each is once.
    under_way: HashMap<Digest, watch::Receiver<Option<Verdict>>>,
}

impl Hashed {
    /// `good_seconds`: how long a good credential is remembered.
    pub(super) fn new(users: Users, key: HashKey, good_seconds: i64) -> Self {
        let (good, wrong) = (Recent::new(KEPT), Recent::new(KEPT));
        let state = Mutex::new(State { good, wrong, under_way: HashMap::new() });
        let (running, places) = (Semaphore::new(AT_ONCE), Arc::new(Semaphore::new(MAY_WAIT)));
        Self { users, key, good_seconds, running, places, state }
    }

    pub(super) async fn verify(self: &Arc<Self>, pair: Pair, now: Timestamp) -> Verdict {
        let digest = self.digest(&pair);
        if let Some(known) = self.known(&digest, now) {
            return known;
        }
        let mut coming = self.begin(digest, pair, now)?;
        let waited = tokio::time::timeout(WAIT, coming.wait_for(Option::is_some)).await;
        let verdict =
            waited.ok().and_then(|coming| coming.ok().and_then(|verdict| verdict.clone()));
        verdict.unwrap_or(Err("basic-busy"))
    }

    /// Under a key: what is remembered tells no password.
    pub(super) fn digest(&self, pair: &Pair) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(self.key.expose());
        // A name has no colon, so that the parts cannot run together.
        hasher.update(pair.name.as_bytes()).update(b":").update(pair.password.as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn known(&self, digest: &Digest, now: Timestamp) -> Option<Verdict> {
        let mut state = self.lock();
        if let Some((identity, until)) = state.good.get_mut(digest)
            && now.seconds() < *until
        {
            return Some(Ok(identity.clone()));
        }
        let (reason, until) = state.wrong.get_mut(digest)?;
        (now.seconds() < *until).then_some(Err(*reason))
    }

    /// Hashes a credential, or waits for who hashes it already.
    fn begin(
        self: &Arc<Self>,
        digest: Digest,
        pair: Pair,
        now: Timestamp,
    ) -> Result<watch::Receiver<Option<Verdict>>, &'static str> {
        let mut state = self.lock();
        if let Some(coming) = state.under_way.get(&digest) {
            return Ok(coming.clone());
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| "basic-busy")?;
        let (sender, coming) = watch::channel(None);
        state.under_way.insert(digest, coming.clone());
        drop(state);
        let this = Arc::clone(self);
        // A task of its own: the client that came first may go away.
        tokio::spawn(async move {
            let end = End { hashed: &this, digest, sender, _place: place };
            let verdict = this.compare(pair).await;
            this.remember(digest, &verdict, now);
            end.sender.send_replace(Some(verdict));
        });
        Ok(coming)
    }

    fn remember(&self, digest: Digest, verdict: &Verdict, now: Timestamp) {
        let mut state = self.lock();
        match verdict {
            Ok(identity) => {
                let until = now.seconds() + self.good_seconds;
                state.good.put(digest, (identity.clone(), until));
            }
            Err("basic-busy") => {}
            Err(reason) => {
                state.wrong.put(digest, (reason, now.seconds() + WRONG_SECONDS));
            }
        }
    }

    async fn compare(&self, pair: Pair) -> Verdict {
        let Ok(_running) = self.running.acquire().await else { return Err("basic-busy") };
        let user = self.users.get(&pair.name).cloned();
        // Who is nobody takes as long as who is somebody.
        let hash =
            user.as_ref().map_or_else(|| self.users.any_hash(), |user| Arc::clone(&user.hash));
        let password = pair.password;
        let compared = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash);
            hash.is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            })
        });
        let is_same = compared.await.map_err(|_| "basic-busy")?;
        let Some(user) = user else { return Err("basic-user-unknown") };
        if !is_same {
            return Err("basic-password-wrong");
        }
        Ok(Identity {
            kind: PrincipalKind::Subject,
            // Tokens always have an issuer.
            issuer: "".into(),
            subject: pair.name.as_str().into(),
            owner: "".into(),
            scopes: user.scopes,
            claims: Arc::default(),
        })
    }
}

/// The end of a comparison, whatever came of it.
struct End<'a> {
    hashed: &'a Hashed,
    digest: Digest,
    sender: watch::Sender<Option<Verdict>>,
    _place: OwnedSemaphorePermit,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.hashed.lock().under_way.remove(&self.digest);
    }
}
