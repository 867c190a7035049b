//! Data classes: kinds of sensitive values, one recogniser per file.
//!
//! `classify` walks the leaves of both sides once. A value is summarised in one pass
//! ([`Shape`]) and its field name is looked up in one table ([`names`]); only recognisers whose
//! name fits or whose form is possible are asked, in order of [`ClassItem::priority`], and the
//! first that answers names the value. Free text is searched for embedded values ([`embedded`]).

use std::sync::OnceLock;

use bartizan_model::{DataClass, Root, Side, data_class::DataGroup};
use bartizan_protocols::{Format, NodeId, NodeRef, decode::Decoded, view::Value};

use crate::snapshot::Snapshot;

pub mod bank_account;
mod checksum;
pub mod date_of_birth;
pub mod email;
mod embedded;
pub mod geolocation;
pub mod health_id;
pub mod iban;
pub mod identity_document;
pub mod imei;
pub mod internal_address;
pub mod ip_address;
pub mod jwt;
mod list;
pub mod mac_address;
mod names;
pub mod national_id;
pub mod password;
pub mod payment_card;
pub mod person_name;
pub mod phone;
pub mod postal_address;
mod schemes;
pub mod secret;
mod secret_forms;
mod shape;
pub mod tax_id;
pub mod us_ssn;
pub mod vin;
mod words;

pub use list::CLASSES;
pub use shape::Shape;

/// How sure a recogniser is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The form fits and the field name agrees.
    Context,
    /// The form is so special that it needs no context.
    Pattern,
    /// A check digit, registry or structure was verified.
    Checked,
}

/// A sensitive value found in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassHit {
    /// What kind.
    pub class: DataClass,
    /// Where. Free text holding several kinds gives one hit per kind at the same node.
    pub node: NodeId,
    /// How sure.
    pub certainty: Certainty,
}

/// What a recogniser is given.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The scalar value's text (numbers as written), trimmed.
    pub text: &'a str,
    /// One-pass summary of `text`.
    pub shape: Shape,
    /// Words of the field name, lower case, the parent's name first: `billing card number`.
    pub name: &'a str,
    /// Whether one of the item's own [`ClassItem::names`] fits the field name.
    pub in_context: bool,
    /// Whether the name says that the value is an identifier, count, time, hash or version: forms
    /// that fit by chance are refused there.
    pub is_identifier: bool,
    /// The node.
    pub node: NodeRef<'a>,
}

impl Candidate<'_> {
    /// Whether one of `phrases` stands in the name as whole words.
    #[must_use]
    pub fn is_named(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| names::contains_phrase(self.name, phrase))
    }
}

/// One data class with its recogniser, documentation and examples.
pub struct ClassItem {
    /// The class.
    pub class: DataClass,
    /// Its group on the data map.
    pub group: DataGroup,
    /// One line for people.
    pub title: &'static str,
    /// What is recognised, with the rule and its source.
    pub what: &'static str,
    /// True for values whose exposure is serious by itself (cards, credentials, national ids).
    pub sensitive: bool,
    /// The first recogniser in this order names the value; unique.
    pub priority: u8,
    /// Field names that give context, as phrases of lower-case words without separators. Words in
    /// singular; `e mail`, `date of birth`.
    pub names: &'static [&'static str],
    /// Whether a phrase counts anywhere in the field name (the form is checked as well) or only at
    /// its end (`password` in `new_password`, not in `password_reset_url`).
    pub anywhere: bool,
    /// Whether the class is looked for in short free text too, where the words before a value stand
    /// for its field name.
    pub in_text: bool,
    /// First test for values without context: whether the form is possible at all.
    pub possible: fn(&Shape) -> bool,
    /// The recogniser.
    pub recognise: fn(&Candidate<'_>) -> Option<Certainty>,
    /// Field name and value that must be recognised.
    pub examples: &'static [(&'static str, &'static str)],
    /// Field name and value that must not be recognised.
    pub counterexamples: &'static [(&'static str, &'static str)],
    /// Specifications and sources.
    pub references: &'static [&'static str],
}

/// The item of a class; `None` for an unknown one.
#[must_use]
pub fn item(class: DataClass) -> Option<&'static ClassItem> {
    CLASSES.iter().copied().find(|item| item.class == class)
}

/// Whether exposure of that class is serious by itself.
#[must_use]
pub fn is_sensitive(class: DataClass) -> bool {
    item(class).is_some_and(|item| item.sensitive)
}

