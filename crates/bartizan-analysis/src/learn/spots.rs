//! Where places are, each kept once: `body:/id` of one endpoint is that of all others too.

use std::sync::Arc;

use bartizan_model::{Location, data_class::Direction};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Fewest spots before those that nobody has any more are looked for.
const MIN_KEPT: usize = 1_024;

/// What is known about a place before any value was seen there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// General form.
    pub location: Location,
    /// Side.
    pub direction: Option<Direction>,
    /// The nearest key that is part of the location, or [`Place::ANY_KEY`](super::place::Place::ANY_KEY) below a
    /// key that is not.
    pub name: SmolStr,
    /// General hash of the place above; 0 for none.
    pub parent: u64,
    /// Whether it is an element of an array or a value of a map (then never "required").
    pub element: bool,
}

/// All spots in use, by general hash. It holds none that no place has, apart from some that places gave up lately,
/// so that it needs no limit of its own. Only saves memory: what is learned does not depend on it.
#[derive(Debug, Default)]
pub struct Spots {
    kept: HashMap<u64, Arc<Spot>>,
    /// Number of them at which those of nobody are dropped.
    full: usize,
}

impl Spots {
    /// The one spot that is equal to `spot`, which has this general hash.
    pub fn shared(&mut self, hash: u64, spot: Spot) -> Arc<Spot> {
        match self.kept.get(&hash) {
            Some(known) if **known == spot => Arc::clone(known),
            _ => self.keep(hash, Arc::new(spot)),
        }
    }

    /// Puts the one that is equal in the place of this one, or keeps this one for others.
    pub fn share(&mut self, hash: u64, spot: &mut Arc<Spot>) {
        match self.kept.get(&hash) {
            Some(known) if known == spot => *spot = Arc::clone(known),
            _ => *spot = self.keep(hash, Arc::clone(spot)),
        }
    }

    fn keep(&mut self, hash: u64, spot: Arc<Spot>) -> Arc<Spot> {
        if self.kept.len() >= self.full.max(MIN_KEPT) {
            self.kept.retain(|_, spot| Arc::strong_count(spot) > 1);
            self.full = self.kept.len() * 2;
        }
        self.kept.insert(hash, Arc::clone(&spot));
        spot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(name: &str) -> Spot {
        Spot { name: name.into(), ..Spot::default() }
    }

    #[test]
    fn what_is_equal_is_kept_once_and_what_nobody_has_is_dropped() {
        let mut spots = Spots::default();
        let first = spots.shared(1, spot("id"));
        assert!(Arc::ptr_eq(&first, &spots.shared(1, spot("id"))));
        let mut loaded = Arc::new(spot("id"));
        spots.share(1, &mut loaded);
        assert!(Arc::ptr_eq(&first, &loaded));
        assert_eq!(*spots.shared(1, spot("other")), spot("other"), "the same hash by chance");
        for hash in 2..10 * MIN_KEPT as u64 {
            spots.shared(hash, spot("gone"));
        }
        assert!(spots.kept.len() <= MIN_KEPT, "{}", spots.kept.len());
    }
}
