//! Cadastro de Pessoas Físicas (BR).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("cpf"),
    title: "Cadastro de Pessoas Físicas (BR)",
    what: "Eleven digits with two check digits modulo 11, under a field name that says CPF or \
           with its punctuation.",
    examples: &[("x", "391.544.619-01"), ("cpf", "39154461901")],
    counterexamples: &[("x", "391.544.619-02"), ("x", "39154461901")],
    references: &["Receita Federal do Brasil"],
    ..MEMBER
};
