//! Employer identification number (US).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("ein"),
    title: "Employer identification number (US)",
    what: "Nine digits with a prefix that is issued, under a field name that says EIN.",
    examples: &[("ein", "11-1614287")],
    counterexamples: &[("ein", "07-1614287"), ("x", "11-1614287")],
    references: &["IRS: employer identification numbers"],
    ..MEMBER
};
