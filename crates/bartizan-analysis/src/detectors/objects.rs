//! Which objects an exchange asks for, which it shows, and to whom they belong.
//!
//! Computed once per exchange and shared by all detectors with history. Values are hashed under the
//! snapshot's seed, so that equal values match and none is kept.

use std::{
    fmt::Write as _,
    hash::{BuildHasher, Hasher},
    iter::once,
    sync::Arc,
};

use bartizan_model::{Root, Side};
use bartizan_protocols::{NodeId, NodeRef, Value};
use foldhash::quality::FixedState;
use smallvec::SmallVec;

use super::{
    field_words::{FieldMemo, FieldWords, PathWords},
    login::LoginFields,
    names::{IdName, is_generic, kind_hash},
};
use crate::{
    endpoints::{Segment, Template},
    facts::Facts,
    state::pair,
};

/// Most objects taken from one request.
pub const MAX_REFERENCES: usize = 16;
/// Most objects taken from one response.
pub const MAX_SHOWN: usize = 1_000;
/// Most owners taken from one response.
pub const MAX_OWNERS: usize = 16;

/// An object that the request names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// The place in the API: host and path up to the parameter (methods share it), or the endpoint
    /// and the parameter's name.
    pub resource: u64,
    /// The kind of thing: `orders` in `/orders/{id}`, `order` in `order_id`.
    pub kind: u64,
    /// Hash of the value.
    pub value: u64,
    /// The number at the end of the value, when there is one: tells whether ids are walked.
    pub number: Option<u64>,
    /// Whether the kind is a word for somebody.
    pub person: bool,
    /// Where it is.
    pub node: NodeId,
}

/// An object that the response shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The kind of thing.
    pub kind: u64,
    /// Hash of the value.
    pub value: u64,
    /// Whether it stands in an element of a list.
    pub in_list: bool,
}

/// Most values of a claim that are taken for roles.
const MOST_ROLES: usize = 64;

/// A field of the response that may say to whom the object belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The field by its name.
    pub field: u64,
    /// Hash of the value.
    pub value: u64,
    /// Whether the name is a word for somebody.
    pub person: bool,
    /// Whether it stands in an element of a list.
    pub in_list: bool,
}

/// Objects of one exchange.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Who the caller's token says it is (`sub` and its like).
    pub subject: Option<u64>,
    /// The roles that the caller's token claims, in any order. Nobody checked them.
    pub role: Option<u64>,
    /// The id that the API gives the caller on its own record (`/me`).
    pub self_value: Option<u64>,
    /// Named by the request, in document order.
    pub references: SmallVec<[Reference; 2]>,
    /// Shown by a successful response and not named by the request.
    pub shown: Vec<Shown>,
    /// Owners named by a successful response.
    pub owners: SmallVec<[Owner; 4]>,
    /// Account and secret among the fields of the request.
    pub(crate) login: LoginFields,
    /// Objects in the response: elements of its largest array, else 1 for a body with content.
    pub records: u64,
}

/// Hash of a scalar value as text, the same for `7` and `"7"`. `None` for values that are no
/// identifiers: empty, longer than 128 bytes, truth values, fractions.
#[must_use]
pub fn value_hash(node: NodeRef<'_>, seed: u64) -> Option<u64> {
    match node.value() {
        Value::Text(text) => text_hash(text, seed),
        Value::Integer(number) => {
            let mut text = Digits::default();
            write!(text, "{number}").ok()?;
            text_hash(text.text(), seed)
        }
        _ => None,
    }
}

/// See [`value_hash`].
#[must_use]
pub fn text_hash(text: &str, seed: u64) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || text.len() > 128 {
        return None;
    }
    let mut hasher = FixedState::with_seed(seed).build_hasher();
    hasher.write(text.as_bytes());
    Some(hasher.finish() | 1)
}

#[derive(Default)]
struct Digits {
    bytes: [u8; 24],
    len: usize,
}

