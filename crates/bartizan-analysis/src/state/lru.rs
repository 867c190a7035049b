//! The order of use behind the bounded maps: slots in one vector, linked from the longest unused to
//! the latest used, so that neither a look-up nor an eviction moves or allocates anything.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Slot<K, V> {
    key: K,
    newer: u32,
    older: u32,
    value: V,
}

/// A map that knows which entry was used longest ago. Deterministic: the order depends on the
/// sequence of calls alone.
#[derive(Clone, Debug)]
pub(crate) struct Lru<K, V> {
    index: HashMap<K, u32, FixedState>,
    slots: Vec<Slot<K, V>>,
    newest: u32,
    oldest: u32,
}

impl<K, V> Default for Lru<K, V> {
    fn default() -> Self {
        Self {
            index: HashMap::with_hasher(FixedState::default()),
            slots: Vec::new(),
            newest: NONE,
            oldest: NONE,
        }
    }
}

impl<K: Copy + Eq + Hash, V> Lru<K, V> {
    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether a key is there; does not count as a use.
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.index.contains_key(key)
    }

    /// The value of a key; does not count as a use.
    pub(crate) fn peek(&self, key: &K) -> Option<&V> {
        let at = *self.index.get(key)?;
        self.slots.get(at as usize).map(|slot| &slot.value)
    }

    /// The value of a key as the latest used.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = *self.index.get(key)?;
        if self.newest != at {
            self.unlink(at);
            self.link_newest(at);
        }
        self.slots.get_mut(at as usize).map(|slot| &mut slot.value)
    }

    /// The value of a key as the latest used, made by `make` when it is not there. When there are
    /// `capacity` entries (at least one) already, the longest unused makes room and its key is
    /// returned.
    pub(crate) fn entry(
        &mut self,
        key: K,
        capacity: usize,
        make: impl FnOnce() -> V,
    ) -> (&mut V, Option<K>) {
        let mut evicted = None;
        let at = if let Some(at) = self.index.get(&key).copied() {
            if self.newest != at {
                self.unlink(at);
                self.link_newest(at);
            }
            at
        } else {
            let value = make();
            let at = if self.slots.len() < capacity.clamp(1, NONE as usize) {
                self.slots.push(Slot { key, newer: NONE, older: NONE, value });
                (self.slots.len() - 1) as u32
            } else {
                let at = self.oldest;
                self.unlink(at);
                let slot = &mut self.slots[at as usize];
                self.index.remove(&slot.key);
                evicted = Some(slot.key);
                (slot.key, slot.value) = (key, value);
                at
            };
            self.index.insert(key, at);
            self.link_newest(at);
            at
        };
        (&mut self.slots[at as usize].value, evicted)
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

    fn order(&self) -> impl Iterator<Item = &Slot<K, V>> {
        let mut at = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.newer;
            Some(slot)
        })
    }

    /// All entries, longest unused first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.order().map(|slot| (&slot.key, &slot.value))
    }

    /// All values, in no order that means anything.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.slots.iter_mut().map(|slot| &mut slot.value)
    }

    /// All entries, longest unused first.
    pub(crate) fn into_entries(self) -> Vec<(K, V)> {
        let order: Vec<K> = self.order().map(|slot| slot.key).collect();
        let mut slots: Vec<Option<(K, V)>> =
            self.slots.into_iter().map(|slot| Some((slot.key, slot.value))).collect();
        let position = |key: &K| self.index.get(key).map(|at| *at as usize);
        order.iter().filter_map(|key| slots.get_mut(position(key)?)?.take()).collect()
    }
}
