//! A bounded map that forgets the longest unused entry first.

use std::hash::Hash;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::state::lru::Lru;

/// A map with an order of use. Deterministic: eviction depends on the sequence of calls alone.
///
/// Keys must be keyed hashes: the map's own hash has no secret.
#[derive(Clone, Debug)]
pub struct RecentMap<K, V> {
    entries: Lru<K, V>,
    evicted: u64,
}

impl<K, V> Default for RecentMap<K, V> {
    fn default() -> Self {
        Self { entries: Lru::default(), evicted: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> RecentMap<K, V> {
    /// The value of a key; does not count as a use.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.peek(key)
    }

    /// The value of a key for change, as the latest used; made by `make` when absent. Forgets the
    /// longest unused beyond `capacity` entries.
    pub fn entry(&mut self, key: K, capacity: usize, make: impl FnOnce() -> V) -> &mut V {
        let (value, evicted) = self.entries.entry(key, capacity, make);
        self.evicted += u64::from(evicted.is_some());
        value
    }

    /// The value of a key for change, as the latest used.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// All values for change, in no order that means anything; does not count as a use.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries were forgotten: answers about unknown keys are incomplete once it is not 0.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// All entries, longest unused first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }
}

impl<K: Serialize + Copy + Eq + Hash, V: Serialize> Serialize for RecentMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries: Vec<(&K, &V)> = self.iter().collect();
        (self.evicted, entries).serialize(serializer)
    }
}

impl<'de, K, V> Deserialize<'de> for RecentMap<K, V>
where
    K: Deserialize<'de> + Copy + Eq + Hash,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (evicted, entries): (u64, Vec<(K, V)>) = Deserialize::deserialize(deserializer)?;
        let mut map = Self::default();
        for (key, value) in entries {
            map.entry(key, usize::MAX, || value);
        }
        map.evicted = evicted;
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_longest_unused_and_counts_it() {
        let mut map = RecentMap::default();
        for key in 0..3 {
            map.entry(key, 3, || key * 10);
        }
        assert_eq!(*map.entry(0, 3, || 7), 0);
        map.entry(3, 3, || 30);
        assert_eq!(map.get(&1), None);
        assert_eq!((map.get(&0), map.len(), map.evicted()), (Some(&0), 3, 1));
    }

    #[test]
    fn order_of_use_survives_saving() {
        let mut map = RecentMap::default();
        for key in [5, 1, 9] {
            map.entry(key, 10, || ());
        }
        let bytes = postcard::to_stdvec(&map).expect("serialises");
        let mut back: RecentMap<i32, ()> = postcard::from_bytes(&bytes).expect("reads");
        back.entry(7, 3, || ());
        assert_eq!(back.get(&5), None);
        assert!(back.get(&1).is_some());
    }
}
