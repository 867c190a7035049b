//! My Number (JP).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("my_number"),
    title: "My Number (JP)",
    what: "Twelve digits of which the last is a check digit modulo 11, under a field name that \
           says so.",
    examples: &[("my_number", "123456789018"), ("kojin_bango", "123456789018")],
    counterexamples: &[("my_number", "123456789010"), ("x", "123456789018")],
    references: &["Act on the Use of Numbers to Identify a Specific Individual, order 2014/85"],
    ..MEMBER
};
