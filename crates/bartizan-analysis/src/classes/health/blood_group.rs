//! Blood groups.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("blood_group"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "Blood group",
    what: "A field name that says so and a group of the AB0 system with its Rhesus factor (`AB-`, \
           `0 positive`).",
    sensitive: true,
    support: Support::Several,
    priority: 103,
    names: &[
        "blood group",
        "blood type",
        "bloodgroup",
        "bloodtype",
        "blutgruppe",
        "grupo sanguineo",
        "tipo sanguineo",
        "groupe sanguin",
        "gruppo sanguigno",
        "bloedgroep",
        "blodtype",
        "blodgrupp",
        "grupa krwi",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("bloodType", "AB-"),
        ("blood_group", "O positive"),
        ("blutgruppe", "0+"),
        ("blood_type", "A RhD negative"),
    ],
    counterexamples: &[
        ("grade", "A+"),
        ("blood_group", "C+"),
        ("blood_type", "whole"),
        ("blood_group", "AB"),
        ("rating", "A-"),
        ("blood_type_id", "O+"),
    ],
    references: &["ISBT 001 and 004"],
};

/// Longest group as written, in bytes.
const MAX_BYTES: usize = 24;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && is_group(candidate.text)).then_some(Certainty::Context)
}

fn is_group(text: &str) -> bool {
    if text.len() > MAX_BYTES {
        return false;
    }
    let mut parts = ["ab", "a", "b", "o", "0"].into_iter();
    let lower = text.to_ascii_lowercase();
    let Some(rest) = parts.find_map(|group| lower.strip_prefix(group)) else { return false };
    let rest = rest.trim_start_matches([' ', '_', '(']);
    let rest = rest.strip_prefix("rhd").or_else(|| rest.strip_prefix("rh")).unwrap_or(rest);
    let rest = rest.trim_matches([' ', '_', '(', ')']);
    matches!(
        rest,
        "+" | "-" | "−" | "pos" | "neg" | "positive" | "negative" | "positiv" | "negativ"
    )
}
