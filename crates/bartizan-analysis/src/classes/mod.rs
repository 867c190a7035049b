//! Data classes: kinds of sensitive values, one recogniser per file.

mod list;

pub use list::CLASSES;

use bartizan_model::{DataClass, data_class::DataGroup};
use bartizan_protocols::{NodeId, NodeRef, decode::Decoded};

use crate::snapshot::Snapshot;

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
    /// Where.
    pub node: NodeId,
    /// How sure.
    pub certainty: Certainty,
}

/// What a recogniser is given.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The scalar value's text (numbers as written), trimmed.
    pub text: &'a str,
    /// The nearest field name, lower case, separators removed: `dateOfBirth` → `dateofbirth`.
    pub name: &'a str,
    /// The node.
    pub node: NodeRef<'a>,
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
    /// The recogniser.
    pub recognise: fn(Candidate<'_>) -> Option<Certainty>,
    /// Field name and value that must be recognised.
    pub examples: &'static [(&'static str, &'static str)],
    /// Field name and value that must not be recognised.
    pub counterexamples: &'static [(&'static str, &'static str)],
    /// Specifications and sources.
    pub references: &'static [&'static str],
}

/// Finds the sensitive values of an exchange, in document order.
#[must_use]
pub fn classify(_decoded: &Decoded, _snapshot: &Snapshot) -> Vec<ClassHit> {
    Vec::new()
}

/// Whether exposure of a value of that class is serious by itself.
#[must_use]
pub fn is_sensitive(class: DataClass) -> bool {
    is_sensitive_name(class.as_str())
}

/// [`is_sensitive`] by name.
#[must_use]
pub fn is_sensitive_name(class: &str) -> bool {
    CLASSES.iter().any(|item| item.sensitive && item.class.as_str() == class)
}
