//! Numbers of health care providers (US).

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("npi"),
    family: Family::Alone,
    group: DataGroup::Health,
    title: "National Provider Identifier",
    what: "A field name that says so and ten digits beginning with 1 or 2 whose Luhn digit fits \
           behind the prefix 80840.",
    sensitive: false,
    support: Support::One,
    priority: 54,
    names: &[
        "npi",
        "npi number",
        "national provider identifier",
        "national provider id",
        "provider npi",
        "rendering npi",
        "billing npi",
        "referring npi",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("npi", "1234567893"), ("billingNPI", "1245319599")],
    counterexamples: &[
        ("npi", "1234567890"),
        ("x", "1234567893"),
        ("npi", "3234567893"),
        ("provider", "1234567893"),
    ],
    references: &["45 CFR 162.406", "CMS NPI check digit"],
};

/// Issuer prefix of the United States for health applications, which the check digit covers.
const PREFIX: [u8; 5] = [8, 0, 8, 4, 0];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let digits = checksum::digits::<10>(candidate.text).filter(|_| candidate.in_context)?;
    let mut all = [0; 15];
    for (to, from) in all.iter_mut().zip(PREFIX.iter().chain(&digits)) {
        *to = *from;
    }
    (matches!(digits[0], 1 | 2) && checksum::luhn(&all)).then_some(Certainty::Checked)
}
