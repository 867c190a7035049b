//! Permanent Account Number (IN).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("indian_pan"),
    title: "Permanent Account Number (IN)",
    what: "Five letters, of which the fourth is the kind of holder, four digits that are not all zero and a letter, \
           under a field name that says so.",
    examples: &[("pan_card", "ABCPE1234F")],
    counterexamples: &[("pan_card", "ACUPA0000R"), ("pan_card", "ABCDE1234F"), ("x", "ABCPE1234F")],
    references: &["Income Tax Department of India"],
    ..MEMBER
};
