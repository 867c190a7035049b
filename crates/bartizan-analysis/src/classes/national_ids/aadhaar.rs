//! Aadhaar number (IN).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("aadhaar"),
    title: "Aadhaar number (IN)",
    what: "Twelve digits, the first from 2 on, with the check digit of Verhoeff, under a field \
           name that says Aadhaar.",
    examples: &[("aadhaar", "3998 7654 3211")],
    counterexamples: &[("aadhaar", "3998 7654 3212"), ("x", "399876543211")],
    references: &["UIDAI"],
    ..MEMBER
};
