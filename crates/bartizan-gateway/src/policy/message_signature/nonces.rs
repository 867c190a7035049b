//! A nonce of a signature is good once, as long as the signature is.

use std::cmp::Ordering;

use bartizan_model::{
    HashKey, KeyedHash, Timestamp,
    replay::{Account, ReplayStore, Use},
};

use crate::policy::window::Window;

/// How old signatures may be, and nonces of those that were taken.
#[derive(Debug)]
pub(super) struct Nonces {
    key: HashKey,
    policy: KeyedHash,
    pub(super) window: Window,
}

impl Nonces {
    /// Of a policy, by its name.
    pub(super) fn new(policy: &str, window: Window, key: &HashKey) -> Self {
        let key = key.derive("nonces of message signatures");
        let policy = key.hash("policy", policy.as_bytes());
        Self { key, policy, window }
    }

    /// Checks when a signature was made and until when it is good, if it says so, in seconds since 1970.
    ///
    /// # Errors
    /// A short name of what is wrong with that.
    pub(super) fn check_times(
        &self,
        (created, expires): (i64, Option<i64>),
        now: Timestamp,
    ) -> Result<(), &'static str> {
        match self.window.place(created, now) {
            Ordering::Greater => return Err("created-in-future"),
            Ordering::Less => return Err("signature-too-old"),
            Ordering::Equal => {}
        }
        if expires.is_some_and(|expires| expires < now.seconds() - self.window.leeway()) {
            return Err("signature-expired");
        }
        Ok(())
    }

    /// Uses a nonce of a signature that is good. Only what is good is remembered, so that nobody fills the store with
    /// nonsense.
    ///
    /// # Errors
    /// It was used before, or that cannot be told.
    pub(super) async fn take(
        &self,
        (signer, nonce): (&str, &str),
        created: i64,
        now: Timestamp,
        replays: &dyn ReplayStore,
    ) -> Result<(), &'static str> {
        let signer = [&self.policy.0[..], signer.as_bytes()].concat();
        let signer = self.key.hash("signer", &signer);
        let nonce = self.key.hash("nonce", &[&signer.0[..], nonce.as_bytes()].concat());
        let account = Account { policy: self.policy, signer };
        match replays.note(account, nonce, now, self.window.end(created)).known().await {
            Use::First => Ok(()),
            Use::Again | Use::UnderWay => Err("nonce-used"),
            Use::Unknown => Err("replays-unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ReplayTable;

    fn nonces(max_age: u32) -> Nonces {
        Nonces::new("a", Window::new(max_age, 10), &HashKey::new([1; 32]))
    }

    async fn take(
        nonces: &Nonces,
        created: i64,
        now: i64,
        replays: &ReplayTable,
    ) -> Result<(), &'static str> {
        let now = Timestamp::from_seconds(now);
        nonces.check_times((created, None), now)?;
        nonces.take(("k", &created.to_string()), created, now, replays).await
    }

    /// A nonce is forgotten when its signature is too old; a longer life must not bring such a signature back.
    #[tokio::test]
    async fn what_was_forgotten_is_not_good_again_after_a_reload() {
        let (before, replays) = (nonces(60), ReplayTable::default());
        assert_eq!(take(&before, 1_000, 1_000, &replays).await, Ok(()));
        let mut after = nonces(3_600);
        after.window.following(&before.window, Timestamp::from_seconds(1_010));
        assert_eq!(take(&after, 1_000, 1_020, &replays).await, Err("nonce-used"));
        assert_eq!(take(&after, 1_000, 1_072, &replays).await, Err("signature-too-old"));
        // One of before the swap, with a nonce that was never seen, is taken as before.
        assert_eq!(take(&after, 1_001, 1_030, &replays).await, Ok(()));
        // What was made later is good for longer, and its nonce is remembered for that.
        assert_eq!(take(&after, 1_081, 2_000, &replays).await, Ok(()));
        assert_eq!(take(&after, 1_081, 4_691, &replays).await, Err("nonce-used"));
        assert_eq!(take(&after, 1_081, 4_692, &replays).await, Err("signature-too-old"));
    }
}
