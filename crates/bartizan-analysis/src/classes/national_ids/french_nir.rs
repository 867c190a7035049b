//! Numéro d'inscription au répertoire (FR).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("french_nir"),
    title: "Numéro d'inscription au répertoire (FR)",
    what: "Thirteen digits of sex, year, month, place and order, and a key modulo 97, under a \
           field name that says so.",
    examples: &[("nir", "255081416802538")],
    counterexamples: &[
        ("nir", "590109818691140"),
        ("nir", "255081416802539"),
        ("x", "255081416802538"),
    ],
    references: &["INSEE"],
    ..MEMBER
};
