//! Expiry dates of cards.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, vocabulary};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("card_expiry"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Card expiry date",
    what: "A field name that says so and a month and year (`04/29`, `04-2029`); four digits \
           without a mark only where the name says card.",
    sensitive: false,
    support: Support::Several,
    priority: 59,
    names: &[
        "card expiry",
        "card expiry date",
        "card expiration",
        "card expiration date",
        "card exp",
        "cc exp",
        "exp date",
        "expdate",
        "expiry date",
        "expiration date",
        "expiry",
        "expiration",
        "valid thru",
        "valid through",
        "card valid until",
        "gultig bis",
        "caducidad",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("cardExpiry", "04/29"), ("exp_date", "12/2027"), ("card_expiry", "0429")],
    counterexamples: &[
        ("expiry", "2026-11-22"),
        ("expiry", "0429"),
        ("date", "04/29"),
        ("card_expiry", "13/29"),
        ("expiration", "3600"),
        ("expiry_date", "04/29/2026"),
    ],
    references: &["ISO/IEC 7813", "PCI DSS 4.0 requirement 3.3"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let card = candidate.is_named(&["card", "cc", "card exp"]);
    (candidate.in_context && is_month_and_year(candidate.text, card)).then_some(Certainty::Context)
}

fn is_month_and_year(text: &str, bare: bool) -> bool {
    let parts = match text.len() {
        4 if bare => text.split_at_checked(2),
        5 | 7 => text.split_once(['/', '-']),
        _ => None,
    };
    let Some((month, year)) = parts.filter(|(month, _)| month.len() == 2) else { return false };
    let number = vocabulary::whole_number;
    number(month).is_some_and(|m| (1..=12).contains(&m))
        && number(year).is_some_and(|y| (15..=60).contains(&y) || (2015..=2060).contains(&y))
}
