//! Sort codes of banks (GB, IE, AU).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("sort_code"),
    title: "Sort code or BSB",
    what: "A field name that says so and six digits.",
    names: &["sort code", "bsb"],
    examples: &[("sortCode", "20-00-00"), ("bsb", "062-000")],
    counterexamples: &[("sort_code", "000000"), ("sort", "200000"), ("sort_order", "20-00-00")],
    references: &["Pay.UK sort codes", "AusPayNet BSB"],
    ..MEMBER
};
