//! Everything that a person or a program sees of an analysis: HTML report, terminal text, CSV, JSON.
//!
//! All values that come from traffic are hostile text. Each output encodes for its own medium, and
//! every one of them first makes invisible and direction-changing characters visible
//! ([`visible::visible`]). Nothing here reads a clock, the network or a file.

pub mod csv;
pub(crate) mod delivery;
pub mod html;
pub mod json;
pub mod learned;
pub mod sarif;
pub mod text;
pub mod visible;

mod graphql;
mod knowledge;
mod lead;
mod lookup;
mod openapi;
mod proto;
mod words;

use bartizan_model::{ItemMeta, data_class::DataGroup};

/// Documentation of a check or detector, as far as outputs show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemDoc {
    /// One line for people.
    pub title: String,
    /// What is looked at, with thresholds.
    pub what: String,
    /// Why it is bad.
    pub why: String,
    /// How to fix it.
    pub fix: String,
    /// Names or `https` addresses.
    pub references: Vec<String>,
}

impl From<&ItemMeta> for ItemDoc {
    fn from(meta: &ItemMeta) -> Self {
        Self {
            title: meta.title.to_owned(),
            what: meta.what.to_owned(),
            why: meta.why.to_owned(),
            fix: meta.fix.to_owned(),
            references: meta.references.iter().map(|r| (*r).to_owned()).collect(),
        }
    }
}

/// What the data map needs to know of a data class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassDoc {
    /// Its row of the data map.
    pub group: DataGroup,
    /// Whether exposure is serious by itself.
    pub sensitive: bool,
}

/// Where outputs look up documentation. Both functions answer `None` for unknown names.
#[derive(Clone, Copy)]
pub struct Docs<'a> {
    /// By code of a check or detector.
    pub item: &'a dyn Fn(&str) -> Option<ItemDoc>,
    /// By name of a data class.
    pub class: &'a dyn Fn(&str) -> Option<ClassDoc>,
}

impl Docs<'_> {
    /// Knows nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self { item: &|_| None, class: &|_| None }
    }
}
