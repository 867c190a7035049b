//! The trait of replay stores: what was signed to be used once is used once, whatever scheme signed it.

use std::fmt;

use crate::{api_key::Later, hash::KeyedHash, time::Timestamp};

/// Remembers what was used, for as long as it could be used again. One store serves every signed scheme: proofs of
/// possession (RFC 9449 §11.1), message signatures, deliveries; each hashes its identifiers in a domain of its own, so
/// that they never meet. Embedded in a process, or shared by several.
pub trait ReplayStore: Send + Sync + fmt::Debug {
    /// Notes that what has this key is used at `now`, and says whether it was before. It is remembered until `until`,
    /// which is when its scheme takes it no more. Of two that come at once only one is the first.
    fn note(&self, account: Account, key: KeyedHash, now: Timestamp, until: Timestamp)
    -> Noted<'_>;

    /// Begins a use at `now` that only counts if it succeeds: a delivery that its receiver may refuse, and that its sender
    /// then sends again. Until [`ReplayStore::settle`] tells what came of it, others hear [`Use::UnderWay`].
    fn begin(&self, account: Account, key: KeyedHash, now: Timestamp) -> Noted<'_>;

    /// Ends what [`ReplayStore::begin`] has begun and has called the first: used, and remembered until that time, or
    /// not used after all. Nothing happens where nothing has begun. Counts at once in this process.
    fn settle(&self, key: KeyedHash, until: Option<Timestamp>);
}

/// On whose account something is used. A store has a bound: however much is on one account, it leaves room for what is on
/// others, so that nobody keeps them out by using it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The policy that takes it.
    pub policy: KeyedHash,
    /// Who signs for that policy; the policy itself where those are not told apart. No two policies share one.
    pub signer: KeyedHash,
}

impl Account {
    /// The account of a policy that does not tell apart who signs.
    #[must_use]
    pub const fn of(policy: KeyedHash) -> Self {
        Self { policy, signer: policy }
    }
}

/// What is known of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is the first.
    First,
    /// There was one before.
    Again,
    /// Another one has begun, and it is not known yet whether it succeeds.
    UnderWay,
    /// It cannot be told: the store is full, or did not answer in time. Whoever must not be fooled refuses.
    Unknown,
}

/// The answer of a [`ReplayStore`].
pub enum Noted<'a> {
    /// Known at once: kept in this process.
    Now(Use),
    /// Known after a look-up, which has a time limit of its own.
    Later(Later<'a, Use>),
}

impl Noted<'_> {
    /// Waits for it where that is needed.
    pub async fn known(self) -> Use {
        match self {
            Self::Now(used) => used,
            Self::Later(later) => later.await,
        }
    }
}

impl fmt::Debug for Noted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(used) => f.debug_tuple("Now").field(used).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
