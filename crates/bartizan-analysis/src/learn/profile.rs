//! What is learned about one endpoint. Bounded: every table has a named capacity and counts what it
//! did not take. Two profiles of one endpoint merge into what one would have learned.

use std::borrow::Cow;

use bartizan_model::{
    AuthType, BodyState, HeaderState, Headers, Root, Side, Sketch, Timestamp,
    data_class::Direction, endpoint::BodySeen,
};
use bartizan_protocols::{Format, NodeRef, Value};
use serde::{Deserialize, Serialize};

use super::{
    Answers, ClassSeen, Distinct, Flat, Forms, Maps, Spots, Tallies, Whereabouts, Witnesses,
    deliveries::is_delivery,
    maps::{MIN_KEYS, MIN_KEYS_WHEN_FULL},
    messages::Messages,
    names::{COMMON_HEADERS, PAGE_PARAMETERS},
    place::{Place, Seen},
    repeat::{Names, Repeat},
};
use crate::{facts::Facts, identity::Caller};

/// Most parameters and fields described per endpoint.
pub const MAX_PARAMETERS: usize = 512;
/// Most fields described of the answers of an endpoint that grant nothing.
pub const MAX_REFUSED: usize = 128;
/// Most cookies described per endpoint, credentials aside: whoever calls can name as many as they like.
pub const MAX_COOKIES: usize = 16;
/// Most kinds of bodies per endpoint, by direction, status and media type. Of further ones it is not told
/// which place was in them.
pub const MAX_BODIES: usize = 32;
/// Longest name of a media type.
const MAX_MEDIA_TYPE: usize = 100;
/// Most integers kept per path parameter, to tell whether ids run in sequence.
pub(super) const MAX_INTEGERS: usize = 256;

/// Places of values by general hash. Boxed, as adding one moves those behind it.
pub type Places = Flat<u64, Box<Place>>;

/// What is learned about one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Exchanges.
    pub requests: u64,
    /// Exchanges answered with success.
    pub successes: u64,
    /// Exchanges by status code; 0 for none seen.
    pub statuses: Flat<u16, u64>,
    /// First exchange.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
    /// Distinct actors that count.
    pub actors: Distinct,
    /// Exchanges from an actor that does not count or without any.
    pub uncounted: u64,
    /// Successes by way of authentication, in the order they were first seen.
    pub auth: Vec<AuthSeen>,
    /// Successes with some credential.
    pub authenticated: u64,
    /// Successes without any credential, where the source records request headers.
    pub anonymous: u64,
    /// Who these were, those of hostile exchanges left out.
    pub anonymous_callers: Witnesses,
    /// Successes without any credential, where the source may have left one out.
    pub auth_unknown: u64,
    /// Where exchanges came from, which way, and what answered them.
    pub whereabouts: Whereabouts,
    /// Header fields that answers have to have, as far as a specification says so.
    pub answers: Answers,
    /// Kinds of bodies, in the order they were first seen.
    pub bodies: Vec<BodySeen>,
    /// Places of values in what was granted, by general hash.
    pub places: Places,
    /// Places of values in answers that grant nothing, by general hash: what they have of the same name is
    /// often something else.
    pub refused: Places,
    /// Values at places beyond [`MAX_PARAMETERS`] and [`MAX_REFUSED`].
    pub places_overflow: u64,
    /// Objects whose keys are values.
    pub maps: Maps,
    /// Data classes by place, in the order they were first seen.
    pub classes: Vec<ClassSeen>,
    /// Successes whose response carried a sensitive class.
    pub sensitive: u64,
    /// Integers accepted per path segment.
    pub integers: Flat<u32, Vec<i64>>,
    /// Largest array of a successful response.
    pub largest_array: u64,
    /// Whether a parameter that bounds the number of results was sent.
    pub page_parameter: bool,
    /// Forms of bodies in what was granted.
    pub forms: Forms,
    /// What calls are made of where the protocol has fields of its own.
    pub sketch: Option<Box<Sketch>>,
    /// Kinds of messages of its connections and streams.
    pub messages: Messages,
    /// Requests that tell their receiver of an event.
    pub deliveries: u64,
    /// How often each check came to which outcome.
    pub tallies: Tallies,
}

