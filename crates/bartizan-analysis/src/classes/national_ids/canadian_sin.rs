//! Social Insurance Number (CA).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("canadian_sin"),
    title: "Social Insurance Number (CA)",
    what: "Nine digits not beginning with 0 or 8 with a Luhn digit, under a field name that says \
           so.",
    examples: &[("sin", "123-456-782")],
    counterexamples: &[("sin", "123-456-783"), ("x", "123-456-782")],
    references: &["Service Canada"],
    ..MEMBER
};
