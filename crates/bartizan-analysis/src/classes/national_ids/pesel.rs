//! PESEL (PL).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("pesel"),
    title: "PESEL (PL)",
    what: "Eleven digits with the date of birth and a check digit, under a field name that says \
           PESEL.",
    examples: &[("pesel", "44051401458")],
    counterexamples: &[("pesel", "44051401457"), ("x", "44051401458")],
    references: &["Ustawa o ewidencji ludności"],
    ..MEMBER
};
