//! NHS number (GB).

use bartizan_model::{DataClass, data_class::DataGroup};

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("nhs_number"),
    group: DataGroup::Health,
    title: "NHS number (GB)",
    what: "Ten digits with a check digit modulo 11, under a field name that says so.",
    examples: &[("nhs_number", "943 476 5919")],
    counterexamples: &[("nhs_number", "943 476 5918"), ("order_id", "9434765919")],
    references: &["NHS data dictionary"],
    ..MEMBER
};