impl Digits {
    fn text(&self) -> &str {
        std::str::from_utf8(self.bytes.get(..self.len).unwrap_or(&[])).unwrap_or("")
    }
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let end = self.len + s.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Finds the objects of one exchange.
#[must_use]
pub fn extract(facts: &Facts<'_>, endpoint: &Arc<Template>, memo: &mut FieldMemo) -> Objects {
    let claims = claims(facts);
    let mut found = Finder {
        seed: facts.snapshot.seed,
        path: memo.path(endpoint),
        memo,
        endpoint,
        out: Objects {
            subject: claims.and_then(|claims| subject(claims, facts)),
            role: claims.and_then(|claims| role(claims, facts)),
            ..Objects::default()
        },
    };
    let success = facts.is_success();
    for root in facts.decoded.view.roots() {
        match (root.side(), root.root()) {
            (Side::Request, Root::Path) => root.children().for_each(|node| found.path(node)),
            (Side::Request, Root::Query | Root::Matrix | Root::Body | Root::Xml | Root::Grpc) => {
                root.descendants().for_each(|node| found.parameter(node));
            }
            (Side::Response, Root::Body | Root::Xml | Root::Grpc) if success => {
                found.response(root);
                root.descendants().for_each(|node| found.response(node));
            }
            (Side::Response, Root::Header) if success => {
                root.children()
                    .filter(|node| node.key() == "location")
                    .for_each(|node| found.link(node));
            }
            _ => {}
        }
    }
    let Objects { references, shown, .. } = &mut found.out;
    shown.retain(|shown| references.iter().all(|reference| reference.value != shown.value));
    found.out
}

/// The claims of the caller's token.
fn claims<'a>(facts: &'a Facts<'_>) -> Option<NodeRef<'a>> {
    let token = facts.decoded.view.node(facts.credentials.iter().find_map(|c| c.jwt)?)?;
    token.children().find(|child| child.key() == "payload")
}

/// The subject that the caller's token names.
fn subject(claims: NodeRef<'_>, facts: &Facts<'_>) -> Option<u64> {
    ["sub", "user_id", "uid", "userId", "account_id"].iter().find_map(|name| {
        let claim = claims.children().find(|child| child.key() == *name)?;
        value_hash(claim, facts.snapshot.seed)
    })
}

/// The roles that the caller's token claims: RFC 9068, section 2.2.3.1, and what common issuers write.
fn role(claims: NodeRef<'_>, facts: &Facts<'_>) -> Option<u64> {
    const ROLES: [&str; 5] = ["role", "roles", "groups", "cognito:groups", "realm_access"];
    let named = claims.children().filter(|child| ROLES.contains(&child.key()));
    let roles = named.flat_map(|claim| once(claim).chain(claim.descendants()).take(MOST_ROLES));
    let hashes = roles.filter_map(|role| value_hash(role, facts.snapshot.seed));
    // A sum does not know in which order they came.
    hashes.reduce(u64::wrapping_add)
}

struct Finder<'a> {
    seed: u64,
    memo: &'a mut FieldMemo,
    endpoint: &'a Template,
    path: Arc<PathWords>,
    out: Objects,
}

