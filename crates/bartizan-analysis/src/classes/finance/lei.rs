//! Legal entity identifiers.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("lei"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Legal entity identifier",
    what: "A field name that says so, 18 letters and digits and two check digits modulo 97.",
    sensitive: false,
    support: Support::One,
    priority: 56,
    names: &["lei", "lei code", "legal entity identifier", "legal entity id"],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("lei", "5493001KJTIIGC8Y1R12"), ("legalEntityIdentifier", "529900T8BM49AURSDO55")],
    counterexamples: &[
        ("lei", "5493001KJTIIGC8Y1R13"),
        ("x", "5493001KJTIIGC8Y1R12"),
        ("lei", "none"),
        ("legal_entity", "5493001KJTIIGC8Y1R12"),
    ],
    references: &["ISO 17442-1"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    let form = text.len() == 20
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && text.bytes().rev().take(2).all(|b| b.is_ascii_digit());
    (candidate.in_context && form && checksum::mod97(text.bytes()) == Some(1))
        .then_some(Certainty::Checked)
}
