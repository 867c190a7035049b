//! A bounded map that forgets the longest unused entry first.

use std::{collections::BTreeMap, hash::Hash};

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map with an order of use. Deterministic: eviction depends on the sequence of calls alone.
#[derive(Clone, Debug)]
pub struct RecentMap<K, V> {
    entries: HashMap<K, (V, u64)>,
    order: BTreeMap<u64, K>,
    tick: u64,
    evicted: u64,
}

impl<K, V> Default for RecentMap<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), tick: 0, evicted: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> RecentMap<K, V> {
    /// The value of a key; does not count as a use.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(value, _)| value)
    }

    /// Puts a value as the latest used and evicts the longest unused beyond `capacity` entries.
    pub fn insert(&mut self, key: K, value: V, capacity: usize) {
        self.tick += 1;
        if let Some((_, old)) = self.entries.insert(key, (value, self.tick)) {
            self.order.remove(&old);
        }
        self.order.insert(self.tick, key);
        while self.entries.len() > capacity {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.entries.remove(&oldest);
            self.evicted += 1;
        }
    }

    /// The value of a key for change, as the latest used; made by `default` when absent.
    pub fn entry(
        &mut self,
        key: K,
        capacity: usize,
        default: impl FnOnce() -> V,
    ) -> Option<&mut V> {
        self.tick += 1;
        let tick = self.tick;
        if let Some((_, old)) = self.entries.get_mut(&key) {
            self.order.remove(old);
            *old = tick;
            self.order.insert(tick, key);
        } else {
            self.insert(key, default(), capacity);
        }
        self.entries.get_mut(&key).map(|(value, _)| value)
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries were forgotten: answers about unknown keys are incomplete once it is not 0.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// All entries, longest unused first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.order.values().filter_map(|key| Some((key, &self.entries.get(key)?.0)))
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
            map.insert(key, value, usize::MAX);
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
            map.insert(key, key * 10, 3);
        }
        assert!(map.entry(0, 3, || 0).is_some());
        map.insert(3, 30, 3);
        assert_eq!(map.get(&1), None);
        assert_eq!((map.get(&0), map.len(), map.evicted()), (Some(&0), 3, 1));
    }

    #[test]
    fn order_of_use_survives_saving() {
        let mut map = RecentMap::default();
        for key in [5, 1, 9] {
            map.insert(key, (), 10);
        }
        let bytes = postcard::to_stdvec(&map).expect("serialises");
        let mut back: RecentMap<i32, ()> = postcard::from_bytes(&bytes).expect("reads");
        back.insert(7, (), 3);
        assert_eq!(back.get(&5), None);
        assert!(back.get(&1).is_some());
    }
}
