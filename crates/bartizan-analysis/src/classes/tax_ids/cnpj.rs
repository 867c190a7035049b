//! CNPJ of a company (BR).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("cnpj"),
    title: "CNPJ of a company (BR)",
    what: "Fourteen characters with two check digits modulo 11, under a field name that says CNPJ \
           or with its punctuation.",
    examples: &[("cnpj", "16727230000197"), ("x", "16.727.230/0001-97")],
    counterexamples: &[("cnpj", "16727230000198"), ("x", "16727230000197")],
    references: &["Receita Federal do Brasil"],
    ..MEMBER
};
