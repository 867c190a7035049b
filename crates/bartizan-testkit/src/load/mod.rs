//! Load that knows which answer belongs to which request, an origin that echoes, and a running
//! `bartizan serve` looked at from outside: what scenarios with faults are made of.
//!
//! Everything is plain HTTP/1.1 on loopback, one thread for each connection. An exchange is named by
//! a number; status, length and content of both bodies follow from it, so that neither end needs to
//! remember anything.

mod ask;
mod client;
mod disk;
mod idle;
mod origin;
mod serving;
mod tally;
mod wire;

pub use ask::{Ask, document};
pub use client::{Load, Mix};
pub use disk::SmallDisk;
pub use idle::{Crowd, raise_descriptors};
pub use origin::Origin;
pub use serving::{Footprint, Serving};
pub use tally::Tally;

/// Longest time that anything here waits for one read or write.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A sequence of numbers that a seed decides (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
