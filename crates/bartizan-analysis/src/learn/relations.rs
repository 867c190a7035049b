//! Relations of ownership: values of an endpoint that are always the subject of whoever calls it.
//!
//! Who calls is what a token says that the API accepted. A place is remembered from the first time on that its value
//! is the caller's subject; from then on each value there that is not counts against it, for the role of that caller.
//! A relation is believed when several callers of roles without a single counterexample bear it out; roles with
//! counterexamples are exempt, as staff is that sees the orders of all. Values that are compared are hashes, and none
//! is kept.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hash as _, Hasher as _},
};

use bartizan_model::{ActorKind, Root, Side, journey::AUTHENTICATED};
use bartizan_protocols::{NodeRef, Value};
use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::journeys::RoleId;
use crate::{
    detectors::objects::value_hash,
    endpoints::{Segment, Template},
    facts::Enriched,
};

/// Fewest different callers that must bear a relation out.
pub(crate) const MIN_CALLERS: u32 = 5;
/// Most endpoints of which places are remembered, and most places of one; further ones are not learned.
const ENDPOINTS: usize = 4_096;
const PLACES: usize = 24;
/// Most roles of one place; a relation that more roles have to do with is not believed.
const ROLES: usize = 8;
/// Most callers of a role that are told apart.
const CALLERS: usize = 16;
/// Most values of an exchange that is learned from: of a larger one not all were looked at.
const VALUES: usize = 4_096;
/// Most places that one exchange adds.
const NEW_PLACES: usize = 4;
/// Longest place, in bytes.
const PLACE_BYTES: usize = 200;

/// What was seen at places of endpoints.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Relations {
    /// By host, method and path without what may be an id, see [`key`].
    endpoints: BTreeMap<u64, Seen>,
    /// How often there was no room for an endpoint or a place.
    pub(crate) left_out: u64,
}

/// What was seen at one of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Seen {
    /// Where the endpoint was listed last.
    leaf: u32,
    candidates: Vec<Candidate>,
}

/// A place where the subject of a caller was seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Candidate {
    /// Hash of side and general location.
    hash: u64,
    side: Side,
    /// The general location.
    place: SmolStr,
    roles: SmallVec<[ByRole; 2]>,
    /// Whether callers of more roles were seen than there is room for.
    has_more: bool,
}

/// What was seen at a place by callers of one role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ByRole {
    role: RoleId,
    /// Callers for whom it held, as far as they are told apart.
    callers: SmallVec<[u64; 5]>,
    /// Exchanges in which it held, and in which it did not.
    held: u64,
    failed: u64,
}

/// A relation that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Believed {
    pub(crate) side: Side,
    /// The general location; of a segment of the path its number.
    pub(crate) place: SmolStr,
    pub(crate) callers: u32,
    pub(crate) support: u64,
    /// Roles that are exempt: name, counterexamples, support.
    pub(crate) exempt: Vec<(SmolStr, u64, u64)>,
}

impl Relations {
    /// Learns from an exchange that the API granted and that is no attack. `leaf` is where its endpoint is listed.
    pub(crate) fn observe(&mut self, exchange: &Enriched<'_>, leaf: u32, role: RoleId) {
        let facts = &exchange.facts;
        let Some(subject) = exchange.objects.subject else { return };
        let view = &facts.decoded.view;
        let is_believed = exchange.actor.kind == ActorKind::Principal && facts.is_success();
        let is_whole = [Side::Request, Side::Response].map(|side| view.is_fully_inspected(side));
        if !is_believed || exchange.lossy || facts.is_batch() || is_whole.contains(&false) {
            return;
        }
        if view.len() > VALUES {
            return;
        }
        // Only what can be a relation is hashed twice: places that are known, and values that are equal.
        let seed = facts.snapshot.seed;
        let is_own = |node: NodeRef<'_>| value_hash(node, seed) == Some(subject);
        let values = || view.nodes().filter(is_looked_at);
        let key = key(exchange.endpoint, seed);
        if !self.endpoints.contains_key(&key) {
            if !values().any(is_own) {
                return;
            }
            if self.endpoints.len() >= ENDPOINTS {
                self.left_out += 1;
                return;
            }
        }
        let Seen { leaf: last, candidates } = self.endpoints.entry(key).or_default();
        *last = leaf;
        let mut added = 0;
        for node in values().filter(|node| is_own(*node)) {
            let hash = node.general_hash();
            if added == NEW_PLACES || candidates.iter().any(|known| known.hash == hash) {
                continue;
            }
            let Some(place) = plain_place(node) else { continue };
            if candidates.len() >= PLACES {
                self.left_out += 1;
                break;
            }
            let (side, roles) = (node.side(), SmallVec::new());
            candidates.push(Candidate { hash, side, place, roles, has_more: false });
            added += 1;
        }
        let caller = exchange.actor_key.first8();
        for candidate in candidates {
            let mut here = values().filter(|node| node.general_hash() == candidate.hash).peekable();
            if here.peek().is_some() {
                candidate.count(role, caller, here.all(is_own));
            }
        }
    }

