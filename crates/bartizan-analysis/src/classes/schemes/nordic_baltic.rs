//! People in the Nordic and Baltic states.

use super::{Numbers, Scheme, has_form};
use crate::classes::{
    checksum::{digits, is_date, luhn, number, weighted, year_in},
    national_ids,
};

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: Numbers::People,
        names: &[
            "personnummer",
            "pnr",
            "personal number",
            "samordningsnummer",
            "personal identity",
        ],
        class: Some(national_ids::personnummer::CLASS.class),
        check: se_personnummer,
        checked: true,
        special: Some(|t| has_form(t, "999999-9999") || has_form(t, "99999999-9999")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["hetu", "henkilotunnus", "personal identity code", "personal identity"],
        class: None,
        check: fi_hetu,
        checked: true,
        special: Some(|t| t.len() == 11),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["fodselsnummer", "fnr", "personnummer", "dnummer"],
        class: None,
        check: no_fodselsnummer,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["cpr", "cpr nummer"],
        class: None,
        check: dk_cpr,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["isikukood", "ik"],
        class: None,
        check: |t| !t.starts_with('9') && ee_isikukood(t),
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["asmen kodas"],
        class: None,
        check: |t| !t.starts_with(['7', '8']) && ee_isikukood(t),
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["personas kod"],
        class: None,
        check: lv_personas_kods,
        checked: true,
        special: None,
    },
];

/// CPR number: date of birth, with 60 added to the day of replacement numbers. The seventh digit tells the
/// century. Its check digit is not kept since 2007.
fn dk_cpr(text: &str) -> bool {
    let Some(d) = digits::<10>(text) else { return false };
    let year = number(&d, 4, 2);
    let century = match d[6] {
        0..=3 => 1900,
        4 | 9 if year >= 37 => 1900,
        5..=8 if year >= 58 => 1800,
        _ => 2000,
    };
    century + year <= super::LATEST_YEAR
        && is_date(century + year, number(&d, 2, 2), number(&d, 0, 2) % 60)
}

/// Personnummer: Luhn over the last ten digits; coordination numbers add 60 to the day.
fn se_personnummer(text: &str) -> bool {
    let short = match text.len() {
        12 if text.starts_with("18") || text.starts_with("19") || text.starts_with("20") => {
            text.get(2..).unwrap_or("")
        }
        _ => text,
    };
    let Some(d) = digits::<10>(short) else { return false };
    is_date(number(&d, 0, 2), number(&d, 2, 2), number(&d, 4, 2) % 60) && luhn(&d)
}

/// Henkilötunnus: the nine digits modulo 31 choose the last character; individual numbers begin with
/// 002, and those from 900 on are for the time being. The sign that tells the century may have been
/// removed with other separators.
fn fi_hetu(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (date, rest) = match (bytes.get(..6), bytes.get(6..)) {
        (Some(date), Some(rest)) => (date, rest),
        _ => return false,
    };
    let rest = match rest {
        [sign, rest @ ..] if rest.len() == 4 && b"ABCDEFUVWXY+-".contains(sign) => rest,
        rest if rest.len() == 4 => rest,
        _ => return false,
    };
    let (Some(individual), Some(check)) = (rest.get(..3), rest.last()) else { return false };
    let text: String = date.iter().chain(individual).map(|b| char::from(*b)).collect();
    let Some(d) = digits::<9>(&text) else { return false };
    is_date(number(&d, 4, 2), number(&d, 2, 2), number(&d, 0, 2))
        && (2..900).contains(&number(&d, 6, 3))
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get((number(&d, 0, 9) % 31) as usize) == Some(check)
}

/// Fødselsnummer: two modulus-11 digits; D-numbers add 40 to the day, others 40 or 80 to the month; the
/// individual number tells the century.
fn no_fodselsnummer(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let check = |weights: &[u32]| (11 - weighted(&d, weights) % 11) % 11;
    let (day, month, year) = (number(&d, 0, 2), number(&d, 2, 2), number(&d, 4, 2));
    let century = match (number(&d, 6, 3), year) {
        (0..500, _) | (900.., 40..) => 1900,
        (500..750, 54..) => 1800,
        (500.., 0..40) => 2000,
        _ => return false,
    };
    is_date(century + year, month % 40, if day > 40 { day - 40 } else { day })
        && check(&[3, 7, 6, 1, 8, 9, 4, 5, 2]) == u32::from(d[9])
        && check(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) == u32::from(d[10])
}

/// Isikukood and asmens kodas: two rounds of weights modulo 11.
fn ee_isikukood(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let first = weighted(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let check = match first {
        10 => weighted(&d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        other => other,
    };
    // Lithuania gives numbers beginning with 9 to people whose date of birth is not known.
    let century = 1700 + u32::from(d[0]).div_ceil(2) * 100;
    let dated = is_date(year_in(century, &d, 1), number(&d, 3, 2), number(&d, 5, 2));
    (d[0] == 9 || (d[0] != 0 && dated)) && check == u32::from(d[10])
}

/// Personas kods: date of birth with a digit for the century, or since 2017 a number beginning with 32 to
/// 39; ten weights, 1101 minus the sum modulo 11, then 10.
fn lv_personas_kods(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let sum = weighted(&d, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let century = 1800 + u32::from(d[6]) * 100;
    let dated = d[6] <= 2 && is_date(year_in(century, &d, 4), number(&d, 2, 2), number(&d, 0, 2));
    (dated || matches!(number(&d, 0, 2), 32..=39)) && (1101 - sum) % 11 % 10 == u32::from(d[10])
}
