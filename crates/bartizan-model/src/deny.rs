//! The trait of deny lists: credentials that verify and are refused nevertheless, until they expire.

use std::fmt;

use crate::{api_key::Later, hash::KeyedHash, time::Timestamp};

/// Credentials that were withdrawn: by a logout, or by somebody who knows that they were stolen. Embedded in a process,
/// or shared by several.
pub trait DenyList: Send + Sync + fmt::Debug {
    /// Denies whatever has this key from now on until `until`, which is when it expires by itself. Counts at once in
    /// this process.
    fn deny(&self, key: KeyedHash, now: Timestamp, until: Timestamp);

    /// Whether any of these keys is denied at `now`.
    fn denies(&self, keys: &[KeyedHash], now: Timestamp) -> Denied<'_>;
}

/// The answer of a [`DenyList`].
pub enum Denied<'a> {
    /// Known at once: kept in this process.
    Now(bool),
    /// Known after a look-up, which has a time limit of its own; a look-up that fails denies nothing and says so to
    /// the operator.
    Later(Later<'a, bool>),
}

impl Denied<'_> {
    /// Waits for it where that is needed.
    pub async fn known(self) -> bool {
        match self {
            Self::Now(denied) => denied,
            Self::Later(later) => later.await,
        }
    }
}

impl fmt::Debug for Denied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(denied) => f.debug_tuple("Now").field(denied).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}