impl Finder<'_> {
    fn path(&mut self, node: NodeRef<'_>) {
        let Some(index) = node.index().map(|i| i as usize) else { return };
        let Some(Some(words)) = self.path.parameters.get(index).copied() else { return };
        let Some(Segment::Parameter { prefix, suffix, .. }) = self.endpoint.segments.get(index)
        else {
            return;
        };
        let Value::Text(text) = node.value() else { return };
        let text = text.strip_prefix(prefix.as_str()).unwrap_or(text);
        let text = text.strip_suffix(suffix.as_str()).unwrap_or(text);
        self.reference(node, text, words.resource, words.kind, words.person);
    }

    fn parameter(&mut self, node: NodeRef<'_>) {
        if node.depth() == 0 || node.depth() > 6 || !node.value().is_scalar() {
            return;
        }
        let words = self.memo.words(node);
        self.out.login.take(words.login, node, self.seed);
        let value = node.value();
        match words.id {
            _ if node.root() == Root::Xml => return,
            IdName::No => return,
            IdName::WithDigit if !node.raw().bytes().any(|b| b.is_ascii_digit()) => return,
            _ => {}
        }
        let kind = if words.is_bare { None } else { Some(words.kind) };
        let mut digits = Digits::default();
        let text = match value {
            Value::Integer(number) if write!(digits, "{number}").is_ok() => digits.text(),
            _ => node.raw(),
        };
        self.reference(node, text, pair(self.path.place, words.plain), kind, words.person);
    }

    fn reference(
        &mut self,
        node: NodeRef<'_>,
        text: &str,
        resource: u64,
        kind: Option<u64>,
        person: bool,
    ) {
        if self.out.references.len() >= MAX_REFERENCES {
            return;
        }
        let Some(value) = text_hash(text, self.seed) else { return };
        self.out.references.push(Reference {
            resource,
            kind: kind.unwrap_or(self.path.kind),
            value,
            number: trailing_number(text),
            person,
            node: node.id(),
        });
    }

    fn response(&mut self, node: NodeRef<'_>) {
        let value = node.value();
        if !value.is_scalar() {
            if matches!(value, Value::Array) {
                let length = node.children().count() as u64;
                self.out.records = self.out.records.max(length);
            } else if self.out.records == 0 {
                self.out.records = 1;
            }
            return;
        }
        let words = self.memo.words(node);
        if words.id == IdName::No && !words.person {
            if words.link {
                self.link(node);
            }
            return;
        }
        let Some(hash) = value_hash(node, self.seed) else { return };
        let is_code = match value {
            Value::Text(text) => text.bytes().any(|b| b.is_ascii_digit()),
            _ => true,
        };
        if words.id == IdName::Yes || (words.id == IdName::WithDigit && is_code) {
            if self.path.is_own
                && words.is_bare
                && node.depth() <= 2
                && self.out.self_value.is_none()
            {
                self.out.self_value = Some(hash);
            }
            if self.out.shown.len() < MAX_SHOWN {
                let kind = if words.is_bare { self.kind_above(node) } else { words.kind };
                self.out.shown.push(Shown { kind, value: hash, in_list: in_list(node) });
            }
        }
        self.owner(node, words, hash);
    }

    /// Remembers a field that may name the owner. `id` alone names the object itself, unless it
    /// hangs below a word for somebody: `owner: {id}`.
    fn owner(&mut self, node: NodeRef<'_>, words: FieldWords, value: u64) {
        let (field, person) = match words.person_above {
            _ if !words.is_bare => (words.kind, words.person),
            Some(above) => (above, true),
            None => return,
        };
        let owner = Owner { field, value, person, in_list: in_list(node) };
        if self.out.owners.len() < MAX_OWNERS && !self.out.owners.contains(&owner) {
            self.out.owners.push(owner);
        }
    }

    fn kind_above(&self, node: NodeRef<'_>) -> u64 {
        let mut up = node.parent();
        while let Some(at) = up {
            if !at.key().is_empty() && !is_generic(at.key()) {
                return kind_hash(at.key());
            }
            up = at.parent();
        }
        self.path.kind
    }

    /// The object at the end of a link: `/orders/17` in `href` or `location`.
    fn link(&mut self, node: NodeRef<'_>) {
        let Value::Text(text) = node.value() else { return };
        let path = text.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
        let mut parts = path.rsplit('/');
        let (Some(last), Some(kind)) = (parts.next(), parts.next()) else { return };
        if let Some(value) = text_hash(last, self.seed)
            && self.out.shown.len() < MAX_SHOWN
        {
            let in_list = in_list(node);
            self.out.shown.push(Shown { kind: kind_hash(kind), value, in_list });
        }
    }
}

/// Whether a node is, or is below, an element of an array.
fn in_list(node: NodeRef<'_>) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        if node.index().is_some() {
            return true;
        }
        at = node.parent();
    }
    false
}

/// The number at the end of an identifier, up to 18 digits; `None` for values in which digits are
/// not counted up (UUIDs, hashes).
fn trailing_number(text: &str) -> Option<u64> {
    let head = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.get(head.len()..)?;
    if digits.is_empty() || digits.len() > 18 || head.bytes().filter(u8::is_ascii_digit).count() > 4
    {
        return None;
    }
    digits.parse().ok()
}
