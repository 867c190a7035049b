//! The forms of objects in bodies: which members come together, and which member tells by its value which they are.
//!
//! An object that always has the same members takes one hash. Only when others come the sets of members are kept, with
//! the values (as keyed hashes) of the members that are short texts. A member tells the forms apart when each of its
//! few values goes with members that those of another value never have.

use std::collections::BTreeMap;

use bartizan_model::{HashKey, Variant, endpoint::MIN_REQUIRED_SAMPLES};
use bartizan_protocols::{NodeRef, Value};
use serde::{Deserialize, Serialize};

use super::{boxed::push, profile::Places};

/// Most members of an object that are looked at; one with more has no forms.
const MAX_MEMBERS: usize = 48;
/// Most different sets of members that are kept, of all objects of an endpoint.
const MAX_FORMS: usize = 32;
/// Most places of objects in the bodies of an endpoint that are looked at.
const MAX_OBJECTS: usize = 24;
/// How deep they may be.
const MAX_DEPTH: u16 = 4;
/// Longest value that may name a form, in bytes.
const MAX_WORD: usize = 32;
/// Most members of a form that may name it.
const MAX_WORDS: usize = 8;
/// Most values of one member in one form before it counts as free text.
const MAX_VALUES: usize = 8;
/// Most forms that a member tells apart.
const MAX_VARIANTS: usize = 16;
/// Names that tell forms apart wherever they stand; of several members that could, these are taken.
const TELLING: [&str; 5] = ["type", "kind", "@type", "object", "event"];

/// The forms of the objects in the bodies of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forms {
    /// Hash of the members of the first object of each place.
    first: Box<[(Spot, u64)]>,
    /// What objects whose members vary are made of.
    varied: Option<Box<Varied>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Varied {
    forms: Vec<Form>,
    /// Objects with forms that there was no room for: nothing is told of them.
    over: Vec<Spot>,
}

/// Where an object is: the number of the kind of body, and the general hash of its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Spot {
    body: u8,
    place: u64,
}

/// A set of members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Form {
    at: Spot,
    /// General hashes of the members, in order.
    members: Box<[u64]>,
    seen: u64,
    words: Box<[Word]>,
}

/// What a member was in a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Word {
    member: u64,
    /// Keyed hashes of its values, with how often each was there; empty when there were too many.
    values: Box<[(u64, u64)]>,
}

fn hash_of(key: &HashKey, text: &str) -> u64 {
    key.hash("form", text.as_bytes()).first8()
}

impl Forms {
    /// Learns from a body of the kind with this number.
    pub(super) fn learn(&mut self, body: u8, root: NodeRef<'_>, key: &HashKey) {
        let all = std::iter::once(root).chain(root.descendants());
        let near = all.filter(|node| node.depth() <= MAX_DEPTH);
        for object in near.filter(|node| matches!(node.value(), Value::Object)) {
            self.learn_object(Spot { body, place: object.general_hash() }, object, key);
        }
    }

