//! Social security numbers of the United States.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, checksum, schemes,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("us_ssn"),
    family: Family::Alone,
    group: DataGroup::NationalId,
    title: "US social security number",
    what: "Nine digits by the rules of issue: area not 000, 666 or 900 to 999, group not 00, serial \
           not 0000, not one of the numbers published in advertisements. Written 3-2-4 with dashes \
           it needs no context; other writings need a field name.",
    sensitive: true,
    support: Support::One,
    priority: 42,
    names: &["ssn", "social security", "social security number", "socialsecuritynumber", "social"],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (11, 11),
        digits: (9, 9),
        spaces: false,
        marks: Marks::DASH,
        also: |shape| shape.dashes == 2,
    },
    recognise,
    examples: &[("ssn", "536904399"), ("x", "536-90-4399"), ("customerSSN", "536 90 4399")],
    counterexamples: &[
        ("ssn", "666-90-4399"),
        ("ssn", "900-90-4399"),
        ("ssn", "536-00-4399"),
        ("ssn", "078-05-1120"),
        ("itin", "536-90-4399"),
        ("x", "536904399"),
        ("x", "53-690-4399"),
        ("session", "536904399"),
    ],
    references: &["SSA: social security number randomization (2011)", "SSA history: 078-05-1120"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if is_dashed(candidate.text) {
        return (candidate.in_context || !schemes::is_one_named(candidate))
            .then_some(Certainty::Pattern);
    }
    if !candidate.in_context || candidate.shape.len > 13 {
        return None;
    }
    let plain: String = candidate.text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
    checksum::digits::<9>(&plain).is_some_and(is_issued).then_some(Certainty::Context)
}

/// Whether the text is a number written 3-2-4 with dashes.
pub(crate) fn is_dashed(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11
        && bytes.get(3) == Some(&b'-')
        && bytes.get(6) == Some(&b'-')
        && checksum::digits::<9>(&text.replace('-', "")).is_some_and(is_issued)
}

fn is_issued(d: [u8; 9]) -> bool {
    let (area, group, serial) =
        (checksum::number(&d, 0, 3), checksum::number(&d, 3, 2), checksum::number(&d, 5, 4));
    let published = [78_051_120, 219_099_999, 457_555_462, 123_456_789, 987_654_321];
    !matches!(area, 0 | 666 | 900..)
        && group != 0
        && serial != 0
        && !checksum::is_uniform(&d)
        && !published.contains(&checksum::number(&d, 0, 9))
}
