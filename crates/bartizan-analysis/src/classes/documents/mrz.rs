//! Machine-readable zones of travel documents.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("mrz"),
    family: Family::Alone,
    group: DataGroup::NationalId,
    title: "Machine-readable zone",
    what: "The line of a passport, visa or identity card with the number, the date of birth and \
           the date of expiry, each with its check digit, alone or with the other lines.",
    sensitive: true,
    support: Support::One,
    priority: 12,
    names: &["mrz", "machine readable zone", "mrz line", "mrz line 2"],
    anywhere: false,
    in_text: false,
    form: Form {
        len: (36, 96),
        digits: (10, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| {
            shape.other > 0
                && shape.upper >= 2
                && shape.lower + shape.wide + shape.at + shape.dots + shape.colons + shape.dashes
                    == 0
        },
    },
    recognise,
    examples: &[
        ("x", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        (
            "mrz",
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ),
    ],
    counterexamples: &[
        ("x", "L898902C46UTO7408122F1204159ZE184226B<<<<<10"),
        ("mrz", "none"),
        ("mrz", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
        ("x", "L898902C36UTO7408122F1204159ZE184226B1234510X"),
    ],
    references: &["ICAO Doc 9303 parts 3 to 6"],
};

/// Longest text: three lines with what is between them.
const MAX_BYTES: usize = 96;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    is_mrz(candidate.text).then_some(Certainty::Checked)
}

fn is_mrz(text: &str) -> bool {
    if text.len() > MAX_BYTES {
        return false;
    }
    let mut zone = smallvec::SmallVec::<[u8; MAX_BYTES]>::new();
    zone.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
    if !zone.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'<') {
        return false;
    }
    let part = |from: usize, to: usize| zone.get(from..to).unwrap_or_default();
    match zone.len() {
        // The second line of passports and visas, alone or behind the first.
        44 | 36 => is_dated_line(&zone),
        88 => is_dated_line(part(44, 88)),
        72 => is_dated_line(part(36, 72)),
        // Three lines of a card: the number stands in the first, the dates in the second.
        90 => fits(part(5, 15)) && fits(part(30, 37)) && fits(part(38, 45)),
        _ => false,
    }
}

/// Number, state, date of birth, sex, date of expiry.
fn is_dated_line(line: &[u8]) -> bool {
    let part = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    fits(part(0, 10)) && fits(part(13, 20)) && fits(part(21, 28))
}

/// Whether the last byte is the check digit of those before it: weights 7, 3, 1; letters count from
/// 10 on and the filler nothing.
fn fits(field: &[u8]) -> bool {
    let Some((check, body)) = field.split_last().filter(|(check, _)| check.is_ascii_digit()) else {
        return false;
    };
    let value = |b: &u8| char::from(*b).to_digit(36).unwrap_or(0);
    let sum: u32 = body.iter().zip([7, 3, 1].into_iter().cycle()).map(|(b, w)| value(b) * w).sum();
    body.iter().any(u8::is_ascii_digit) && sum % 10 == u32::from(check - b'0')
}
