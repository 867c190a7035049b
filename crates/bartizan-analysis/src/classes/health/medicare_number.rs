//! Numbers of Medicare.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("medicare_number"),
    title: "Medicare number (US, AU)",
    what: "The Medicare beneficiary identifier of the United States by the kinds of its eleven \
           characters, and the Australian Medicare card with its check digit, under a field name \
           that says so or with the hyphens of the former.",
    examples: &[("mbi", "1EG4TE5MK73"), ("x", "1EG4-TE5-MK73")],
    counterexamples: &[("mbi", "1SG4TE5MK73"), ("x", "1EG4TE5MK73")],
    references: &["CMS: understanding the MBI format"],
    ..MEMBER
};
