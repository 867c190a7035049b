//! Codice fiscale (IT).

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("codice_fiscale"),
    title: "Codice fiscale (IT)",
    what: "Sixteen letters and digits with the date of birth, which must be one, the place, and a \
           check letter.",
    examples: &[("x", "RCCMNL62S18D961H"), ("codice_fiscale", "RCCMNL62S18D961H")],
    counterexamples: &[
        ("codice_fiscale", "RCCMNL83R78D969J"),
        ("codice_fiscale", "RCCMNL62S18D961G"),
        ("x", "RCCMNL62S18D961G"),
    ],
    references: &["Agenzia delle Entrate"],
    ..MEMBER
};
