//! Identifiers of securities.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum, countries};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("securities_id"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Securities identifier",
    what: "A field name that says so and an ISIN of a country, a CUSIP or a SEDOL with its check digit: what \
           somebody holds or trades.",
    sensitive: false,
    support: Support::One,
    priority: 57,
    names: &[
        "isin",
        "isin code",
        "cusip",
        "cusip number",
        "sedol",
        "sedol code",
        "security isin",
        "instrument isin",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[("isin", "US0378331005"), ("cusip", "037833100"), ("sedol", "0263494")],
    counterexamples: &[
        ("isin", "US0378331006"),
        ("isin", "ZZ0378331001"),
        ("x", "US0378331005"),
        ("cusip", "037833101"),
        ("sedol", "0263495"),
        ("isin", "pending"),
    ],
    references: &["ISO 6166", "ANSI X9.6", "London Stock Exchange SEDOL masterfile"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    let fits = match text.len() {
        12 => is_isin(text),
        9 => is_cusip(text),
        7 => is_sedol(text),
        _ => false,
    };
    (candidate.in_context && fits).then_some(Certainty::Checked)
}

/// Digits count as themselves, letters from 10 on.
fn value(b: u8) -> Option<u32> {
    char::from(b).to_digit(36).filter(|_| !b.is_ascii_lowercase())
}

/// What stands for a country in numbers of international securities and those of agencies that number for
/// others (ANNA).
const SUBSTITUTES: &[&str] = &["XS", "XA", "XB", "XC", "XD", "XF", "EU", "QS", "QT", "AN"];

/// Country, nine characters, and a Luhn digit over all with letters as two digits.
fn is_isin(text: &str) -> bool {
    let mut digits = smallvec::SmallVec::<[u8; 24]>::new();
    for b in text.bytes() {
        match value(b) {
            Some(n @ 0..=9) => digits.push(n as u8),
            Some(n) => digits.extend([(n / 10) as u8, (n % 10) as u8]),
            None => return false,
        }
    }
    text.get(..2).is_some_and(|code| countries::is_assigned(code) || SUBSTITUTES.contains(&code))
        && text.bytes().last().is_some_and(|b| b.is_ascii_digit())
        && checksum::luhn(&digits)
}

/// Every second character counts twice, and the digits of the products are added.
fn is_cusip(text: &str) -> bool {
    let mut sum = 0;
    for (i, b) in text.bytes().take(8).enumerate() {
        let Some(n) = value(b) else { return false };
        let product = if i % 2 == 1 { n * 2 } else { n };
        sum += product / 10 + product % 10;
    }
    text.bytes().last() == Some(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// Weights 1, 3, 1, 7, 3, 9; no vowels.
fn is_sedol(text: &str) -> bool {
    let mut sum = 0;
    for (b, weight) in text.bytes().zip([1, 3, 1, 7, 3, 9]) {
        let Some(n) = value(b).filter(|_| !b"AEIOU".contains(&b)) else { return false };
        sum += n * weight;
    }
    text.bytes().last() == Some(b'0' + ((10 - sum % 10) % 10) as u8)
}
