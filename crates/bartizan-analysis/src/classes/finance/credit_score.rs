//! Credit scores.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("credit_score"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Credit score",
    what: "A field name that says so and a whole number from 300 to 999 (FICO and VantageScore \
           end at 850).",
    sensitive: true,
    support: Support::Several,
    priority: 107,
    names: &[
        "credit score",
        "creditscore",
        "credit rating score",
        "fico",
        "fico score",
        "ficoscore",
        "vantage score",
        "vantagescore",
        "cibil score",
        "equifax score",
        "experian score",
        "transunion score",
        "bureau score",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("creditScore", "712"), ("fico", "688"), ("vantage_score", "801")],
    counterexamples: &[
        ("score", "712"),
        ("credit_score", "12"),
        ("credit_score", "1200"),
        ("credit_score", "good"),
        ("credit_limit", "712"),
        ("credit_score_date", "712"),
    ],
    references: &["15 USC 1681g(f)"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context
        && vocabulary::whole_number(candidate.text).is_some_and(|n| (300..=999).contains(&n)))
    .then_some(Certainty::Context)
}
