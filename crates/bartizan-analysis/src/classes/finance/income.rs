//! Income of people.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("income"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Income or salary",
    what: "A field name that says so and an amount of at least 100, with or without a currency. \
           Income of companies is left alone.",
    sensitive: true,
    support: Support::Several,
    priority: 108,
    names: &[
        "salary",
        "income",
        "annual income",
        "monthly income",
        "yearly income",
        "household income",
        "gross income",
        "base salary",
        "gross salary",
        "net salary",
        "annual salary",
        "monthly salary",
        "current salary",
        "wage",
        "hourly wage",
        "gehalt",
        "einkommen",
        "bruttogehalt",
        "salario",
        "sueldo",
        "salaire",
        "stipendio",
        "reddito",
        "salaris",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("salary", "54000"),
        ("annualIncome", "USD 82,500.00"),
        ("gehalt", "3.450,00 €"),
        ("household_income", "61000"),
    ],
    counterexamples: &[
        ("operating_income", "120000"),
        ("income", "12"),
        ("salary", "competitive"),
        ("price", "54000"),
        ("salary_range", "54000"),
        ("interest_income", "54000"),
        ("salary", "2026-11-22"),
    ],
    references: &["GDPR article 4(1)"],
};

/// Income of companies and from capital.
const BUSINESS: &[&str] = &[
    "operating",
    "interest",
    "business",
    "company",
    "net income",
    "statement",
    "total",
    "fixed",
    "average",
    "minimum",
    "min",
    "max",
    "tax",
    "other",
];

/// Fewest units of a currency.
const LEAST: u64 = 100;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && !candidate.is_named(BUSINESS) && is_amount(candidate.text))
        .then_some(Certainty::Context)
}

/// Digits in groups, decimals, and a sign or three letters of a currency before or behind.
fn is_amount(text: &str) -> bool {
    if text.len() > 24 {
        return false;
    }
    let outside = |c: char| !c.is_ascii_digit();
    let (from, to) =
        (text.find(|c: char| c.is_ascii_digit()), text.rfind(|c: char| c.is_ascii_digit()));
    let (Some(from), Some(to)) = (from, to) else { return false };
    let number = text.get(from..=to).unwrap_or("");
    let currency = |part: &str| {
        let part = part.trim();
        part.is_empty()
            || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_uppercase()))
            || (part.chars().count() == 1 && part.chars().all(|c| "$€£¥₹₩₽₺₪".contains(c)))
    };
    let grouped = number.bytes().all(|b| b.is_ascii_digit() || b" .,'".contains(&b));
    // What stands behind a last mark of fewer than three digits are decimals.
    let whole = match number.rfind(outside) {
        Some(at) if number.len() - at <= 3 => number.get(..at).unwrap_or(""),
        _ => number,
    };
    let units = whole
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
    grouped
        && currency(text.get(..from).unwrap_or(""))
        && currency(text.get(to + 1..).unwrap_or(""))
        && (LEAST..1_000_000_000).contains(&units)
}
