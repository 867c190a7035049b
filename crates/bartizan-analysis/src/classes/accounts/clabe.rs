//! Standardised bank codes (MX).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("clabe"),
    title: "CLABE",
    what: "A field name that says CLABE and eighteen digits with the check digit of weights 3, 7, \
           1.",
    names: &["clabe"],
    examples: &[("clabe", "002010077777777771")],
    counterexamples: &[
        ("clabe", "002010077777777772"),
        ("x", "002010077777777771"),
        ("clabe", "0020100777"),
    ],
    references: &["Asociación de Bancos de México"],
    ..MEMBER
};
