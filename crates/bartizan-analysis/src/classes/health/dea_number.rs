//! Numbers of prescribers of controlled substances (US).

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("dea_number"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "DEA registration number",
    what: "A field name that says so, the letter of a kind of registrant, a letter or 9, and seven digits whose last \
           is the check digit.",
    sensitive: false,
    support: Support::One,
    priority: 55,
    names: &[
        "dea",
        "dea number",
        "dea no",
        "dea registration",
        "dea registration number",
        "prescriber dea",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("deaNumber", "AB1234563"), ("prescriber_dea", "F91234563")],
    counterexamples: &[
        ("dea", "IB1234563"),
        ("dea_number", "AB1234564"),
        ("x", "AB1234563"),
        ("dea", "none"),
        ("idea", "AB1234563"),
    ],
    references: &["21 CFR 1301", "DEA registration number verification"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && is_registration(candidate.text)).then_some(Certainty::Checked)
}

fn is_registration(text: &str) -> bool {
    let [kind, name, number @ ..] = text.as_bytes() else { return false };
    let Some(d) = std::str::from_utf8(number).ok().and_then(checksum::digits::<7>) else {
        return false;
    };
    let sum = checksum::weighted(&d, &[1, 2, 1, 2, 1, 2]);
    // Kinds of registrants.
    b"ABCDEFGHJKLMPRSTUX".contains(&kind.to_ascii_uppercase())
        && (name.is_ascii_alphabetic() || *name == b'9')
        && sum % 10 == u32::from(d[6])
}