    /// Endpoints with places: their keys, and where they were listed when it was learned.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (u64, u32)> {
        self.endpoints.iter().map(|(key, seen)| (*key, seen.leaf))
    }

    /// What is believed of an endpoint that has these keys.
    pub(crate) fn believed(
        &self,
        keys: &[u64],
        name: impl Fn(RoleId) -> Option<SmolStr>,
    ) -> Vec<Believed> {
        let mut joined: BTreeMap<(Side, &str), Candidate> = BTreeMap::new();
        let seen = keys.iter().filter_map(|key| self.endpoints.get(key));
        for one in seen.flat_map(|seen| &seen.candidates) {
            let known = joined.entry((one.side, &one.place));
            known.and_modify(|known| known.absorb(one)).or_insert_with(|| one.clone());
        }
        joined.into_values().filter_map(|one| one.believed(&name)).collect()
    }
}

impl Candidate {
    fn count(&mut self, role: RoleId, caller: u64, holds: bool) {
        let at = self.roles.iter().position(|known| known.role == role);
        let at = match at {
            None if self.roles.len() >= ROLES => {
                self.has_more = true;
                return;
            }
            None => {
                self.roles.push(ByRole { role, ..ByRole::default() });
                self.roles.len() - 1
            }
            Some(at) => at,
        };
        let Some(seen) = self.roles.get_mut(at) else { return };
        if !holds {
            seen.failed += 1;
            return;
        }
        seen.held += 1;
        seen.add(caller);
    }

    fn absorb(&mut self, other: &Self) {
        self.has_more |= other.has_more;
        for theirs in &other.roles {
            if let Some(own) = self.roles.iter_mut().find(|own| own.role == theirs.role) {
                own.held += theirs.held;
                own.failed += theirs.failed;
                theirs.callers.iter().for_each(|caller| own.add(*caller));
            } else if self.roles.len() < ROLES {
                self.roles.push(theirs.clone());
            } else {
                self.has_more = true;
            }
        }
    }

    fn believed(&self, name: impl Fn(RoleId) -> Option<SmolStr>) -> Option<Believed> {
        let kept = self.roles.iter().filter(|seen| seen.failed == 0);
        let callers: u32 = kept.clone().map(|seen| seen.callers.len() as u32).sum();
        if self.has_more || callers < MIN_CALLERS {
            return None;
        }
        let failing = self.roles.iter().filter(|seen| seen.failed > 0);
        let exempt = failing.map(|seen| {
            // Only who has a role of one word can be exempt by it.
            let role = name(seen.role).filter(|name| name != AUTHENTICATED)?;
            (!role.contains(' ')).then_some((role, seen.failed, seen.held))
        });
        let mut exempt: Vec<_> = exempt.collect::<Option<_>>()?;
        exempt.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        let (side, place) = (self.side, self.place.clone());
        Some(Believed { side, place, callers, support: kept.map(|seen| seen.held).sum(), exempt })
    }
}

impl ByRole {
    fn add(&mut self, caller: u64) {
        if self.callers.len() < CALLERS && !self.callers.contains(&caller) {
            self.callers.push(caller);
        }
    }
}