/// One way of authentication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthSeen {
    /// What kind.
    pub auth_type: AuthType,
    /// `header`, `cookie`, `query` or `connection`.
    pub location: String,
    /// Name of the header, cookie or parameter.
    pub name: String,
    /// Successes that carried it.
    pub count: u64,
    /// Whose these were, those of hostile exchanges left out.
    pub witnesses: Witnesses,
}

/// Most ways of authentication per endpoint.
const MAX_AUTH: usize = 64;

/// What the learner is given beside the facts.
pub struct Lesson<'a> {
    /// Facts of the exchange.
    pub facts: &'a Facts<'a>,
    /// Who called.
    pub caller: &'a Caller,
    /// Event time, also when it came late.
    pub time: Option<Timestamp>,
    /// Whether the exchange was found hostile: then it teaches no parameters or baselines.
    pub hostile: bool,
}

impl Lesson<'_> {
    /// Key of who called, if that may count and did nothing hostile; else 0, which is nobody.
    pub(super) fn witness(&self) -> u64 {
        let counts = self.caller.counts && !self.hostile;
        if counts { self.caller.actor_key.first8() } else { 0 }
    }
}

impl Profile {
    /// Learns from one exchange.
    pub fn learn(&mut self, lesson: &Lesson<'_>, spots: &mut Spots) {
        let (places, overflow) = (self.places.len(), self.places_overflow);
        let exchange = lesson.facts.exchange;
        let status = exchange.response.as_ref().map_or(0, |r| r.status);
        let success = lesson.facts.is_success() || status == 304;
        self.requests += 1;
        *self.statuses.get_or_insert_with(status, || 0) += 1;
        if let Some(time) = lesson.time {
            self.first_seen = Some(self.first_seen.map_or(time, |t| t.min(time)));
            self.last_seen = Some(self.last_seen.map_or(time, |t| t.max(time)));
        }
        if lesson.caller.counts {
            self.actors.add(lesson.caller.actor_key.first8());
        } else {
            self.uncounted += 1;
        }
        self.whereabouts.learn(exchange, success, &lesson.facts.snapshot.catalog);
        if success {
            self.successes += 1;
            self.learn_auth(lesson);
        }
        // What is in a batch belongs to its members.
        if !lesson.hostile && !lesson.facts.is_batch() {
            if success {
                self.learn_values(lesson, spots, Side::Request, success);
            }
            self.learn_values(lesson, spots, Side::Response, success);
            self.learn_sketch(lesson.facts, success);
            if success {
                self.messages.learn(lesson.facts);
            }
        }
        self.deliveries += u64::from(is_delivery(&exchange.request));
        self.learn_classes(lesson, success);
        // A full table is looked through whenever what it could not take has doubled.
        if overflow.checked_ilog2() != self.places_overflow.checked_ilog2() {
            self.find_maps(MIN_KEYS_WHEN_FULL);
        } else if self.places.len() > places {
            self.find_maps(MIN_KEYS);
        }
    }

    fn learn_auth(&mut self, lesson: &Lesson<'_>) {
        let (facts, witness) = (lesson.facts, lesson.witness());
        if facts.credentials.is_empty() {
            match facts.exchange.request.header_state {
                HeaderState::Complete => {
                    self.anonymous += 1;
                    self.anonymous_callers.add(witness);
                }
                HeaderState::Incomplete => self.auth_unknown += 1,
            }
            return;
        }
        self.authenticated += 1;
        for credential in facts.credentials {
            let full = self.auth.len() >= MAX_AUTH;
            let known = self.auth.iter_mut().find(|seen| {
                seen.auth_type == credential.auth_type
                    && seen.location == credential.location
                    && seen.name == credential.name
            });
            match known {
                Some(seen) => {
                    seen.count += 1;
                    seen.witnesses.add(witness);
                }
                None if full => {}
                None => {
                    self.auth.reserve_exact(1);
                    self.auth.push(AuthSeen {
                        auth_type: credential.auth_type,
                        location: credential.location.to_owned(),
                        name: credential.name.to_string(),
                        count: 1,
                        witnesses: Witnesses::of(witness),
                    });
                }
            }
        }
    }

