//! Numbers of SIM cards.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("iccid"),
    title: "ICCID",
    what: "A field name that says ICCID and 19 or 20 digits beginning with 89.",
    names: &["iccid"],
    examples: &[("iccid", "8944500102198304826")],
    counterexamples: &[("iccid", "7944500102198304826"), ("x", "8944500102198304826")],
    references: &["ITU-T E.118"],
    ..MEMBER
};
