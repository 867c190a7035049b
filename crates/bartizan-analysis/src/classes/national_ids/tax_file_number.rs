//! Tax File Number (AU).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("tax_file_number"),
    title: "Tax File Number (AU)",
    what: "Nine digits whose weighted sum is a multiple of 11, under a field name that says so.",
    examples: &[("tfn", "123 456 782")],
    counterexamples: &[("tfn", "123 456 783"), ("x", "123 456 782")],
    references: &["Australian Taxation Office"],
    ..MEMBER
};