    fn learn_values(&mut self, lesson: &Lesson<'_>, spots: &mut Spots, side: Side, granted: bool) {
        let caller = lesson.caller;
        let caller = caller.counts.then(|| caller.actor_key.first8());
        let key = &lesson.facts.snapshot.key;
        let body = self.learn_body(lesson.facts, side);
        let seen = Seen { key, body, caller, granted, repeat: Repeat::Typed };
        let is_form = matches!(lesson.facts.decoded.format(side), Format::Form | Format::Multipart);
        for root in lesson.facts.decoded.view.roots().filter(|root| root.side() == side) {
            match (side, root.root()) {
                (_, Root::Body) if is_form => self.learn_names(root, seen, spots),
                (_, Root::Body | Root::Xml | Root::Grpc) => {
                    if let Some(body) = seen.body.filter(|_| granted && root.root() == Root::Body) {
                        self.forms.learn(body, root, seen.key);
                    }
                    self.learn_node(root, seen, spots);
                    root.descendants().for_each(|node| self.learn_node(node, seen, spots));
                }
                (Side::Request, Root::Query) => {
                    self.learn_names(root, Seen { body: None, ..seen }, spots);
                }
                (Side::Request, Root::Cookie) => {
                    self.learn_cookies(lesson, root, Seen { body: None, ..seen }, spots);
                }
                (Side::Request, Root::Path | Root::Matrix) => {
                    let seen = Seen { body: None, ..seen };
                    self.learn_node(root, seen, spots);
                    root.descendants().for_each(|node| self.learn_node(node, seen, spots));
                }
                (Side::Request, Root::Header) => {
                    let seen = Seen { body: None, ..seen };
                    self.learn_node(root, seen, spots);
                    let own =
                        |node: &NodeRef<'_>| COMMON_HEADERS.binary_search(&node.key()).is_err();
                    root.children().filter(own).for_each(|node| self.learn_node(node, seen, spots));
                }
                _ => {}
            }
        }
    }

    /// Of a query or a form, which have names with a text each, some of them several times.
    fn learn_names(&mut self, root: NodeRef<'_>, seen: Seen<'_>, spots: &mut Spots) {
        self.learn_node(root, seen, spots);
        let mut names = Names::of(root);
        for node in root.descendants() {
            self.learn_node(node, Seen { repeat: names.next(node), ..seen }, spots);
        }
    }

    /// Of cookies that are no credential, the first [`MAX_COOKIES`].
    fn learn_cookies(
        &mut self,
        lesson: &Lesson<'_>,
        root: NodeRef<'_>,
        seen: Seen<'_>,
        spots: &mut Spots,
    ) {
        let is_credential = |name: &str| {
            let mut all = lesson.facts.credentials.iter();
            all.any(|credential| credential.location == "cookie" && credential.name == name)
        };
        for node in root.children().filter(|node| !is_credential(node.key())) {
            let is_known = self.places.get(&node.general_hash()).is_some();
            let of_cookies = self.places.values().filter(|place| is_of_cookie(place)).count();
            if is_known || of_cookies < MAX_COOKIES {
                self.learn_node(node, seen, spots);
            } else {
                self.places_overflow += 1;
            }
        }
    }

    /// Counts the body of a message; its number, unless none was seen whole or there are too many kinds. Of a
    /// part of a body it cannot be told what it lacks.
    fn learn_body(&mut self, facts: &Facts<'_>, side: Side) -> Option<u8> {
        let request = &facts.exchange.request;
        let (status, headers, body, state) = match side {
            Side::Request => (None, &request.headers, &request.body, request.body_state),
            Side::Response => {
                let response = facts.exchange.response.as_ref()?;
                let status = Some(response.status).filter(|status| *status > 0);
                (status, &response.headers, &response.body, response.body_state)
            }
        };
        // A member of a batch may have no answer, whatever others have.
        let is_there = facts.decoded.format(side) != Format::Empty;
        let is_whole = state == BodyState::Complete && !body.is_empty() && is_there;
        is_whole.then(|| self.body(side.into(), status, &media_type(headers), 1)).flatten()
    }

