//! Joining what was learned at several places, or in two profiles of one endpoint.

use std::sync::Arc;

use bartizan_model::Timestamp;

use super::{
    ClassSeen, Profile, Spot,
    maps::Map,
    place::Place,
    profile::{AuthSeen, MAX_INTEGERS, MAX_PARAMETERS, MAX_REFUSED, Places},
};

impl Profile {
    /// Folds the objects that turned out to be maps of at least `least` keys.
    pub(super) fn find_maps(&mut self, least: usize) {
        while self.places.len() >= least
            && !self.maps.is_full()
            && let Some((object, map)) = Map::find(&self.places, least)
        {
            self.fold(object, &map);
        }
    }

    /// Joins all that was learned below the keys of a map, whose general hash is `object`.
    fn fold(&mut self, object: u64, map: &Map) {
        let moves = |place: &Place| map.moved(object, &place.at.location, place.at.direction);
        let mut moved: Vec<_> =
            self.places.iter().filter_map(|(hash, place)| Some((*hash, moves(place)?))).collect();
        moved.sort_unstable_by_key(|(hash, _)| *hash);
        for (old, place) in moved {
            let Some(learned) = self.places.remove(&old) else { continue };
            self.places
                .get_or_insert_with(place.hash, || {
                    Box::new(Place::at(Arc::new(Spot {
                        element: place.is_value || learned.at.element,
                        location: place.location,
                        direction: learned.at.direction,
                        name: place.name.into(),
                        parent: place.parent,
                    })))
                })
                .merge(&learned, Some);
        }
        for mut seen in std::mem::take(&mut self.classes) {
            if let Some(moved) = map.moved(object, &seen.location, Some(seen.direction)) {
                seen.hash = moved.hash;
                seen.location = moved.location;
            }
            self.add_class(&seen);
        }
        self.maps.add(object, map);
    }

    fn add_class(&mut self, seen: &ClassSeen) {
        let same = |mine: &&mut ClassSeen| mine.hash == seen.hash && mine.class == seen.class;
        match self.classes.iter_mut().find(same) {
            Some(mine) => {
                mine.count += seen.count;
                mine.witnesses.merge(seen.witnesses);
                mine.principals.merge(&seen.principals);
            }
            None => self.classes.push(seen.clone()),
        }
    }

    /// Takes in what was learned under another id of the same endpoint.
    pub fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        for (object, map) in self.maps.iter() {
            other.fold(object, map);
        }
        for (object, map) in other.maps.iter() {
            if !self.maps.contains(object) {
                self.fold(object, map);
            }
        }
        self.merge_folded(&other);
    }

    fn merge_folded(&mut self, other: &Self) {
        self.requests += other.requests;
        self.successes += other.successes;
        for (status, count) in &other.statuses {
            *self.statuses.get_or_insert_with(*status, || 0) += count;
        }
        self.first_seen = earliest(self.first_seen, other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.actors.merge(&other.actors);
        self.uncounted += other.uncounted;
        for theirs in &other.auth {
            let same = |mine: &&mut AuthSeen| {
                (mine.auth_type, &mine.location, &mine.name)
                    == (theirs.auth_type, &theirs.location, &theirs.name)
            };
            match self.auth.iter_mut().find(same) {
                Some(mine) => {
                    mine.count += theirs.count;
                    mine.witnesses.merge(theirs.witnesses);
                }
                None => self.auth.push(theirs.clone()),
            }
        }
        self.authenticated += other.authenticated;
        self.anonymous += other.anonymous;
        self.anonymous_callers.merge(other.anonymous_callers);
        self.auth_unknown += other.auth_unknown;
        self.whereabouts.merge(&other.whereabouts);
        self.answers.merge(&other.answers);
        let numbers: Vec<Option<u8>> = other
            .bodies
            .iter()
            .map(|body| self.body(body.direction, body.status, &body.media_type, body.count))
            .collect();
        let renumber = |body: u8| numbers.get(usize::from(body)).copied().flatten();
        self.places_overflow += other.places_overflow
            + join(&mut self.places, &other.places, MAX_PARAMETERS, renumber)
            + join(&mut self.refused, &other.refused, MAX_REFUSED, renumber);
        self.forms.merge(&other.forms, renumber);
        other.classes.iter().for_each(|theirs| self.add_class(theirs));
        self.sensitive += other.sensitive;
        for (segment, theirs) in &other.integers {
            let mine = self.integers.get_or_insert_with(*segment, Vec::new);
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
            mine.truncate(MAX_INTEGERS);
        }
        self.largest_array = self.largest_array.max(other.largest_array);
        self.page_parameter |= other.page_parameter;
        self.messages.merge(&other.messages);
        self.deliveries += other.deliveries;
        if let Some(theirs) = &other.sketch {
            self.merge_sketch(theirs);
        }
        for (check, theirs) in other.tallies.iter().enumerate() {
            for (outcome, count) in theirs.into_iter().enumerate() {
                self.tallies.add(check, outcome, count);
            }
        }
    }
}

/// Takes in places up to so many; how many values there was no room for.
fn join(
    mine: &mut Places,
    theirs: &Places,
    most: usize,
    renumber: impl Fn(u8) -> Option<u8> + Copy,
) -> u64 {
    let mut left_out = 0;
    for (hash, place) in theirs {
        if let Some(known) = mine.get_mut(hash) {
            known.merge(place, renumber);
        } else if mine.len() < most {
            mine.insert(*hash, Box::new(place.renumbered(renumber)));
        } else {
            left_out += place.seen;
        }
    }
    left_out
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