/// Where an endpoint is, whether or not it is known yet that a segment of its path is a parameter: a counterexample at
/// an object that nobody asked for before must not be lost.
fn key(endpoint: &Template, seed: u64) -> u64 {
    let mut hasher = FixedState::with_seed(seed).build_hasher();
    (&endpoint.host, &endpoint.method, &endpoint.call).hash(&mut hasher);
    for segment in &endpoint.segments {
        // No zero: this hasher does not tell how many of them end what it was given, so that a list would be one of
        // its elements.
        match segment {
            Segment::Literal(word) if !is_id(word) => (1_u8, word).hash(&mut hasher),
            _ => 2_u8.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Whether a segment may be an id: digits, or long and with a digit.
fn is_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits == word.len() || (digits > 0 && word.len() >= 8)
}

/// Whether a value can be whose something is: a text or number in the path, the query or a body.
fn is_looked_at(node: &NodeRef<'_>) -> bool {
    let is_part = match node.side() {
        Side::Request => matches!(node.root(), Root::Path | Root::Query | Root::Body | Root::Xml),
        Side::Response => matches!(node.root(), Root::Body | Root::Xml),
    };
    is_part && node.value().is_scalar() && node.value() != Value::Null
}

/// The general location of a value that a rule can name: of no map, and not decoded out of another value.
fn plain_place(node: NodeRef<'_>) -> Option<SmolStr> {
    let place = node.general();
    let text = place.as_str();
    let is_plain = text.len() <= PLACE_BYTES && !text.contains(['!', '{', '~', '%', '#']);
    (is_plain && !node.is_root()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use bartizan_model::{HashKey, Scope, relation::Relation};

    use crate::{
        detectors::traffic::{Call, exchanges},
        judge::{State, judge},
        snapshot::Snapshot,
    };

    fn relations(calls: Vec<Call>) -> Vec<Relation> {
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([1; 32]));
        let mut state = State::new(&snapshot.scope);
        for exchange in exchanges(calls) {
            judge(&exchange, &snapshot, &mut state, exchange.time);
        }
        let saved = state.save().expect("saved");
        let mut state = State::load(&saved).expect("loaded");
        crate::judge::results(&mut state, &snapshot).relations
    }

    fn learned(calls: Vec<Call>) -> Vec<String> {
        let show = |one: Relation| {
            let exempt: Vec<_> = one.exempt.iter().map(|exempt| exempt.role.as_str()).collect();
            format!("{} {} {}", one.side.as_str(), one.place, exempt.join(","))
        };
        let shown = relations(calls).into_iter().map(show);
        shown.map(|line| line.trim_end().to_owned()).collect()
    }

    fn order(at: u32, subject: u32, owner: u32) -> Call {
        let id = 9_000 + at;
        let body = format!(r#"{{"id":{id},"owner_id":{owner},"total":5}}"#);
        Call::get(at.into(), format!("/v1/orders/{id}"), body).by(subject)
    }

    /// Customers who each see some orders of their own.
    fn customers(how_many: u32) -> Vec<Call> {
        let own = |n: u32| order(n * 10, 4_000 + n % how_many, 4_000 + n % how_many);
        (0..40).map(own).map(|call| call.role("customer")).collect()
    }

    #[test]
    fn what_is_always_the_callers_is_a_relation() {
        let mut calls = customers(8);
        assert_eq!(learned(calls.clone()), ["response body:/owner_id"]);
        // One foreign read of somebody of the same role is enough to doubt it.
        calls.push(order(500, 4_001, 4_002).role("customer"));
        assert_eq!(learned(calls), [""; 0]);
    }

    #[test]
    fn a_list_and_its_elements_are_told_apart() {
        let mut calls = customers(8);
        let list = |n: u32| {
            let owner = 4_000 + n % 8;
            let body = format!(r#"{{"orders":[{{"id":{},"owner_id":{owner}}}]}}"#, 9_000 + n);
            Call::get((1_000 + n).into(), "/v1/orders".to_owned(), body).by(owner).role("customer")
        };
        calls.extend((0..40).map(list));
        let mut found = relations(calls);
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let found: Vec<_> =
            found.iter().map(|one| (one.path.as_str(), one.place.as_str())).collect();
        let detail = ("/v1/orders/{order_id}", "body:/owner_id");
        assert_eq!(found, [("/v1/orders", "body:/orders/*/owner_id"), detail]);
    }

    #[test]
    fn roles_that_see_what_is_not_theirs_are_exempt() {
        let mut calls = customers(8);
        calls.extend((0..9).map(|n| order(500 + n, 7_000, 4_000).role("clerk")));
        assert_eq!(learned(calls), ["response body:/owner_id clerk"]);
        let mut calls = customers(8);
        calls.extend((0..9).map(|n| order(500 + n, 7_000, 4_000)));
        assert_eq!(learned(calls), [""; 0], "whoever has no role cannot be exempt by it");
    }

    #[test]
    fn few_callers_are_no_proof() {
        assert_eq!(learned(customers(4)), [""; 0]);
    }
}
