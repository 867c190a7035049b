//! Personal identification numbers.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("pin"),
    title: "PIN",
    what: "A field name that says so and 3 to 10 characters with at least three digits.",
    names: &["pin", "pin code"],
    examples: &[("pin", "4711"), ("pin_code", "839201")],
    counterexamples: &[("pin", "true"), ("pin", "D7"), ("pinned", "4711"), ("spin", "4711")],
    references: &["ISO 9564-1"],
    ..MEMBER
};
