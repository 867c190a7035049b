//! Dates of birth.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("date_of_birth"),
    family: Family::Alone,
    group: DataGroup::Personal,
    title: "Date of birth",
    what: "A field name that says so and a calendar date of the years 1880 to 2040: year first, day \
           first or month first, with `-`, `/` or `.`, eight digits, or with a time behind it.",
    sensitive: true,
    support: Support::One,
    priority: 62,
    names: &[
        "date of birth",
        "dateofbirth",
        "dob",
        "birth date",
        "birthdate",
        "birthday",
        "born",
        "birth day",
        "born on",
        "geburtsdatum",
        "geburtstag",
        "fecha nacimiento",
        "fecha de nacimiento",
        "date naissance",
        "date de naissance",
        "data nascita",
        "data di nascita",
        "data nascimento",
        "data de nascimento",
        "geboortedatum",
        "fodselsdato",
        "fodselsdag",
        "fodelsedatum",
        "syntymaaika",
        "data urodzenia",
        "dogum tarihi",
        "birth",
        "生年月日",
        "出生日期",
        "生日",
    ],
    anywhere: false,
    in_text: true,
    form: Form::NONE,
    recognise,
    examples: &[
        ("dob", "1984-02-29"),
        ("birthDate", "29.02.1984"),
        ("date_of_birth", "02/29/1984"),
        ("geburtsdatum", "19840229"),
        ("birthday", "1984-02-29T00:00:00Z"),
    ],
    counterexamples: &[
        ("created", "1984-02-29"),
        ("dob", "1983-02-29"),
        ("dob", "2999-01-01"),
        ("dob", "unknown"),
        ("birthday_offer", "1984-02-29"),
    ],
    references: &["ISO 8601-1"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && candidate.shape.len <= 40 && is_birth_date(candidate.text))
        .then_some(Certainty::Context)
}

fn is_birth_date(text: &str) -> bool {
    let date = text.split(['T', ' ']).next().unwrap_or("");
    let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
    let number = |s: &str| {
        (s.len() <= 4 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u32>().ok())?
    };
    let plausible =
        |y: u32, m: u32, d: u32| (1880..=2040).contains(&y) && checksum::is_date(y, m, d);
    match parts.as_slice() {
        [all] if all.len() == 8 => match (all.get(..4), all.get(4..6), all.get(6..)) {
            (Some(y), Some(m), Some(d)) => {
                matches!((number(y), number(m), number(d)), (Some(y), Some(m), Some(d)) if plausible(y, m, d))
            }
            _ => false,
        },
        [a, b, c] => match (number(a), number(b), number(c)) {
            (Some(y), Some(m), Some(d)) if a.len() == 4 => plausible(y, m, d),
            (Some(d), Some(m), Some(y)) if c.len() == 4 => plausible(y, m, d) || plausible(y, d, m),
            (Some(d), Some(m), Some(_)) if c.len() == 2 => {
                checksum::is_date(0, m, d) || checksum::is_date(0, d, m)
            }
            _ => false,
        },
        _ => false,
    }
}
