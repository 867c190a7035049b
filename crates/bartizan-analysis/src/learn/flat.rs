//! A map for few entries: one sorted list, with hardly more room than it needs.

use std::slice::Iter;

use serde::{Deserialize, Serialize};

/// A map as one list in the order of its keys. There are several of them at each endpoint, most with a handful of
/// entries, where a tree or a table of hashes has more empty slots than full ones. Adding moves what is behind
/// the new entry, so it is for bounded numbers of keys that are looked up far more often than added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flat<K, V>(Vec<(K, V)>);

impl<K, V> Default for Flat<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Flat<K, V> {
    fn position(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is an entry of this key.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.position(key).is_ok()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.position(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.position(key).ok().map(|at| &mut self.0[at].1)
    }

    /// The value of a key, made by `make` when there is none yet.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = match self.position(&key) {
            Ok(at) => at,
            Err(at) => {
                self.insert_at(at, key, make());
                at
            }
        };
        &mut self.0[at].1
    }

    /// The value of a key, made by `make` when there is none yet; `None` when there are `most` others already.
    pub fn get_or_insert_within(
        &mut self,
        most: usize,
        key: K,
        make: impl FnOnce() -> V,
    ) -> Option<&mut V> {
        let at = match self.position(&key) {
            Ok(at) => at,
            Err(_) if self.0.len() >= most => return None,
            Err(at) => {
                self.insert_at(at, key, make());
                at
            }
        };
        Some(&mut self.0[at].1)
    }

    /// Sets the value of a key; the one before, if any.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.position(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.insert_at(at, key, value);
                None
            }
        }
    }

    fn insert_at(&mut self, at: usize, key: K, value: V) {
        let len = self.0.len();
        if len == self.0.capacity() {
            self.0.reserve_exact(1 + len / 4);
        }
        self.0.insert(at, (key, value));
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.position(key).ok().map(|at| self.0.remove(at).1)
    }
}

impl<K, V> Flat<K, V> {
    /// All entries in the order of their keys.
    pub fn iter(&self) -> Entries<'_, K, V> {
        fn split<K, V>((key, value): &(K, V)) -> (&K, &V) {
            (key, value)
        }
        self.0.iter().map(split)
    }

    /// All keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// All entries in the order of their keys, the values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }
}

/// The entries of a [`Flat`] in the order of their keys.
pub type Entries<'f, K, V> = std::iter::Map<Iter<'f, (K, V)>, fn(&'f (K, V)) -> (&'f K, &'f V)>;

impl<'f, K, V> IntoIterator for &'f Flat<K, V> {
    type Item = (&'f K, &'f V);
    type IntoIter = Entries<'f, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Flat<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        let mut out = Self::default();
        for (key, value) in entries {
            out.insert(key, value);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_is_what_a_tree_is() {
        let (mut flat, mut tree) = (Flat::default(), BTreeMap::new());
        for step in 0..2_000u32 {
            let key = step.wrapping_mul(2_654_435_761) >> 24;
            if step % 3 == 0 {
                assert_eq!(flat.remove(&key), tree.remove(&key));
            } else if step % 3 == 1 {
                assert_eq!(flat.insert(key, step), tree.insert(key, step));
            } else {
                let mine = flat.get_or_insert_with(key, || step);
                assert_eq!(mine, tree.entry(key).or_insert(step));
            }
            assert_eq!((flat.get(&key), flat.len()), (tree.get(&key), tree.len()));
        }
        assert!(flat.iter().eq(tree.iter()) && flat.keys().eq(tree.keys()));
        let bytes = postcard::to_stdvec(&flat).expect("serialises");
        assert_eq!(postcard::from_bytes::<Flat<u32, u32>>(&bytes).as_ref(), Ok(&flat));
    }

    #[test]
    fn a_full_one_takes_nothing_new() {
        let mut flat: Flat<u8, u8> = [(1, 10), (2, 20)].into();
        assert_eq!(flat.get_or_insert_within(2, 3, || 30), None);
        assert_eq!(flat.get_or_insert_within(2, 2, || 30), Some(&mut 20));
        assert_eq!(flat.get_or_insert_within(3, 3, || 30), Some(&mut 30));
    }
}
