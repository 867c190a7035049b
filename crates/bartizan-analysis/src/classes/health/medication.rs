//! Medicines of a patient.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, schemes, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("medication"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Medication",
    what: "Under a field name that says so the National Drug Code (10 or 11 digits in its five \
           groupings), a code of the ATC (`N02BE01`), or wording of at most ten words.",
    sensitive: true,
    support: Support::Several,
    priority: 102,
    names: &[
        "medication",
        "medication name",
        "medication code",
        "drug name",
        "prescribed drug",
        "prescription drug",
        "medicine",
        "medicament",
        "medikament",
        "medicamento",
        "farmaco",
        "ndc",
        "ndc code",
        "national drug code",
        "atc",
        "atc code",
        "prescribed medication",
        "current medication",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("ndc", "0777-3105-02"),
        ("medication", "Metformin 500 mg"),
        ("atcCode", "N02BE01"),
        ("drug_name", "Ibuprofen"),
    ],
    counterexamples: &[
        ("ndc", "0.5"),
        ("medication", "none"),
        ("atc", "tower"),
        ("drug_test", "Ibuprofen"),
        ("x", "0777-3105-02"),
        ("medication", "12"),
        ("ndc", "12345-12345-123"),
    ],
    references: &["21 CFR 207.33", "WHO ATC classification"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if !candidate.in_context {
        return None;
    }
    let only_codes = candidate.is_named(&["ndc", "atc", "code"]);
    (is_drug_code(candidate.text)
        || is_atc(candidate.text)
        || (!only_codes && vocabulary::is_wording(candidate, 10)))
    .then_some(Certainty::Context)
}

/// Labeller, product and package; 11 digits without dashes in claims.
fn is_drug_code(text: &str) -> bool {
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return false;
    }
    let mut parts = text.split('-').map(str::len);
    matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(4), Some(4), Some(2), None)
            | (Some(5), Some(3 | 4), Some(1 | 2), None)
            | (Some(11), None, None, None)
    )
}

/// Anatomical group, therapeutic, pharmacological and chemical subgroup, substance.
fn is_atc(text: &str) -> bool {
    schemes::has_form(text, "A99AA99") && matches!(text.as_bytes().first(), Some(b'A'..=b'V'))
}
