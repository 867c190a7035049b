//! DNI or NIE (ES).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("spanish_id"),
    title: "DNI or NIE (ES)",
    what: "Eight digits (or X, Y, Z and seven) and the letter modulo 23, under a field name that \
           says so.",
    examples: &[("dni", "74866516K")],
    counterexamples: &[("dni", "74866516L"), ("x", "dni")],
    references: &["Ministerio del Interior: DNI"],
    ..MEMBER
};
