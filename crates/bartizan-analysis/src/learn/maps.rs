//! Objects whose keys are values: `{"ann": {…}}` in one message, `{"bob": {…}}` in the next. Told by
//! what many messages show together; where one key already looks like an identifier, or one object has
//! very many, the decoder knows by itself.
//!
//! Three things make a map. Its keys are many and most messages lack most of them; at least half were
//! seen once only, so more are to come (in a closed set of names they return); and what hangs on the
//! keys looks alike, which fields of a record, or the results of different queries below one `data`,
//! do not. Keys that half of the messages have are fields of the object and keep their names.

use std::collections::BTreeMap;

use bartizan_model::{GeneralStep, Location, data_class::Direction};
use bartizan_protocols::{View, general_hash_below};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{place::Place, profile::Places};

/// Fewest keys that make a map; the same as in one object.
pub const MIN_KEYS: usize = bartizan_protocols::MAP_KEYS as usize;
/// Fewest keys that make a map when the table of places is full.
pub const MIN_KEYS_WHEN_FULL: usize = 16;
/// Fewest objects that were seen.
const MIN_OBJECTS: u64 = 8;
/// Most maps per endpoint.
const MAX_MAPS: usize = 64;

/// One map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    location: Location,
    direction: Option<Direction>,
    /// Sorted.
    kept: Vec<String>,
}

/// The maps of an endpoint, by the general hash of the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maps(BTreeMap<u64, Map>);

impl Maps {
    /// Gives the keys of these maps their general form in `view`.
    pub fn fold(&self, view: &mut View) {
        if !self.0.is_empty() {
            view.fold(|object| self.0.get(&object).map(|map| map.kept.as_slice()));
        }
    }

    /// Maps from the outermost to the innermost.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Map)> {
        let mut maps: Vec<_> = self.0.iter().map(|(hash, map)| (*hash, map)).collect();
        maps.sort_by_key(|(hash, map)| (map.location.as_str().len(), *hash));
        maps.into_iter()
    }

    pub(super) fn contains(&self, object: u64) -> bool {
        self.0.contains_key(&object)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MAX_MAPS
    }

    /// Adds a map; maps inside of it move.
    pub(super) fn add(&mut self, object: u64, map: &Map) {
        let inner = std::mem::take(&mut self.0);
        for (hash, mut known) in inner {
            let moved = map.moved(object, &known.location, known.direction);
            let hash = moved.map_or(hash, |moved| {
                known.location = moved.location;
                moved.hash
            });
            self.0.entry(hash).or_insert(known);
        }
        self.0.entry(object).or_insert_with(|| map.clone());
    }
}

/// Where a place is after the keys of a map were folded.
pub(super) struct Moved {
    pub(super) hash: u64,
    pub(super) parent: u64,
    pub(super) location: Location,
    /// See [`Place::name`].
    pub(super) name: String,
    /// Whether it is the value of a key.
    pub(super) is_value: bool,
}

impl Map {
    /// The new place of `location` once the keys of this map, whose hash is `object`, are folded;
    /// `None` when it stays where it is.
    pub(super) fn moved(
        &self,
        object: u64,
        location: &Location,
        direction: Option<Direction>,
    ) -> Option<Moved> {
        if direction != self.direction {
            return None;
        }
        let mut steps = location.steps_below(&self.location)?;
        let GeneralStep::Key(key) = steps.next()? else { return None };
        if self.kept.binary_search(&key).is_ok() {
            return None;
        }
        let mut moved = Moved {
            hash: object,
            parent: 0,
            location: self.location.clone(),
            name: String::new(),
            is_value: false,
        };
        for step in std::iter::once(GeneralStep::AnyKey).chain(steps) {
            moved.parent = moved.hash;
            moved.hash = general_hash_below(moved.hash, &step)?;
            moved.location.push_step(&step);
            moved.is_value = step == GeneralStep::AnyKey;
            match step {
                GeneralStep::AnyKey => Place::ANY_KEY.clone_into(&mut moved.name),
                GeneralStep::Key(key) => moved.name = key,
                GeneralStep::AnyIndex | GeneralStep::Decoder(_) => {}
            }
        }
        Some(moved)
    }

    /// The outermost object among `places` that turned out to be a map of at least `least` keys.
    pub(super) fn find(places: &Places, least: usize) -> Option<(u64, Self)> {
        let mut keys: HashMap<u64, usize> = HashMap::new();
        for place in places.values() {
            *keys.entry(place.at.parent).or_default() += 1;
        }
        let mut objects: Vec<_> = keys
            .into_iter()
            .filter(|(_, keys)| *keys >= least)
            .filter_map(|(hash, _)| Some((hash, places.get(&hash)?)))
            .filter(|(_, place)| place.seen >= MIN_OBJECTS && may_be_map(&place.at.location))
            .collect();
        objects.sort_by_key(|(hash, place)| (place.at.location.as_str().len(), *hash));
        objects
            .into_iter()
            .find_map(|(hash, object)| Some((hash, Self::judge(places, object, least)?)))
    }

    fn judge(places: &Places, object: &Place, least: usize) -> Option<Self> {
        let (mut kept, mut varying, mut once) = (Vec::new(), HashMap::new(), 0);
        let mut below = Vec::new();
        for place in places.values().filter(|place| place.at.direction == object.at.direction) {
            let Some(mut steps) = place.at.location.steps_below(&object.at.location) else {
                continue;
            };
            let Some(GeneralStep::Key(key)) = steps.next() else { continue };
            let rest: Vec<_> = steps.collect();
            if !rest.is_empty() {
                below.push((key, rest, &**place));
            } else if place.seen.saturating_mul(2) >= object.seen {
                kept.push(key);
            } else {
                once += usize::from(place.seen == 1);
                varying.insert(key, &**place);
            }
        }
        if varying.len() < least || once * 2 < varying.len() {
            return None;
        }
        // How many keys have what in the two levels below them; elements are not a level.
        let mut alike: HashMap<(Vec<GeneralStep<'_>>, u8), usize> = HashMap::new();
        for place in varying.values() {
            *alike.entry((Vec::new(), kind(place))).or_default() += 1;
        }
        let level = |steps: &[GeneralStep<'_>]| {
            steps.iter().filter(|step| **step != GeneralStep::AnyIndex).count()
        };
        for (key, rest, place) in below {
            if varying.contains_key(&key) && level(&rest) <= 1 {
                *alike.entry((rest, kind(place))).or_default() += 1;
            }
        }
        let all: usize = alike.values().sum();
        let shared: usize = alike.values().filter(|count| **count * 2 >= varying.len()).sum();
        if shared * 4 < all * 3 {
            return None;
        }
        kept.sort_unstable();
        Some(Self { location: object.at.location.clone(), direction: object.at.direction, kept })
    }
}

/// Segments of a path have a hash of their own kind; elements of XML and fields of gRPC are not keys of maps.
fn may_be_map(location: &Location) -> bool {
    !["path", "xml:", "grpc:"].iter().any(|root| location.as_str().starts_with(root))
}

/// The types of a place, as far as they tell records apart: an integer may be a number elsewhere, and
/// everything may be null.
fn kind(place: &Place) -> u8 {
    const NUMBERS: u8 = 0b1100;
    let types = if place.types & NUMBERS == 0 { place.types } else { place.types | NUMBERS };
    if types == 1 { types } else { types & !1 }
}

#[cfg(test)]
mod tests;
