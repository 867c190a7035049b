//! Steuerliche Identifikationsnummer (DE).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("german_tax_id"),
    title: "Steuerliche Identifikationsnummer (DE)",
    what: "Eleven digits with one that is repeated and the check digit of ISO 7064 MOD 11,10, \
           under a field name that says so.",
    examples: &[("steuer_id", "36574261809")],
    counterexamples: &[("steuer_id", "36574261890"), ("x", "36574261809")],
    references: &["AO section 139b"],
    ..MEMBER
};
