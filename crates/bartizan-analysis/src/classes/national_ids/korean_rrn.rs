//! Resident registration number (KR).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("korean_rrn"),
    title: "Resident registration number (KR)",
    what: "Date of birth, seven digits and a check digit modulo 11, foreigners' numbers included, \
           under a field name that says so.",
    examples: &[("rrn", "971013-9019902")],
    counterexamples: &[("rrn", "971013-9019903"), ("x", "9710139019902")],
    references: &["Resident Registration Act"],
    ..MEMBER
};
