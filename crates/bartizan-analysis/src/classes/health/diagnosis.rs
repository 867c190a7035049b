//! Diagnoses.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("diagnosis"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Diagnosis",
    what: "Under a field name that says so a code of ICD-10 (a letter, two characters, up to four \
           more behind a dot) or wording of at most twelve words. What a machine diagnoses is \
           left alone.",
    sensitive: true,
    support: Support::Several,
    priority: 101,
    names: &[
        "diagnosis",
        "diagnosis code",
        "diagnosis name",
        "diagnose",
        "diagnosi",
        "primary diagnosis",
        "secondary diagnosis",
        "icd",
        "icd 10",
        "icd 9",
        "icd code",
        "icd 10 code",
        "diagnostico",
        "diagnostic principal",
        "medical condition",
        "health condition",
        "comorbidity",
        "comorbiditie",
        "diagnoses",
        "allergie",
        "allergy",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("diagnosis", "E11.9"),
        ("icd10", "S72.001A"),
        ("primaryDiagnosis", "Type 2 diabetes mellitus"),
        ("allergies", "Penicillin"),
    ],
    counterexamples: &[
        ("code", "E11.9"),
        ("diagnosis", "pending"),
        ("icd_code", "none"),
        ("network_diagnosis", "packet loss"),
        ("diagnosis_url", "E11.9"),
        ("icd10", "Type 2 diabetes"),
        ("diagnosis", "404"),
    ],
    references: &["WHO ICD-10", "GDPR article 9"],
};

/// What machines are diagnosed with.
const MACHINES: &[&str] = &[
    "system",
    "network",
    "device",
    "vehicle",
    "engine",
    "error",
    "self",
    "server",
    "disk",
    "battery",
    "connection",
    "link",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if !candidate.in_context || candidate.is_named(MACHINES) {
        return None;
    }
    let only_codes = candidate.is_named(&["icd"]);
    (is_icd_10(candidate.text) || (!only_codes && vocabulary::is_wording(candidate, 12)))
        .then_some(Certainty::Context)
}

/// A letter, a digit, a digit or letter, and up to four more characters behind a dot, which some leave out.
fn is_icd_10(text: &str) -> bool {
    let [chapter, first, second, rest @ ..] = text.as_bytes() else { return false };
    let rest = match rest {
        [b'.'] => return false,
        [b'.', rest @ ..] => rest,
        rest => rest,
    };
    chapter.is_ascii_alphabetic()
        && first.is_ascii_digit()
        && (second.is_ascii_digit() || matches!(second, b'A' | b'B' | b'a' | b'b'))
        && rest.len() <= 4
        && rest.iter().all(u8::is_ascii_alphanumeric)
}
