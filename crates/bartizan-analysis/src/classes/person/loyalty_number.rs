//! Numbers of loyalty and frequent-flyer programmes.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("loyalty_number"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Loyalty programme number",
    what: "A field name that says so and 6 to 20 letters, digits and separators with at least \
           five digits and at most four letters.",
    sensitive: false,
    support: Support::Several,
    priority: 123,
    names: &[
        "loyalty number",
        "loyalty id",
        "loyalty card",
        "loyalty card number",
        "frequent flyer number",
        "frequent flyer",
        "frequent flyer id",
        "frequentflyernumber",
        "membership number",
        "membership card number",
        "reward number",
        "reward card",
        "bonus card number",
        "kundenkartennummer",
        "ktn",
        "known traveler number",
        "redress number",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("loyaltyNumber", "LH992003614"),
        ("frequent_flyer", "QF 1234567"),
        ("known_traveler_number", "982541233"),
    ],
    counterexamples: &[
        ("loyalty_points", "120000"),
        ("loyalty_number", "12"),
        ("membership_type", "gold123456"),
        ("frequent_flyer", "gold"),
        ("loyalty_number", "2026-11-22"),
    ],
    references: &["IATA Resolution 728", "TSA Secure Flight, 49 CFR 1560"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let shape = &candidate.shape;
    (candidate.in_context
        && (6..=20).contains(&shape.len)
        && shape.digits >= 5
        && vocabulary::is_number_with_letters(shape)
        && !vocabulary::is_date_text(candidate.text))
    .then_some(Certainty::Context)
}
