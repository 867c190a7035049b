//! Bounded, mergeable, serialisable state that detectors and learners keep between exchanges.
//!
//! Everything here is deterministic (no clock, no randomness, no order of a hash table that can
//! show), has a stated bound, and says when it forgot something: a detector then answers *not
//! evaluated* instead of drawing a conclusion from a gap.

pub mod codec;
pub mod distinct;
pub(crate) mod lru;
pub mod recent;
pub mod robust;
pub mod table;
pub mod trail;
pub mod window;

pub use distinct::Distinct;
pub use recent::RecentSet;
pub use robust::Spread;
pub use table::Table;
pub use trail::{Trace, Trail};
pub use window::Buckets;

use bartizan_model::KeyedHash;

/// Takes in the state of another shard. Shards split by key, so two sides seldom both know much
/// about one key; where they do, counts add and the later time wins.
pub trait Absorb {
    /// Adds what `other` knows.
    fn absorb(&mut self, other: Self);
}

/// The 64 bits of a keyed hash that in-memory tables use as their key.
#[must_use]
pub fn table_key(hash: KeyedHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Mixes two keys into one, depending on their order (finaliser of SplitMix64).
#[must_use]
pub const fn pair(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(29) ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Absorb for bartizan_model::Timestamp {
    /// The earlier one: used for "first seen".
    fn absorb(&mut self, other: Self) {
        *self = (*self).min(other);
    }
}