    /// The number of a kind of body, which was seen `count` times more.
    pub(super) fn body(
        &mut self,
        direction: Direction,
        status: Option<u16>,
        media_type: &str,
        count: u64,
    ) -> Option<u8> {
        let same = |body: &BodySeen| {
            (body.direction, body.status, body.media_type.as_str())
                == (direction, status, media_type)
        };
        if let Some(at) = self.bodies.iter().position(same) {
            self.bodies[at].count += count;
            return u8::try_from(at).ok();
        }
        if self.bodies.len() >= MAX_BODIES {
            return None;
        }
        let media_type = media_type.to_owned();
        self.bodies.reserve_exact(1);
        self.bodies.push(BodySeen { direction, status, media_type, count });
        u8::try_from(self.bodies.len() - 1).ok()
    }

    fn learn_node(&mut self, node: NodeRef<'_>, seen: Seen<'_>, spots: &mut Spots) {
        let value = node.value();
        if seen.granted && node.side() == Side::Response && matches!(value, Value::Array) {
            self.largest_array = self.largest_array.max(node.children().count() as u64);
        }
        if node.root() == Root::Query
            && node.depth() == 1
            && PAGE_PARAMETERS.iter().any(|p| p.eq_ignore_ascii_case(node.key()))
        {
            self.page_parameter = true;
        }
        if node.root() == Root::Path {
            if let (Some(index), Ok(number)) = (node.index(), node.raw().parse::<i64>()) {
                let numbers = self.integers.get_or_insert_with(index, Vec::new);
                if numbers.len() < MAX_INTEGERS
                    && let Err(at) = numbers.binary_search(&number)
                {
                    if numbers.len() == numbers.capacity() {
                        numbers.reserve_exact(2 + numbers.len() / 2);
                    }
                    numbers.insert(at, number);
                }
            }
            if node.depth() != 1 {
                return;
            }
        }
        let hash = node.general_hash();
        let (places, most) = if seen.granted {
            (&mut self.places, MAX_PARAMETERS)
        } else {
            (&mut self.refused, MAX_REFUSED)
        };
        let make = || Box::new(Place::at(spots.shared(hash, Place::spot(node))));
        match places.get_or_insert_within(most, hash, make) {
            Some(place) => place.learn(node, value, seen),
            None => self.places_overflow += 1,
        }
    }

    /// Counts the outcome of a check: 0 failed, 1 passed, 2 not applicable, 3 not evaluated.
    pub fn tally(&mut self, check: usize, outcome: usize) {
        self.tallies.add(check, outcome, 1);
    }

    /// Has the spots of its places kept once with those of others.
    pub fn share(&mut self, spots: &mut Spots) {
        for places in [&mut self.places, &mut self.refused] {
            for (hash, place) in places.iter_mut() {
                spots.share(*hash, &mut place.at);
            }
        }
    }

    /// Whether it answers callers without a credential.
    #[must_use]
    pub const fn answers_anonymous(&self) -> bool {
        self.anonymous > 0
    }
}

fn is_of_cookie(place: &Place) -> bool {
    place.at.location.as_str().starts_with("cookie.")
}

/// Media type without parameters, in lower case (RFC 9110 §8.3.1); empty for none, and for what is no media
/// type.
fn media_type(headers: &Headers) -> Cow<'_, str> {
    let named = headers.get("content-type").unwrap_or("");
    let named = named.split(';').next().unwrap_or("").trim();
    let is_name = |part: &str| {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(is_token)
    };
    match named.split_once('/') {
        Some((kind, name)) if named.len() <= MAX_MEDIA_TYPE && is_name(kind) && is_name(name) => {
            if named.bytes().any(|b| b.is_ascii_uppercase()) {
                named.to_ascii_lowercase().into()
            } else {
                named.into()
            }
        }
        _ => "".into(),
    }
}
