//! Traits for shared counters and caches. The embedded implementations and their networked twins
//! pass the same test suite; the judgement only knows these.

use crate::{
    hash::KeyedHash,
    time::{Duration, Timestamp},
};

/// Whether a counter or cache knows everything about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing was lost for this key and time.
    Complete,
    /// Loss, eviction, sampling, truncation or a restart: a detector answers *not evaluated*.
    Incomplete,
}

/// Counts events per key in a sliding window of event time.
pub trait WindowCounter {
    /// Adds `weight` for `key` at `time` and returns the sum over the last `window`, with its
    /// completeness.
    fn add(
        &mut self,
        key: KeyedHash,
        time: Timestamp,
        weight: u64,
        window: Duration,
    ) -> (u64, Completeness);
}

/// Remembers values per key for a while.
pub trait Cache<V> {
    /// The value of `key` that was put at most `max_age` before `now`.
    fn get(&self, key: KeyedHash, now: Timestamp, max_age: Duration) -> Option<&V>;
    /// Puts a value; may evict others.
    fn put(&mut self, key: KeyedHash, now: Timestamp, value: V);
}