/// Items in order of priority; the position is the bit in masks of [`names`].
fn by_priority() -> &'static [&'static ClassItem] {
    static ORDER: OnceLock<Vec<&'static ClassItem>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut items = CLASSES.to_vec();
        items.sort_by_key(|item| item.priority);
        items
    })
}

/// Finds the sensitive values of an exchange, in document order.
#[must_use]
pub fn classify(decoded: &Decoded, _snapshot: &Snapshot) -> Vec<ClassHit> {
    let mut hits = Vec::new();
    // A path segment gets its context from the segment before it: `/users/{email}`.
    let mut before = "";
    for node in decoded.view.nodes() {
        let mut digits = shape::NumberText::default();
        let text = match node.value() {
            Value::Text(text) => text.trim(),
            Value::Integer(i) if node.raw().is_empty() => digits.write(i),
            Value::Integer(_) | Value::Number(_) => node.raw(),
            _ => continue,
        };
        let context = if node.root() == Root::Path && node.depth() == 1 {
            std::mem::replace(&mut before, node.raw())
        } else {
            node.name()
        };
        if text.len() < 2 || is_protocol_field(&node) {
            continue;
        }
        if is_code(decoded, &node) {
            // Licences and examples in scripts name addresses and numbers of nobody in particular.
            if embedded::has_secret(text) {
                let (class, certainty) = (secret::CLASS.class, Certainty::Pattern);
                hits.push(ClassHit { class, node: node.id(), certainty });
            }
            continue;
        }
        classify_value(node, text, context, &mut hits);
    }
    hits
}

/// Classifies one value under one field name, as [`classify`] does for each leaf.
fn classify_value(node: NodeRef<'_>, text: &str, own: &str, hits: &mut Vec<ClassHit>) {
    let text = credential_of(&node, text);
    let shape = Shape::of(text);
    let context = names::lookup(names::parent_name(&node), own);
    let mut candidate = Candidate {
        text,
        shape,
        name: context.words(),
        in_context: false,
        is_identifier: context.is_identifier,
        node,
    };
    for (i, item) in by_priority().iter().enumerate() {
        let in_context = context.mask & (1 << i) != 0;
        if !in_context && !(item.possible)(&shape) {
            continue;
        }
        candidate.in_context = in_context;
        if let Some(certainty) = (item.recognise)(&candidate) {
            hits.push(ClassHit { class: item.class, node: node.id(), certainty });
            return;
        }
    }
    if shape.may_embed() {
        embedded::search(&candidate, |class, certainty| {
            hits.push(ClassHit { class, node: node.id(), certainty });
        });
    }
}

/// Whether a node is a script or style sheet as a whole.
fn is_code(decoded: &Decoded, node: &NodeRef<'_>) -> bool {
    node.root() == Root::Body
        && node.is_root()
        && matches!(decoded.format(node.side()), Format::Javascript | Format::Css)
}

/// `Bearer x` → `x`: the credential behind an authentication scheme (RFC 9110 §11.4).
fn credential_of<'a>(node: &NodeRef<'_>, text: &'a str) -> &'a str {
    if node.root() != Root::Header || node.side() != Side::Request {
        return text;
    }
    match text.split_once(' ') {
        Some((scheme, rest))
            if scheme.len() <= 12 && scheme.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            rest.trim()
        }
        _ => text,
    }
}

/// Header fields of the protocol itself, which never carry personal data of the application.
/// Cookies are classified in their own root.
fn is_protocol_field(node: &NodeRef<'_>) -> bool {
    const EXACT: &[&str] = &[
        "age",
        "allow",
        "alt-svc",
        "connection",
        "cookie",
        "date",
        "dnt",
        "etag",
        "expect",
        "expires",
        "forwarded",
        "host",
        "last-modified",
        "link",
        "nel",
        "origin",
        "permissions-policy",
        "pragma",
        "priority",
        "range",
        "referrer-policy",
        "report-to",
        "retry-after",
        "server",
        "server-timing",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "vary",
        "via",
        "cf-connecting-ip",
        "true-client-ip",
        "x-client-ip",
        "x-real-ip",
    ];
    const PREFIXES: &[&str] = &[
        "accept",
        "access-control-",
        "cache-",
        "cf-ray",
        "content-",
        "if-",
        "sec-",
        "upgrade-",
        "x-amz-cf-",
        "x-amzn-trace",
        "x-b3-",
        "x-cache",
        "x-content-",
        "x-forwarded-",
        "x-frame-",
        "x-ratelimit",
        "x-request-",
        "x-trace",
        "x-xss-",
        "ratelimit",
    ];
    if node.root() != Root::Header || node.depth() != 1 {
        return false;
    }
    let name = node.key();
    EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
