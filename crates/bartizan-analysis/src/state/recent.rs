//! A bounded set of keys that forgets the oldest half at a time and remembers since when.

use bartizan_model::Timestamp;
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use super::Absorb;

/// Two generations of keys: when the young one is full, the old one is dropped. Holds at least
/// `capacity / 2` and at most `capacity` keys; keys that are asked for again stay young.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct RecentSet {
    half: usize,
    young: HashSet<u64, FixedState>,
    old: HashSet<u64, FixedState>,
    /// Latest time of an insertion into the old and young generation.
    old_until: Timestamp,
    young_until: Timestamp,
    complete_since: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    half: u64,
    young: Vec<u64>,
    old: Vec<u64>,
    times: (Timestamp, Timestamp, Option<Timestamp>),
}

impl RecentSet {
    /// An empty set of at most `capacity` keys.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            half: (capacity / 2).max(1),
            young: HashSet::with_hasher(FixedState::default()),
            old: HashSet::with_hasher(FixedState::default()),
            old_until: Timestamp::default(),
            young_until: Timestamp::default(),
            complete_since: None,
        }
    }

    /// Adds a key; true when it was not there.
    pub fn insert(&mut self, key: u64, time: Timestamp) -> bool {
        if self.young.contains(&key) {
            return false;
        }
        let known = self.old.remove(&key);
        if self.young.len() >= self.half {
            if !self.old.is_empty() {
                self.complete_since = Some(self.old_until);
            }
            self.old = std::mem::take(&mut self.young);
            self.old_until = self.young_until;
        }
        self.young.insert(key);
        self.young_until = self.young_until.max(time);
        !known
    }

    /// Whether the key is there.
    #[must_use]
    pub fn contains(&self, key: u64) -> bool {
        self.young.contains(&key) || self.old.contains(&key)
    }

    /// Whether nothing that was inserted after `since` has been forgotten.
    #[must_use]
    pub fn is_complete_since(&self, since: Timestamp) -> bool {
        self.complete_since.is_none_or(|lost_until| since > lost_until)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Absorb for RecentSet {
    fn absorb(&mut self, other: Self) {
        let saved = Saved::from(other);
        let (old_until, young_until, lost) = saved.times;
        for key in saved.old {
            self.insert(key, old_until);
        }
        for key in saved.young {
            self.insert(key, young_until);
        }
        self.complete_since = self.complete_since.max(lost);
    }
}

impl From<RecentSet> for Saved {
    fn from(set: RecentSet) -> Self {
        let sorted = |keys: HashSet<u64, FixedState>| {
            let mut keys: Vec<u64> = keys.into_iter().collect();
            keys.sort_unstable();
            keys
        };
        Self {
            half: set.half as u64,
            young: sorted(set.young),
            old: sorted(set.old),
            times: (set.old_until, set.young_until, set.complete_since),
        }
    }
}

impl From<Saved> for RecentSet {
    fn from(saved: Saved) -> Self {
        Self {
            half: usize::try_from(saved.half).unwrap_or(1).max(1),
            young: saved.young.into_iter().collect(),
            old: saved.old.into_iter().collect(),
            old_until: saved.times.0,
            young_until: saved.times.1,
            complete_since: saved.times.2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_bounded_and_admits_what_it_forgot() {
        let mut set = RecentSet::new(100);
        for i in 0..1_000u64 {
            assert!(set.insert(i, Timestamp::from_seconds(i as i64)));
            assert!(set.len() <= 100);
        }
        assert!(set.contains(999) && set.contains(960) && !set.contains(10));
        assert!(!set.is_complete_since(Timestamp::from_seconds(10)));
        assert!(set.is_complete_since(Timestamp::from_seconds(990)));
    }

    #[test]
    fn what_is_asked_for_again_stays() {
        let mut set = RecentSet::new(100);
        for i in 1..1_000u64 {
            set.insert(0, Timestamp::default());
            set.insert(i, Timestamp::default());
        }
        assert!(set.contains(0));
    }
}
