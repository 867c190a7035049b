//! Rol Único Tributario (CL).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("rut"),
    title: "Rol Único Tributario (CL)",
    what: "Seven or eight digits and a check character modulo 11, under a field name that says so \
           or with its punctuation.",
    examples: &[("rut", "12.531.909-2"), ("x", "12.531.909-2")],
    counterexamples: &[("rut", "12.531.909-3"), ("x", "125319092")],
    references: &["Servicio de Registro Civil e Identificación"],
    ..MEMBER
};