    fn learn_object(&mut self, at: Spot, root: NodeRef<'_>, key: &HashKey) {
        let mut members: Vec<u64> =
            root.children().take(MAX_MEMBERS + 1).map(|node| node.general_hash()).collect();
        members.sort_unstable();
        members.dedup();
        if members.is_empty() || members.len() > MAX_MEMBERS {
            return;
        }
        let whole = members.iter().fold(members.len() as u64, |hash, one| {
            (hash ^ one).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        let first = self.first.iter().find(|(spot, _)| *spot == at);
        let is_varied = self.varied.as_ref().is_some_and(|varied| varied.knows(at));
        match first {
            None if self.first.len() >= MAX_OBJECTS => return,
            None => return push(&mut self.first, (at, whole)),
            Some((_, first)) if *first == whole && !is_varied => return,
            Some(_) => {}
        }
        let varied = self.varied.get_or_insert_default();
        let Some(form) = varied.form(at, &members, 1) else { return };
        let texts = root.children().filter_map(|node| match node.value() {
            Value::Text(text) if !text.is_empty() && text.len() <= MAX_WORD => {
                Some((node.general_hash(), hash_of(key, text)))
            }
            _ => None,
        });
        texts.take(MAX_WORDS).for_each(|(member, value)| form.add(member, value, 1));
    }

    /// Takes in what was learned elsewhere, where bodies have other numbers.
    pub(super) fn merge(&mut self, other: &Self, renumber: impl Fn(u8) -> Option<u8>) {
        let moved = |at: Spot| renumber(at.body).map(|body| Spot { body, ..at });
        for (at, whole) in &other.first {
            let Some(at) = moved(*at) else { continue };
            let is_known = self.first.iter().any(|(spot, _)| *spot == at);
            if !is_known && self.first.len() < MAX_OBJECTS {
                push(&mut self.first, (at, *whole));
            }
        }
        for form in other.varied.iter().flat_map(|varied| &varied.forms) {
            let Some(at) = moved(form.at) else { continue };
            let varied = self.varied.get_or_insert_default();
            let Some(mine) = varied.form(at, &form.members, form.seen) else { continue };
            for word in &form.words {
                word.values.iter().for_each(|(value, count)| mine.add(word.member, *value, *count));
                if word.values.is_empty() {
                    mine.give_up(word.member);
                }
            }
        }
        let over = other.varied.iter().flat_map(|varied| &varied.over);
        for at in over.filter_map(|at| moved(*at)) {
            self.varied.get_or_insert_default().leave(at);
        }
    }

    /// The forms that objects have, where one member tells them apart. `words` gives the few values of a place.
    pub fn variants(
        &self,
        places: &Places,
        key: &HashKey,
        words: impl Fn(u64) -> Vec<String>,
    ) -> Vec<Variant> {
        let Some(varied) = &self.varied else { return Vec::new() };
        let mut spots: Vec<Spot> = varied.forms.iter().map(|form| form.at).collect();
        spots.sort_unstable();
        spots.dedup();
        let known = spots.into_iter().filter(|at| !varied.over.contains(at));
        let mut out: Vec<Variant> =
            known.flat_map(|at| varied.of(at, places, key, &words)).collect();
        // In an order that does not depend on hashes.
        out.sort_by(|a, b| {
            (a.body, a.location.as_str(), &a.value).cmp(&(b.body, b.location.as_str(), &b.value))
        });
        out
    }
}

impl Varied {
    fn knows(&self, at: Spot) -> bool {
        self.over.contains(&at) || self.forms.iter().any(|form| form.at == at)
    }

    fn leave(&mut self, at: Spot) {
        if !self.over.contains(&at) {
            self.over.push(at);
        }
        self.forms.retain(|form| form.at != at);
    }

    fn form(&mut self, spot: Spot, members: &[u64], count: u64) -> Option<&mut Form> {
        if self.over.contains(&spot) {
            return None;
        }
        let same = |form: &Form| form.at == spot && *form.members == *members;
        let at = self.forms.iter().position(same);
        if at.is_none() && self.forms.len() >= MAX_FORMS {
            self.leave(spot);
            return None;
        }
        let at = at.unwrap_or_else(|| {
            let members = members.into();
            self.forms.push(Form { at: spot, members, seen: 0, words: Box::default() });
            self.forms.len() - 1
        });
        let form = self.forms.get_mut(at)?;
        form.seen += count;
        Some(form)
    }

    /// The forms of the object of one place.
    fn of(
        &self,
        at: Spot,
        places: &Places,
        key: &HashKey,
        words: &impl Fn(u64) -> Vec<String>,
    ) -> Vec<Variant> {
        let forms: Vec<&Form> = self.forms.iter().filter(|form| form.at == at).collect();
        let Some(first) = forms.first() else { return Vec::new() };
        let is_everywhere = |member: &u64| forms.iter().all(|form| form.word(*member).is_some());
        let members = first.words.iter().map(|word| word.member).filter(is_everywhere);
        let told = members.filter_map(|member| {
            let name = name_of(places, member)?;
            let groups = Group::all(&forms, member, key, &words(member))?;
            let rank = TELLING.iter().position(|one| *one == name).unwrap_or(TELLING.len());
            Some((rank, name, member, groups))
        });
        let Some((_, name, member, groups)) = told.min_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)))
        else {
            return Vec::new();
        };
        let Some(place) = places.get(&at.place) else { return Vec::new() };
        let location = &place.at.location;
        let variant = |(value, group): (String, Group)| Variant {
            body: u32::from(at.body),
            location: location.clone(),
            member: name.clone(),
            value,
            seen: group.seen,
            required: group.names(places, member, true),
            optional: group.names(places, member, false),
        };
        groups.into_iter().map(variant).collect()
    }
}

impl Form {
    fn word(&self, member: u64) -> Option<&Word> {
        self.words.iter().find(|word| word.member == member && !word.values.is_empty())
    }

    fn add(&mut self, member: u64, value: u64, count: u64) {
        let Some(word) = self.words.iter_mut().find(|word| word.member == member) else {
            if self.words.len() < MAX_WORDS {
                push(&mut self.words, Word { member, values: [(value, count)].into() });
            }
            return;
        };
        if let Some((_, seen)) = word.values.iter_mut().find(|(known, _)| *known == value) {
            *seen += count;
            return;
        }
        match word.values.len() {
            // There were too many before.
            0 => {}
            MAX_VALUES.. => word.values = Box::default(),
            _ => push(&mut word.values, (value, count)),
        }
    }

    fn give_up(&mut self, member: u64) {
        if let Some(word) = self.words.iter_mut().find(|word| word.member == member) {
            word.values = Box::default();
        }
    }
}

