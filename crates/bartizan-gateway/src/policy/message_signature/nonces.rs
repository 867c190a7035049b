//! How long signatures are good, and that a nonce is good once while they are.

use bartizan_model::{
    HashKey, KeyedHash, Timestamp,
    replay::{Account, ReplayStore, Use},
};

/// How long after a reload was read it may be until the new settings act, in seconds.
const SWAP_SECONDS: i64 = 60;

/// How old signatures may be, and nonces of those that were taken.
#[derive(Debug)]
pub(super) struct Nonces {
    key: HashKey,
    policy: KeyedHash,
    /// How old a signature may be, in seconds: with leeway.
    age: i64,
    leeway: i64,
    earlier: Option<Earlier>,
}

/// What counts for signatures that were made before a reload: their nonces are forgotten when they were too old then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Earlier {
    /// When they were made, at the latest, in seconds since 1970.
    made_until: i64,
    age: i64,
}

impl Nonces {
    /// Of a policy, by its name; times in seconds.
    pub(super) fn new(policy: &str, max_age: i64, leeway: i64, key: &HashKey) -> Self {
        let key = key.derive("nonces of message signatures");
        let policy = key.hash("policy", policy.as_bytes());
        Self { key, policy, age: max_age + leeway, leeway, earlier: None }
    }

    /// Those of the same policy, that take the place of others at `now`.
    pub(super) fn following(&mut self, before: &Self, now: Timestamp) {
        let now = now.seconds();
        let still =
            |earlier: &Earlier| earlier.age < self.age && now <= earlier.made_until + self.age;
        let earlier = before.earlier.filter(still);
        self.earlier = if before.age < self.age {
            let age = earlier.map_or(before.age, |earlier| earlier.age.min(before.age));
            Some(Earlier { made_until: now + before.leeway + SWAP_SECONDS, age })
        } else {
            earlier
        };
    }

    /// How old a signature may be that was made then, in seconds.
    fn age_of(&self, created: i64) -> i64 {
        let earlier = self.earlier.filter(|earlier| created <= earlier.made_until);
        earlier.map_or(self.age, |earlier| earlier.age)
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
        let now = now.seconds();
        if created > now + self.leeway {
            return Err("created-in-future");
        }
        if created < now - self.age_of(created) {
            return Err("signature-too-old");
        }
        if expires.is_some_and(|expires| expires < now - self.leeway) {
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
        let until = Timestamp::from_seconds(created + self.age_of(created) + 1);
        match replays.note(account, nonce, now, until).known().await {
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

    fn nonces(max_age: i64) -> Nonces {
        Nonces::new("a", max_age, 10, &HashKey::new([1; 32]))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    async fn take(
        nonces: &Nonces,
        created: i64,
        now: i64,
        replays: &ReplayTable,
    ) -> Result<(), &'static str> {
        nonces.check_times((created, None), at(now))?;
        nonces.take(("k", &created.to_string()), created, at(now), replays).await
    }

    /// A nonce is forgotten when its signature is too old; a longer life must not bring such a signature back.
    #[tokio::test]
    async fn what_was_forgotten_is_not_good_again_after_a_reload() {
        let (before, replays) = (nonces(60), ReplayTable::default());
        assert_eq!(take(&before, 1_000, 1_000, &replays).await, Ok(()));
        let mut after = nonces(3_600);
        after.following(&before, at(1_010));
        assert_eq!(take(&after, 1_000, 1_020, &replays).await, Err("nonce-used"));
        assert_eq!(take(&after, 1_000, 1_072, &replays).await, Err("signature-too-old"));
        // One of before the swap, with a nonce that was never seen, is taken as before.
        assert_eq!(take(&after, 1_001, 1_030, &replays).await, Ok(()));
        // What was made later is good for longer, and its nonce is remembered for that.
        assert_eq!(take(&after, 1_081, 2_000, &replays).await, Ok(()));
        assert_eq!(take(&after, 1_081, 4_691, &replays).await, Err("nonce-used"));
        assert_eq!(take(&after, 1_081, 4_692, &replays).await, Err("signature-too-old"));
    }

    #[test]
    fn one_reload_after_the_other_forgets_no_more_than_the_first() {
        let ages = |nonces: &Nonces| nonces.earlier.map(|one| (one.made_until, one.age));
        let mut second = nonces(600);
        second.following(&nonces(60), at(1_000));
        assert_eq!(ages(&second), Some((1_070, 70)));
        let mut third = nonces(600);
        third.following(&second, at(1_100));
        assert_eq!(ages(&third), ages(&second), "with the same settings it stays");
        let mut longer = nonces(3_600);
        longer.following(&third, at(1_100));
        assert_eq!(ages(&longer), Some((1_170, 70)));
        let mut shorter = nonces(60);
        shorter.following(&longer, at(1_100));
        assert_eq!(ages(&shorter), None);
        let mut later = nonces(600);
        later.following(&second, at(1_681));
        assert_eq!(ages(&later), None, "all of before are too old anyway");
    }
}
