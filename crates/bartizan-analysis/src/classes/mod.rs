//! Data classes: kinds of sensitive values, one recogniser per file.
//!
//! `classify` walks the leaves of both sides once. A value is summarised in one pass
//! ([`Shape`]) and its field name is looked up in one table ([`phrases`]); only recognisers whose
//! name fits or whose [`Form`] the value has are asked, in order of [`ClassItem::priority`], and
//! the first that answers names the value. Free text is searched for embedded values
//! ([`embedded`]).

use bartizan_model::{DataClass, Root, Side, data_class::DataGroup};
use bartizan_protocols::{Format, NodeId, NodeRef, decode::Decoded, view::Value};

use crate::snapshot::Snapshot;

pub mod accounts;
mod assigned;
pub mod bank_account;
mod blocks;
mod checksum;
mod countries;
pub mod custom;
pub mod date_of_birth;
pub mod device;
pub mod documents;
pub mod email;
mod embedded;
mod family;
pub mod finance;
mod form;
pub mod geolocation;
mod headers;
pub mod health;
pub mod health_id;
pub mod iban;
pub mod identity_document;
pub mod imei;
pub mod internal_address;
pub mod ip_address;
pub mod jwt;
mod keccak;
mod list;
pub mod mac_address;
mod memo;
mod names;
pub mod national_id;
pub mod national_ids;
pub mod password;
pub mod passwords;
pub mod payment_card;
pub mod person;
pub mod person_name;
pub mod phone;
mod phrases;
mod placeholder;
pub mod postal;
pub mod postal_address;
mod provider_forms;
mod published;
mod runs;
mod schemes;
pub mod secret;
mod secret_forms;
mod secret_text;
pub mod secrets;
mod shape;
pub mod subscriber;
pub mod tax_id;
pub mod tax_ids;
pub mod us_ssn;
pub mod vin;
mod vocabulary;
mod words;

pub use family::{Family, family_of, item_named};
pub use form::Form;
pub use list::CLASSES;
use memo::Memo;
use names::{FieldName, Siblings};
use phrases::Phrases;
pub use shape::{Marks, Shape};

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

/// How much it takes until an endpoint is said to carry a class at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// One value: a check digit, a special form, or a harm that one value does.
    One,
    /// Where a name and a plain word or number decide: two values, or one in five of the values at
    /// that place.
    Several,
}

impl Support {
    /// Fewest values of a class that needs several.
    const LEAST: u64 = 2;
    /// Of this many values at a place one is enough.
    const SHARE: u64 = 5;

    /// Whether `count` values of the class among `values` at one place are enough.
    #[must_use]
    pub const fn is_enough(self, count: u64, values: u64) -> bool {
        match self {
            Self::One => count > 0,
            Self::Several => {
                count >= Self::LEAST || (count > 0 && count.saturating_mul(Self::SHARE) >= values)
            }
        }
    }
}

/// A sensitive value found in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassHit {
    /// What kind.
    pub class: DataClass,
    /// The class that recognised it: the head of the family, or `class` itself.
    pub family: DataClass,
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
    /// The field name.
    pub name: &'a FieldName<'a>,
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
        let name = self.name.text();
        phrases.iter().any(|phrase| names::contains_phrase(name, phrase))
    }
}

/// One data class with its recogniser, documentation and examples.
pub struct ClassItem {
    /// The class.
    pub class: DataClass,
    /// How it stands to other classes.
    pub family: Family,
    /// Its group on the data map.
    pub group: DataGroup,
    /// One line for people.
    pub title: &'static str,
    /// What is recognised, with the rule and its source.
    pub what: &'static str,
    /// True for values whose exposure is serious by itself (cards, credentials, national ids).
    pub sensitive: bool,
    /// How much it takes until an endpoint is said to carry the class.
    pub support: Support,
    /// The first recogniser in this order names the value; unique, and 0 for members of families.
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
    /// First test for values without context.
    pub form: Form,
    /// The recogniser.
    pub recognise: fn(&Candidate<'_>) -> Option<Certainty>,
    /// Field name and value that must be recognised.
    pub examples: &'static [(&'static str, &'static str)],
    /// Field name and value that must not be recognised.
    pub counterexamples: &'static [(&'static str, &'static str)],
    /// Specifications and sources.
    pub references: &'static [&'static str],
}

impl ClassItem {
    /// What members of a family have in common: they recognise nothing themselves, and their
    /// [`ClassItem::names`] tell them apart and give context to the head.
    #[must_use]
    pub const fn member_of(head: DataClass, group: DataGroup, sensitive: bool) -> Self {
        Self {
            class: head,
            family: Family::MemberOf(head),
            group,
            title: "",
            what: "",
            sensitive,
            support: Support::One,
            priority: 0,
            names: &[],
            anywhere: false,
            in_text: false,
            form: Form::NONE,
            recognise: |_| None,
            examples: &[],
            counterexamples: &[],
            references: &[],
        }
    }
}

