//! GSTIN of a business (IN).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("gstin"),
    title: "GSTIN of a business (IN)",
    what: "State, PAN, a number from 1 on, Z and the check character of Luhn modulo 36.",
    examples: &[("x", "27AAPFU7232F1ZV"), ("gstin", "27AAPFU7232F1ZV")],
    counterexamples: &[
        ("gstin", "27AAPFU7232F0ZW"),
        ("gstin", "27AAPFU7232F1ZW"),
        ("x", "99AAPFU7232F1ZV"),
    ],
    references: &["Goods and Services Tax Network"],
    ..MEMBER
};
