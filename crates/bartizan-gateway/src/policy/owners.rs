//! Whose objects are, in the memory of this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bartizan_model::{KeyedHash, owners::ObjectOwners};

use super::recent::Recent;

/// Objects that are remembered: up to about 20 MiB.
const OBJECTS: usize = 262_144;
/// Parts of the table that are locked one by one.
const SHARDS: usize = 16;

/// Owners of the objects that were shown or asked for last.
#[derive(Debug)]
pub struct OwnerTable {
    shards: Vec<Mutex<Recent<KeyedHash, KeyedHash>>>,
}

impl Default for OwnerTable {
    fn default() -> Self {
        let shard = || Mutex::new(Recent::new(OBJECTS / SHARDS));
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }
}

impl OwnerTable {
    fn shard(&self, object: KeyedHash) -> MutexGuard<'_, Recent<KeyedHash, KeyedHash>> {
        let at = usize::from(object.0[0]) % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectOwners for OwnerTable {
    fn note(&self, object: KeyedHash, owner: KeyedHash) {
        self.shard(object).put(object, owner);
    }

    fn owner(&self, object: KeyedHash) -> Option<KeyedHash> {
        self.shard(object).get_mut(&object).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_owner_counts_and_the_oldest_object_is_forgotten() {
        let table = OwnerTable::default();
        let hash = |number: u32| {
            let [a, b, c, d] = number.to_be_bytes();
            KeyedHash([0, a, b, c, d, 0, 0, 0, 0, 0])
        };
        table.note(hash(1), hash(10));
        table.note(hash(1), hash(11));
        assert_eq!((table.owner(hash(1)), table.owner(hash(2))), (Some(hash(11)), None));
        for number in 2..=(OBJECTS / SHARDS) as u32 + 1 {
            table.note(hash(number), hash(10));
        }
        assert_eq!(table.owner(hash(1)), None, "never somebody else's");
    }
}
