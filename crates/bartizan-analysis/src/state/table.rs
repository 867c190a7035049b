//! A bounded table with eviction of the least recently used key and completeness marks.

use bartizan_model::{Timestamp, counters::Completeness};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{Absorb, RecentSet};

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Slot<V> {
    key: u64,
    newer: u32,
    older: u32,
    value: V,
}

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
    index: HashMap<u64, u32, FixedState>,
    slots: Vec<Slot<V>>,
    newest: u32,
    oldest: u32,
    evicted: RecentSet,
    evictions: u64,
}

#[derive(Serialize, Deserialize)]
struct Saved<V> {
    capacity: u64,
    /// Least recently used first.
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
            index: HashMap::with_hasher(FixedState::default()),
            slots: Vec::new(),
            newest: NONE,
            oldest: NONE,
            evicted: RecentSet::new(capacity.saturating_mul(8)),
            evictions: 0,
        }
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many keys had to go.
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// The value of `key`, without touching it.
    #[must_use]
    pub fn peek(&self, key: u64) -> Option<&V> {
        let at = *self.index.get(&key)?;
        self.slots.get(at as usize).map(|slot| &slot.value)
    }

    /// The value of `key`, touched.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let at = *self.index.get(&key)?;
        self.touch(at);
        self.slots.get_mut(at as usize).map(|slot| &mut slot.value)
    }

    /// The value of `key`, touched, made by `make` when it is not there. *Incomplete* when the key
    /// is made anew although it was known before.
    pub fn entry(
        &mut self,
        key: u64,
        time: Timestamp,
        make: impl FnOnce() -> V,
    ) -> (&mut V, Completeness) {
        let mut completeness = Completeness::Complete;
        let at = if let Some(at) = self.index.get(&key).copied() {
            self.touch(at);
            at
        } else {
            if self.evictions > 0 && self.evicted.contains(key) {
                completeness = Completeness::Incomplete;
            }
            self.insert_new(key, time, make())
        };
        (&mut self.slots[at as usize].value, completeness)
    }

    fn insert_new(&mut self, key: u64, time: Timestamp, value: V) -> u32 {
        let at = if self.slots.len() < self.capacity {
            self.slots.push(Slot { key, newer: NONE, older: NONE, value });
            (self.slots.len() - 1) as u32
        } else {
            let at = self.oldest;
            self.unlink(at);
            let slot = &mut self.slots[at as usize];
            self.index.remove(&slot.key);
            self.evicted.insert(slot.key, time);
            self.evictions += 1;
            (slot.key, slot.value) = (key, value);
            at
        };
        self.index.insert(key, at);
        self.link_newest(at);
        at
    }

    fn touch(&mut self, at: u32) {
        if self.newest != at {
            self.unlink(at);
            self.link_newest(at);
        }
    }

    fn unlink(&mut self, at: u32) {
        let (newer, older) = (self.slots[at as usize].newer, self.slots[at as usize].older);
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: u32) {
        let before = self.newest;
        let slot = &mut self.slots[at as usize];
        (slot.newer, slot.older) = (NONE, before);
        match self.slots.get_mut(before as usize) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }

    /// Entries, the least recently used first.
    fn into_entries(mut self) -> Vec<(u64, V)> {
        let mut order = Vec::with_capacity(self.slots.len());
        let mut at = self.oldest;
        while let Some(slot) = self.slots.get(at as usize) {
            order.push(at);
            at = slot.newer;
        }
        let mut taken: Vec<Option<(u64, V)>> =
            self.slots.drain(..).map(|slot| Some((slot.key, slot.value))).collect();
        order.into_iter().filter_map(|at| taken.get_mut(at as usize)?.take()).collect()
    }
}

impl<V: Absorb> Absorb for Table<V> {
    fn absorb(&mut self, other: Self) {
        let evictions = other.evictions;
        self.evicted.absorb(other.evicted.clone());
        for (key, value) in other.into_entries() {
            match self.get_mut(key) {
                Some(mine) => mine.absorb(value),
                None => {
                    self.insert_new(key, Timestamp::default(), value);
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
            evicted: table.evicted.clone(),
            evictions: table.evictions,
            entries: table.into_entries(),
        }
    }
}

impl<V> From<Saved<V>> for Table<V> {
    fn from(saved: Saved<V>) -> Self {
        let mut table = Self::new(usize::try_from(saved.capacity).unwrap_or(1));
        table.evicted = saved.evicted;
        for (key, value) in saved.entries {
            // Damaged bytes may repeat a key; the list of slots must not.
            if !table.index.contains_key(&key) {
                table.insert_new(key, Timestamp::default(), value);
            }
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
        assert!(table.slots.len() == 64 && table.evicted.len() <= 512);
    }
}
