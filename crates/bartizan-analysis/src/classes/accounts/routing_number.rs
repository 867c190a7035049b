//! Routing numbers of banks (US).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("routing_number"),
    title: "ABA routing number",
    what: "A field name that says so and nine digits in an assigned range with the check digit of the \
           American Bankers Association.",
    names: &["routing number", "routing", "aba", "aba routing"],
    examples: &[("routingNumber", "111000025")],
    counterexamples: &[
        ("routing_number", "111000026"),
        ("routing_number", "166000025"),
        ("x", "111000025"),
        ("routing_key", "111000025"),
    ],
    references: &["ABA routing number policy"],
    ..MEMBER
};
