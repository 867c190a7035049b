//! A bounded table with eviction of the least recently used key and completeness marks.

use bartizan_model::{Timestamp, counters::Completeness};
use serde::{Deserialize, Serialize};

use super::{Absorb, RecentSet, lru::Lru};

/// At most `capacity` values by 64-bit key. When it is full, the key that was not touched for the
/// longest time goes; a key that comes back is marked incomplete as long as that is remembered
/// (eight times the capacity).
///
/// Keys must be keyed hashes (see [`super::table_key`]): the table's own hash has no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Saved<V>", into = "Saved<V>")]
#[serde(bound(serialize = "V: Serialize + Clone", deserialize = "V: Deserialize<'de>"))]
pub struct Table<V> {
    capacity: usize,
    entries: Lru<u64, V>,
    evicted: RecentSet,
    evictions: u64,
}

#[derive(Serialize, Deserialize)]
struct Saved<V> {
    capacity: u64,
    /// From the longest untouched to the latest.
    entries: Vec<(u64, V)>,
    evicted: RecentSet,
    evictions: u64,
}

impl<V> Table<V> {
    /// An empty table of at most `capacity` keys (at least 1, at most 2³¹).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, 1 << 31);
        Self {
            capacity,
            entries: Lru::default(),
            evicted: RecentSet::new(capacity.saturating_mul(8)),
            evictions: 0,
        }
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys had to go.
    #[cfg(test)]
    const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// The value of `key`, without touching it.
    #[must_use]
    pub fn peek(&self, key: u64) -> Option<&V> {
        self.entries.peek(&key)
    }

    /// The value of `key`, touched.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.entries.get_mut(&key)
    }

    /// The value of `key`, touched, made by `make` when it is not there. *Incomplete* when the key
    /// is made anew although it was known before.
    pub fn entry(
        &mut self,
        key: u64,
        time: Timestamp,
        make: impl FnOnce() -> V,
    ) -> (&mut V, Completeness) {
        let lost = self.evictions > 0 && !self.entries.contains(&key) && self.evicted.contains(key);
        let completeness = if lost { Completeness::Incomplete } else { Completeness::Complete };
        let (value, evicted) = self.entries.entry(key, self.capacity, make);
        if let Some(evicted) = evicted {
            self.evicted.insert(evicted, time);
            self.evictions += 1;
        }
        (value, completeness)
    }
}

impl<V: Absorb> Absorb for Table<V> {
    fn absorb(&mut self, other: Self) {
        let evictions = other.evictions;
        self.evicted.absorb(other.evicted);
        for (key, value) in other.entries.into_entries() {
            match self.entries.get_mut(&key) {
                Some(mine) => mine.absorb(value),
                None => {
                    self.entry(key, Timestamp::default(), || value);
                }
            }
        }
        self.evictions += evictions;
    }
}

impl<V> From<Table<V>> for Saved<V> {
    fn from(table: Table<V>) -> Self {
        Self {
            capacity: table.capacity as u64,
            evicted: table.evicted,
            evictions: table.evictions,
            entries: table.entries.into_entries(),
        }
    }
}

impl<V> From<Saved<V>> for Table<V> {
    fn from(saved: Saved<V>) -> Self {
        let mut table = Self::new(usize::try_from(saved.capacity).unwrap_or(1));
        table.evicted = saved.evicted;
        for (key, value) in saved.entries {
            // Damaged bytes may repeat a key: the first value stays.
            table.entry(key, Timestamp::default(), || value);
        }
        table.evictions = saved.evictions;
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evicts_the_least_recently_used_and_says_so() {
        let mut table: Table<u32> = Table::new(3);
        let at = Timestamp::default();
        for key in [1, 2, 3] {
            *table.entry(key, at, || 0).0 += 1;
        }
        table.entry(1, at, || 0);
        table.entry(4, at, || 0);
        assert_eq!((table.len(), table.evictions()), (3, 1));
        assert!(table.peek(2).is_none() && table.peek(1).is_some());
        assert_eq!(table.entry(2, at, || 7), (&mut 7, Completeness::Incomplete));
        assert_eq!(table.entry(9, at, || 8).1, Completeness::Complete);
    }

    #[test]
    fn saving_keeps_the_order_of_use() {
        let at = Timestamp::default();
        let mut table: Table<u32> = Table::new(4);
        for key in [5, 1, 9, 2, 5, 7, 1] {
            *table.entry(key, at, || 0).0 += 1;
        }
        let bytes = super::super::codec::save(1, &table);
        let mut again: Table<u32> = super::super::codec::load(1, &bytes).expect("own bytes");
        for key in [3, 5, 8, 1] {
            let (a, b) = (table.entry(key, at, || 0).1, again.entry(key, at, || 0).1);
            assert_eq!(a, b);
        }
        let save = |t: &Table<u32>| super::super::codec::save(1, t);
        assert_eq!(save(&table), save(&again));
    }

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let mut table: Table<u64> = Table::new(64);
        for key in 0..100_000u64 {
            table.entry(key, Timestamp::default(), || key);
        }
        assert_eq!(table.len(), 64);
        assert!(table.evicted.len() <= 512);
    }
}
