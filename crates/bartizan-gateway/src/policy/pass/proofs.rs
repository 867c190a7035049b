//! Proofs that one request brings: several policies may ask about one, which is one use of it.

use std::sync::{Mutex, PoisonError};

use bartizan_model::{
    KeyedHash, Timestamp,
    replay::{Account, Noted, ReplayStore, Use},
};

/// Proofs that were used first by this request.
#[derive(Debug, Default)]
pub(super) struct Proofs(Mutex<Vec<KeyedHash>>);

impl Proofs {
    /// A store to which these are used first however often this request asks.
    pub(super) const fn within<'a>(&'a self, store: &'a dyn ReplayStore) -> Within<'a> {
        Within { own: self, store }
    }

    fn hold(&self, key: KeyedHash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    fn keep(&self, key: KeyedHash, used: Use) -> Use {
        if used == Use::First {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        }
        used
    }
}

/// See [`Proofs::within`].
#[derive(Debug)]
pub(super) struct Within<'a> {
    own: &'a Proofs,
    store: &'a dyn ReplayStore,
}

impl ReplayStore for Within<'_> {
    fn note(
        &self,
        account: Account,
        key: KeyedHash,
        now: Timestamp,
        until: Timestamp,
    ) -> Noted<'_> {
        if self.own.hold(key) {
            return Noted::Now(Use::First);
        }
        match self.store.note(account, key, now, until) {
            Noted::Now(used) => Noted::Now(self.own.keep(key, used)),
            Noted::Later(later) => {
                Noted::Later(Box::pin(async move { self.own.keep(key, later.await) }))
            }
        }
    }

    fn begin(&self, account: Account, key: KeyedHash, now: Timestamp) -> Noted<'_> {
        self.store.begin(account, key, now)
    }

    fn settle(&self, key: KeyedHash, until: Option<Timestamp>) {
        self.store.settle(key, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ReplayTable;

    #[test]
    fn a_proof_is_used_once_by_one_request() {
        let store = ReplayTable::default();
        let (one, other) = (Proofs::default(), Proofs::default());
        let at = Timestamp::from_seconds;
        let note = |proofs: &Proofs| {
            let within = proofs.within(&store);
            let account = Account::of(KeyedHash([2; 10]));
            let noted = within.note(account, KeyedHash([1; 10]), at(1), at(60));
            matches!(noted, Noted::Now(Use::First))
        };
        assert!(note(&one) && note(&one), "two policies");
        assert!(!note(&other), "two requests");
        assert!(note(&one));
    }
}
