//! Clave Única de Registro de Población (MX).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("curp"),
    title: "Clave Única de Registro de Población (MX)",
    what: "Eighteen letters and digits with the date of birth, a federal state or NE, and a check digit.",
    examples: &[("curp", "BOXW310820HNERXN09")],
    counterexamples: &[
        ("curp", "BOXW310820HZZRXN06"),
        ("curp", "BOXW310820HNERXN08"),
        ("curp", "BOXW311320HNERXN09"),
    ],
    references: &["RENAPO: Instructivo normativo para la CURP"],
    ..MEMBER
};
