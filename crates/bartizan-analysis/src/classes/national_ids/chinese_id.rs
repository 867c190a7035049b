//! Resident identity card (CN).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("chinese_id"),
    title: "Resident identity card (CN)",
    what: "Eighteen characters with region, date of birth and the check character of ISO 7064 MOD \
           11-2.",
    examples: &[("x", "11010519491231002X"), ("sfz", "11010519491231002X")],
    counterexamples: &[("x", "110105194912310021"), ("sfz", "110105194913310021")],
    references: &["GB 11643-1999"],
    ..MEMBER
};
