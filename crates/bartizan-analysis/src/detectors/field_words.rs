//! What a field name means to detectors, worked out once for each place and not for each value.

use hashbrown::HashMap;

use bartizan_protocols::NodeRef;

use super::{
    login,
    names::{FNV_START, IdName, Plain, fnv, id_name, is_person, kind_hash},
};

/// Most places remembered. A full table is emptied: what is still in use comes back at once.
const MAX_PLACES: usize = 65_536;

/// What the name of a field says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldWords {
    /// Whether it names an identifier.
    pub(crate) id: IdName,
    /// Whether nothing is left without the word for an identifier: `id`.
    pub(crate) is_bare: bool,
    /// Hash of what it names: `order` in `order_id`.
    pub(crate) kind: u64,
    /// Whether that is somebody.
    pub(crate) person: bool,
    /// Hash of the whole name.
    pub(crate) plain: u64,
    /// Whether it names the address of something.
    pub(crate) link: bool,
    /// What it is in a login, told by the field's own key.
    pub(crate) login: login::FieldRole,
}

impl FieldWords {
    fn of(node: NodeRef<'_>) -> Self {
        let name = node.name();
        let (id, stem) = id_name(name);
        Self {
            id,
            is_bare: stem.is_empty(),
            kind: kind_hash(stem),
            person: is_person(stem),
            plain: fnv(FNV_START, Plain::of(name).bytes()),
            link: matches!(name, "href" | "self" | "url" | "uri"),
            login: login::role_of(node.key()),
        }
    }
}

/// Remembers [`FieldWords`] by general location. A function of the field's name, so that forgetting
/// costs time and never changes a result. Not saved with the state.
///
/// The hash of the general location is keyed by the organisation's seed: callers cannot aim at
/// collisions.
#[derive(Clone, Debug, Default)]
pub struct FieldMemo {
    places: HashMap<u64, FieldWords>,
}

impl FieldMemo {
    /// What the name of `node` says.
    pub(crate) fn words(&mut self, node: NodeRef<'_>) -> FieldWords {
        let place = node.general_hash();
        if let Some(known) = self.places.get(&place) {
            return *known;
        }
        let words = FieldWords::of(node);
        // Keys of maps are not part of the general location: each may say something else.
        if node.is_name_general() {
            if self.places.len() >= MAX_PLACES {
                self.places.clear();
            }
            self.places.insert(place, words);
        }
        words
    }
}