/// The bodies in which a member has one value.
#[derive(Clone, Debug, Default)]
struct Group {
    seen: u64,
    /// Members, and in how many of the bodies each was.
    members: BTreeMap<u64, u64>,
}

impl Group {
    /// The bodies by the value of a member; `None` unless it tells them apart, and all its values are known.
    fn all(
        forms: &[&Form],
        member: u64,
        key: &HashKey,
        words: &[String],
    ) -> Option<Vec<(String, Self)>> {
        let named: BTreeMap<u64, &String> = words.iter().map(|w| (hash_of(key, w), w)).collect();
        let mut groups: BTreeMap<&String, Self> = BTreeMap::new();
        for form in forms {
            for (value, count) in &form.word(member)?.values {
                let group = groups.entry(named.get(value)?).or_default();
                group.seen += count;
                for one in form.members.iter().filter(|one| **one != member) {
                    *group.members.entry(*one).or_default() += count;
                }
            }
        }
        let is_fine = (2..=MAX_VARIANTS).contains(&groups.len());
        let all: Vec<&Self> = groups.values().collect();
        let tells = |one: &&Self| {
            one.seen >= MIN_REQUIRED_SAMPLES
                && all.iter().any(|other| {
                    other.seen >= MIN_REQUIRED_SAMPLES
                        && one.members.iter().any(|(member, seen)| {
                            *seen == one.seen && !other.members.contains_key(member)
                        })
                })
        };
        // Each of two has something that the other lacks: one alone may be what is left out now and then.
        let is_told = all.iter().filter(|one| tells(one)).count() >= 2;
        (is_fine && is_told)
            .then(|| groups.into_iter().map(|(word, group)| (word.clone(), group)).collect())
    }

    fn names(&self, places: &Places, by: u64, always: bool) -> Vec<String> {
        let is_required = |seen: u64| self.seen >= MIN_REQUIRED_SAMPLES && seen >= self.seen;
        let members = self.members.iter().filter(|(member, _)| **member != by);
        let fitting = members.filter(|(_, seen)| is_required(**seen) == always);
        let mut names: Vec<String> =
            fitting.filter_map(|(member, _)| name_of(places, *member)).collect();
        names.sort_unstable();
        names
    }
}

fn name_of(places: &Places, member: u64) -> Option<String> {
    places.get(&member).map(|place| place.at.location.last_name())
}

#[cfg(test)]
mod tests {
    use bartizan_model::Scope;

    use super::*;
    use crate::{
        Snapshot,
        checks::example::post,
        judge::{State, judge, results},
    };

    /// The forms of the bodies that are sent.
    fn variants(bodies: &[&str], times: usize) -> Vec<Variant> {
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let mut state = State::new(&snapshot.scope);
        for round in 0..times {
            for body in bodies {
                let body = body.replace("{n}", &(100 + round).to_string());
                let url = "https://api.example.com/v1/payments";
                let mut exchange = post(url, &body).json(201, "{}").build();
                exchange.client.ip = format!("198.51.100.{}", 1 + round % 9).parse().ok();
                judge(&exchange, &snapshot, &mut state, exchange.time);
            }
        }
        results(&mut state, &snapshot).endpoints.remove(0).variants
    }

    #[test]
    fn objects_inside_have_forms_of_their_own() {
        let list = format!(r#"{{"at":1,"payments":[{CARD},{ACCOUNT}]}}"#);
        let found = variants(&[&list], 20);
        let places: Vec<_> = found.iter().map(|one| (one.location.as_str(), &*one.value)).collect();
        assert_eq!(places, [("body:/payments/*", "account"), ("body:/payments/*", "card")]);
    }

    const CARD: &str = r#"{"type":"card","amount":{n},"number":"x{n}","expires":"12/30"}"#;
    const ACCOUNT: &str = r#"{"type":"account","amount":{n},"holder":"a{n}"}"#;
    const NOTED: &str = r#"{"type":"account","amount":{n},"holder":"a{n}","note":"n{n}"}"#;

    #[test]
    fn forms_are_told_by_the_member_that_names_them() {
        let found = variants(&[CARD, ACCOUNT, NOTED], 20);
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.member.as_str(),
                    one.value.as_str(),
                    one.required.join(" "),
                    one.optional.join(" "),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("type", "account", "amount holder".to_owned(), "note".to_owned()),
                ("type", "card", "amount expires number".to_owned(), String::new()),
            ]
        );
    }

    #[test]
    fn members_that_are_left_out_now_and_then_are_no_forms() {
        assert_eq!(variants(&[ACCOUNT, NOTED], 20), []);
        let plain = r#"{"state":"open","amount":{n}}"#;
        let shut = r#"{"state":"shut","amount":{n},"reason":"r{n}"}"#;
        assert_eq!(variants(&[plain, shut], 20), [], "only one of them has more");
        assert_eq!(variants(&[CARD], 20), []);
        assert_eq!(variants(&["[1]", "{}", "7"], 20), []);
    }
}
