//! Burgerservicenummer (NL).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("bsn"),
    title: "Burgerservicenummer (NL)",
    what: "Nine digits that pass the test modulo 11, under a field name that says BSN.",
    examples: &[("bsn", "111222333")],
    counterexamples: &[("bsn", "111222334"), ("x", "111222333")],
    references: &["Wet algemene bepalingen burgerservicenummer"],
    ..MEMBER
};
