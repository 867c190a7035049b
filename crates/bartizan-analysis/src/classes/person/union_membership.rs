//! Membership of trade unions.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("union_membership"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Trade union membership",
    what: "A field name that says so and the name of a union or wording of at most eight words.",
    sensitive: true,
    support: Support::Several,
    priority: 95,
    names: &[
        "trade union",
        "trade union membership",
        "union membership",
        "union name",
        "labor union",
        "labour union",
        "union affiliation",
        "gewerkschaft",
        "sindicato",
        "syndicat",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("tradeUnion", "Unite the Union"),
        ("union_membership", "IG Metall"),
        ("union_name", "United Auto Workers"),
    ],
    counterexamples: &[
        ("union", "tagged"),
        ("union_type", "discriminated"),
        ("union_membership", "unknown"),
        ("trade_union", "12"),
        ("credit_union", "Navy Federal"),
    ],
    references: &["GDPR article 9"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && vocabulary::is_wording(candidate, 8)).then_some(Certainty::Context)
}
