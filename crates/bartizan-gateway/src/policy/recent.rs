//! A table of fixed capacity that forgets what was not asked for the longest.

use std::{collections::HashMap, hash::Hash};

const NONE: u32 = u32::MAX;

/// Values by key, in order of their last use. Every operation takes constant time.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    places: HashMap<K, u32>,
    nodes: Vec<Node<K, V>>,
    capacity: usize,
    newest: u32,
    oldest: u32,
}

#[derive(Debug)]
struct Node<K, V> {
    key: K,
    value: V,
    newer: u32,
    older: u32,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// For at most `capacity` values (at least one). Memory grows with use.
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, NONE as usize - 1);
        Self { places: HashMap::new(), nodes: Vec::new(), capacity, newest: NONE, oldest: NONE }
    }

    /// The value of a key, which becomes the newest.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = *self.places.get(key)?;
        self.unlink(at);
        self.link(at);
        Some(&mut self.nodes[at as usize].value)
    }

    /// Puts a value; it becomes the newest. Gives what had to go for it: the oldest when the table
    /// is full, or the value that the key had.
    pub(crate) fn put(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(&at) = self.places.get(&key) {
            self.unlink(at);
            self.link(at);
            let before = std::mem::replace(&mut self.nodes[at as usize].value, value);
            return Some((key, before));
        }
        let node = Node { key, value, newer: NONE, older: NONE };
        if self.nodes.len() < self.capacity {
            let at = self.nodes.len() as u32;
            self.nodes.push(node);
            self.places.insert(key, at);
            self.link(at);
            return None;
        }
        let at = self.oldest;
        self.unlink(at);
        let gone = std::mem::replace(&mut self.nodes[at as usize], node);
        self.places.remove(&gone.key);
        self.places.insert(key, at);
        self.link(at);
        Some((gone.key, gone.value))
    }

    /// Lets a key be the first that goes.
    pub(crate) fn make_oldest(&mut self, key: &K) {
        let Some(&at) = self.places.get(key) else { return };
        self.unlink(at);
        let before = self.oldest;
        let node = &mut self.nodes[at as usize];
        (node.newer, node.older) = (before, NONE);
        match before {
            NONE => self.newest = at,
            before => self.nodes[before as usize].older = at,
        }
        self.oldest = at;
    }

    /// Looks at every value. Their order does not change.
    pub(crate) fn for_each(&mut self, mut look: impl FnMut(&K, &mut V)) {
        for node in &mut self.nodes {
            look(&node.key, &mut node.value);
        }
    }

    /// Values held.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn unlink(&mut self, at: u32) {
        let Node { newer, older, .. } = self.nodes[at as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.nodes[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.nodes[older as usize].newer = newer,
        }
    }

    fn link(&mut self, at: u32) {
        let before = self.newest;
        let node = &mut self.nodes[at as usize];
        (node.newer, node.older) = (NONE, before);
        match before {
            NONE => self.oldest = at,
            before => self.nodes[before as usize].newer = at,
        }
        self.newest = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes() {
        let mut table = Recent::new(2);
        assert_eq!((table.put(1, 'a'), table.put(2, 'b')), (None, None));
        assert_eq!(table.get_mut(&1), Some(&mut 'a'));
        assert_eq!(table.put(3, 'c'), Some((2, 'b')));
        assert_eq!(table.put(1, 'd'), Some((1, 'a')));
        assert_eq!(table.get_mut(&2), None);
        assert_eq!((table.get_mut(&3).copied(), table.len()), (Some('c'), 2));
    }

    #[test]
    fn what_matters_no_more_goes_first() {
        let mut table = Recent::new(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (3, 'c')] {
            table.put(key, value);
        }
        table.make_oldest(&3);
        assert_eq!(table.put(4, 'd'), Some((3, 'c')));
        table.make_oldest(&1);
        assert_eq!((table.put(5, 'e'), table.put(6, 'f')), (Some((1, 'a')), Some((2, 'b'))));
        let mut single = Recent::new(1);
        single.put(1, 'a');
        single.make_oldest(&1);
        assert_eq!((single.put(2, 'b'), single.len()), (Some((1, 'a')), 1));
    }

    #[test]
    fn it_agrees_with_a_slow_model() {
        // The model is a list, newest last.
        let (mut table, mut model) = (Recent::new(7), Vec::<(u64, u64)>::new());
        let mut random = 1_u64;
        for step in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let key = (random >> 33) % 11;
            let place = model.iter().position(|(known, _)| *known == key);
            if random >> 63 == 0 {
                let expected = place.map(|at| model.remove(at));
                model.extend(expected);
                assert_eq!(table.get_mut(&key).copied(), expected.map(|(_, value)| value));
            } else {
                let gone = match place {
                    Some(at) => Some(model.remove(at)),
                    None => (model.len() == 7).then(|| model.remove(0)),
                };
                model.push((key, step));
                assert_eq!(table.put(key, step), gone);
            }
            assert_eq!(table.len(), model.len());
        }
    }
}
