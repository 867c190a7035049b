//! What a field name means to detectors, worked out once for each place and not for each value.

use std::sync::Arc;

use bartizan_protocols::NodeRef;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::{
    login,
    names::{
        FNV_START, IdName, Plain, fnv, id_name, is_generic, is_person, is_self_word, kind_hash,
    },
};
use crate::endpoints::{Segment, Template};

/// Most endpoints remembered, see [`MAX_PLACES`].
const MAX_ENDPOINTS: usize = 16_384;

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
    /// Hash of the somebody whom the field above names: `owner` in `owner: {id}`.
    pub(crate) person_above: Option<u64>,
    /// What it is in a login, told by the field's own key.
    pub(crate) login: login::FieldRole,
}

impl FieldWords {
    fn of(node: NodeRef<'_>) -> Self {
        let name = node.name();
        let (id, stem) = id_name(name);
        let above = node.parent().map_or("", |parent| parent.key());
        Self {
            id,
            is_bare: stem.is_empty(),
            kind: kind_hash(stem),
            person: is_person(stem),
            plain: fnv(FNV_START, Plain::of(name).bytes()),
            link: matches!(name, "href" | "self" | "url" | "uri"),
            person_above: is_person(above).then(|| kind_hash(above)),
            login: login::role_of(node.key()),
        }
    }
}

/// What the path of an endpoint says.
#[derive(Clone, Debug)]
pub(crate) struct PathWords {
    /// Hash of the endpoint's id.
    pub(crate) place: u64,
    /// Hash of the kind of thing that the endpoint is about: its last literal word that says
    /// something; 0 when there is none.
    pub(crate) kind: u64,
    /// Whether it ends in a word for the caller's own record.
    pub(crate) is_own: bool,
    /// By segment: what a parameter there names.
    pub(crate) parameters: SmallVec<[Option<ParameterWords>; 6]>,
}

/// What a parameter of a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterWords {
    /// Hash of host and path up to the parameter.
    pub(crate) resource: u64,
    /// Hash of the literal before it; `None` when there is none.
    pub(crate) kind: Option<u64>,
    /// Whether that is somebody.
    pub(crate) person: bool,
}

impl PathWords {
    fn of(endpoint: &Template) -> Self {
        let mut words = endpoint.segments.iter().rev().filter_map(|segment| match segment {
            Segment::Literal(word) if !is_generic(word) && !is_self_word(word) => Some(word),
            _ => None,
        });
        let mut resource = fnv(FNV_START, endpoint.host.as_bytes());
        let mut before = "";
        let parameters = endpoint.segments.iter().map(|segment| match segment {
            Segment::Literal(word) => {
                before = word;
                resource = fnv(fnv(resource, b"/"), word.as_bytes());
                None
            }
            Segment::Parameter { .. } => {
                let kind = (!before.is_empty()).then(|| kind_hash(before));
                let found = ParameterWords { resource, kind, person: is_person(before) };
                resource = fnv(resource, b"/{}");
                Some(found)
            }
        });
        Self {
            parameters: parameters.collect(),
            place: fnv(FNV_START, endpoint.id.as_str().as_bytes()),
            kind: words.next().map_or(0, |word| kind_hash(word)),
            is_own: matches!(endpoint.segments.last(),
                Some(Segment::Literal(word)) if is_self_word(word)),
        }
    }
}

/// Remembers [`FieldWords`] by general location and [`PathWords`] by template. A function of the field's name, so that forgetting
/// costs time and never changes a result. Not saved with the state.
///
/// The hash of the general location is keyed by the organisation's seed: callers cannot aim at
/// collisions.
#[derive(Clone, Debug, Default)]
pub struct FieldMemo {
    places: HashMap<u64, FieldWords>,
    /// By address; holding the template keeps another one from coming to the same address.
    endpoints: HashMap<usize, (Arc<Template>, Arc<PathWords>)>,
}

impl FieldMemo {
    /// What the path of an endpoint says.
    pub(crate) fn path(&mut self, endpoint: &Arc<Template>) -> Arc<PathWords> {
        let address = Arc::as_ptr(endpoint).addr();
        if let Some((_, known)) = self.endpoints.get(&address) {
            return Arc::clone(known);
        }
        let words = Arc::new(PathWords::of(endpoint));
        if self.endpoints.len() >= MAX_ENDPOINTS {
            self.endpoints.clear();
        }
        self.endpoints.insert(address, (Arc::clone(endpoint), Arc::clone(&words)));
        words
    }

    /// What the name of `node` says.
    pub(crate) fn words(&mut self, node: NodeRef<'_>) -> FieldWords {
        let place = node.general_hash();
        if let Some(known) = self.places.get(&place) {
            return *known;
        }
        let words = FieldWords::of(node);
        // Keys of maps are not part of the general location: each may say something else.
        let fixed = |node: NodeRef<'_>| node.key().is_empty() || node.is_name_general();
        if node.is_name_general() && node.parent().is_none_or(fixed) {
            if self.places.len() >= MAX_PLACES {
                self.places.clear();
            }
            self.places.insert(place, words);
        }
        words
    }
}
