//! Bank account numbers in the international form.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("iban"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "IBAN",
    what: "Country, length and structure of the SWIFT registry and the check digits modulo 97.",
    sensitive: true,
    support: Support::One,
    priority: 41,
    names: &["iban", "bank account", "account number", "kontonummer"],
    anywhere: true,
    in_text: false,
    form: Form {
        len: (15, 48),
        digits: (10, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| (b'A'..=b'z').contains(&shape.first),
    },
    recognise,
    examples: &[
        ("iban", "DE44 5001 0517 5407 3249 31"),
        ("x", "GB82WEST12345698765432"),
        ("account", "fr1420041010050500013m02606"),
    ],
    counterexamples: &[
        ("iban", "DE44 5001 0517 5407 3249 32"),
        ("iban", "XX44500105175407324931"),
        ("x", "DE1234567890"),
    ],
    references: &["ISO 13616-1", "SWIFT IBAN registry through the iban_validate crate"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let mut compact = candidate.text.chars().filter(|c| !matches!(c, ' ' | '-' | '.'));
    let mut next = || compact.next().unwrap_or(' ');
    let country = [next(), next()].iter().all(char::is_ascii_alphabetic);
    let check = [next(), next()].iter().all(char::is_ascii_digit);
    if !country || !check {
        return None;
    }
    let compact = candidate.text.chars().filter(|c| !matches!(c, ' ' | '-' | '.'));
    let text: String = compact.map(|c| c.to_ascii_uppercase()).take(35).collect();
    is_iban(&text).then_some(Certainty::Checked)
}

/// Whether the compact text is an IBAN.
pub(crate) fn is_iban(compact: &str) -> bool {
    (15..=34).contains(&compact.len()) && compact.parse::<iban::Iban>().is_ok()
}