/// What results need to know of a class, wherever it was described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassTraits {
    /// Its group on the data map.
    pub group: DataGroup,
    /// See [`ClassItem::sensitive`].
    pub sensitive: bool,
    /// How much it takes until an endpoint is said to carry it.
    pub support: Support,
}

impl From<&ClassItem> for ClassTraits {
    fn from(item: &ClassItem) -> Self {
        Self { group: item.group, sensitive: item.sensitive, support: item.support }
    }
}

/// Integers that are of no class without context: no form is one of digits only and so short.
const SHORT_NUMBERS: std::ops::Range<i64> = 0..100_000_000_000;

/// Finds the sensitive values of an exchange, in document order.
#[must_use]
pub fn classify(decoded: &Decoded, snapshot: &Snapshot) -> Vec<ClassHit> {
    let mut hits = built_in(decoded);
    snapshot.classes.classify(decoded, &mut hits);
    hits
}

/// The values of built-in classes.
fn built_in(decoded: &Decoded) -> Vec<ClassHit> {
    let names = Phrases::all();
    Memo::with(|memo| {
        let mut hits = Vec::new();
        let mut siblings = Siblings::default();
        for node in decoded.view.nodes() {
            let value = node.value();
            if !matches!(value, Value::Text(_) | Value::Integer(_) | Value::Number(_)) {
                continue;
            }
            let name = siblings.name_of(&node);
            let context = memo.context(node.general_hash(), &name, names);
            if context.is_protocol && node.root() == Root::Header && node.depth() == 1 {
                continue;
            }
            let mut digits = shape::NumberText::default();
            let text = match value {
                Value::Integer(i) if node.raw().is_empty() => {
                    if context.mask == 0 && SHORT_NUMBERS.contains(&i) {
                        continue;
                    }
                    digits.write(i)
                }
                Value::Text(text) => trimmed(text),
                _ => node.raw(),
            };
            // One byte is enough where the name asks for it: `{"gender": "F"}`.
            if text.len() < 2 && (text.is_empty() || context.mask == 0) {
                continue;
            }
            if is_code(decoded, &node) {
                // Licences and examples in scripts name addresses and numbers of nobody in
                // particular.
                if let Some(class) = secret_text::kind_of(text, &Shape::of(text)) {
                    let (family, certainty) = (secret::CLASS.class, Certainty::Pattern);
                    hits.push(ClassHit { class, family, node: node.id(), certainty });
                }
                continue;
            }
            let text = credential_of(&node, text);
            let shape = Shape::of(text);
            let likely = context.mask | form::within_bounds(&shape);
            if likely == 0 && !shape.may_embed() {
                continue;
            }
            let candidate = Candidate {
                text,
                shape,
                name: &name,
                in_context: false,
                is_identifier: context.is_identifier,
                node,
            };
            classify_value(candidate, context.mask, likely, &mut hits);
        }
        hits
    })
}

/// What a value was recognised as.
#[derive(Clone, Copy)]
struct Recognised {
    class: DataClass,
    /// The class whose recogniser it was.
    family: DataClass,
    certainty: Certainty,
}

impl Recognised {
    /// As a class that is no member of a family.
    const fn new(class: DataClass, certainty: Certainty) -> Self {
        Self { class, family: class, certainty }
    }
}

/// Classifies one value, which may be of the `likely` classes or hold other values. In `context`
/// are the classes whose names fit its field name.
fn classify_value(
    mut candidate: Candidate<'_>,
    context: u64,
    likely: u64,
    hits: &mut Vec<ClassHit>,
) {
    let node = candidate.node.id();
    if let Some(Recognised { class, family, certainty }) =
        recognise(&mut candidate, context, likely)
    {
        hits.push(ClassHit { class, family, node, certainty });
    } else if candidate.shape.may_embed() {
        embedded::search(&candidate, |Recognised { class, family, certainty }| {
            hits.push(ClassHit { class, family, node, certainty });
        });
    }
}

/// Asks the recognisers of the `likely` classes, if there is context or the form fits.
fn recognise(candidate: &mut Candidate<'_>, context: u64, likely: u64) -> Option<Recognised> {
    form::items(likely).find_map(|(i, item)| {
        candidate.in_context = form::has(context, i);
        if !candidate.in_context && !item.form.fits(&candidate.shape) {
            return None;
        }
        let certainty = (item.recognise)(candidate)?;
        let class = family::finest(i, item, candidate, certainty);
        Some(Recognised { class, family: item.class, certainty })
    })
}

/// Whether a node is a script or style sheet as a whole.
fn is_code(decoded: &Decoded, node: &NodeRef<'_>) -> bool {
    node.root() == Root::Body
        && node.is_root()
        && matches!(decoded.format(node.side()), Format::Javascript | Format::Css)
}

/// `str::trim`, quickly for texts with nothing to trim.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
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

#[cfg(test)]
mod tests;
