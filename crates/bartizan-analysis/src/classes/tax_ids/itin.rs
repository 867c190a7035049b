//! Individual taxpayer identification number (US).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("itin"),
    title: "Individual taxpayer identification number (US)",
    what: "Nine digits beginning with 9 with a group that is issued, under a field name that says \
           ITIN or with its hyphens.",
    examples: &[("itin", "912-90-3456"), ("x", "912-90-3456")],
    counterexamples: &[("itin", "912-93-3456"), ("itin", "812-90-3456")],
    references: &["IRS Publication 1915"],
    ..MEMBER
};
