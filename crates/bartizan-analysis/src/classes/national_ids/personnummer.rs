//! Personnummer (SE).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("personnummer"),
    title: "Personnummer (SE)",
    what: "Date of birth, three digits and a Luhn digit, coordination numbers included, under a \
           field name that says so or with its hyphen.",
    examples: &[("personnummer", "880320-0016"), ("x", "880320-0016")],
    counterexamples: &[("personnummer", "880320-0018"), ("x", "8803200016")],
    references: &["Skatteverket SKV 704"],
    ..MEMBER
};
