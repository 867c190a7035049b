//! Voter cards.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("voter_id"),
    title: "Voter number",
    what: "A field name that says so and 6 to 20 letters and digits with at least four digits.",
    names: &["voter id"],
    examples: &[("voterId", "XGZ7125983")],
    counterexamples: &[("voter_id", "none"), ("voter_id_type", "XGZ7125983")],
    references: &["Election Commission of India: EPIC"],
    ..MEMBER
};
