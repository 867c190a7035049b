//! NRIC or FIN (SG).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("nric"),
    title: "NRIC or FIN (SG)",
    what: "A letter, seven digits and a check letter, under a field name that says so.",
    examples: &[("nric", "S1234567D")],
    counterexamples: &[("nric", "S1234567E"), ("x", "S1234567D")],
    references: &["Immigration and Checkpoints Authority of Singapore"],
    ..MEMBER
};
