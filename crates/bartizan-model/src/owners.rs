//! Whose objects are, as answers of an API told: shared by all gateways of a fleet.

use crate::hash::KeyedHash;

/// Remembers the owner of each object. What was forgotten is not known; it never says something that no answer
/// told.
pub trait ObjectOwners: Send + Sync + std::fmt::Debug {
    /// An answer told whose an object is; what was told last counts.
    fn note(&self, object: KeyedHash, owner: KeyedHash);

    /// Whose an object is, as far as it is known. Must not block.
    fn owner(&self, object: KeyedHash) -> Option<KeyedHash>;
}
