//! People and patients in western, central and southern Europe.

use super::{Numbers, Scheme, has_form};
use crate::classes::{
    checksum::{digits, is_date, is_uniform, luhn, mod11_10, mod97, number, weighted, year_in},
    national_ids,
};

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: Numbers::People,
        names: &["nhs"],
        class: Some(national_ids::nhs_number::CLASS.class),
        check: gb_nhs,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["nino", "ni number", "national insurance", "insurance number"],
        class: Some(national_ids::nino::CLASS.class),
        check: gb_nino,
        checked: true,
        special: Some(|t| has_form(t, "AA 99 99 99 A")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["dni", "nie", "nif", "documento", "documento identidad", "cedula"],
        class: Some(national_ids::spanish_id::CLASS.class),
        check: es_dni,
        checked: true,
        special: Some(|t| {
            t.len() >= 9
                && t.starts_with(['X', 'Y', 'Z'])
                && t.ends_with(|c: char| c.is_uppercase())
        }),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["codice fiscale", "fiscal code", "cf", "codicefiscale", "tax code"],
        class: Some(national_ids::codice_fiscale::CLASS.class),
        check: it_codice_fiscale,
        checked: true,
        special: Some(|t| t.len() == 16),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["nir", "insee", "securite sociale", "numero secu", "secu", "social security"],
        class: Some(national_ids::french_nir::CLASS.class),
        check: fr_nir,
        checked: true,
        special: Some(|t| has_form(t, "9 99 99 99 999 999 99")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &[
            "steuer id",
            "steueridentifikationsnummer",
            "steuer identifikationsnummer",
            "id nr",
            "idnr",
            "tin",
            "tax id",
            "steuerid",
            "tax identification",
        ],
        class: Some(national_ids::german_tax_id::CLASS.class),
        check: de_tax_id,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["rentenversicherungsnummer", "sozialversicherungsnummer", "rvnr", "svnr"],
        class: None,
        check: de_pension,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::Patients,
        names: &["krankenversichertennummer", "versichertennummer", "kvnr", "health insurance"],
        class: None,
        check: de_health,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["pesel"],
        class: Some(national_ids::pesel::CLASS.class),
        check: pl_pesel,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["bsn", "burgerservicenummer", "sofinummer"],
        class: Some(national_ids::bsn::CLASS.class),
        check: nl_bsn,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["rijksregisternummer", "numero national", "insz", "niss", "national register"],
        class: None,
        check: be_nn,
        checked: true,
        special: Some(|t| has_form(t, "99.99.99-999.99")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["ahv", "avs", "ahv nummer", "oasi"],
        class: None,
        check: ch_ahv,
        checked: true,
        special: Some(|t| has_form(t, "756.9999.9999.99")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["cnp"],
        class: None,
        check: ro_cnp,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["rodne cislo", "rc", "birth number"],
        class: None,
        check: cz_rc,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["egn", "egn number"],
        class: None,
        check: bg_egn,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["pps", "ppsn", "pps number"],
        class: None,
        check: ie_pps,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["oib"],
        class: None,
        check: |t| digits::<11>(t.trim_start_matches("HR")).is_some_and(|d| mod11_10(&d)),
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["amka"],
        class: None,
        check: |t| {
            digits::<11>(t).is_some_and(|d| {
                is_date(number(&d, 4, 2), number(&d, 2, 2), number(&d, 0, 2)) && luhn(&d)
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["tckn", "tc kimlik", "tckimlik", "kimlik", "tc no"],
        class: None,
        check: tr_kimlik,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["nif", "contribuinte", "numero contribuinte"],
        class: None,
        check: pt_nif,
        checked: true,
        special: None,
    },
];

/// NHS number (England, Wales, Isle of Man): modulus 11, NHS Data Dictionary.
fn gb_nhs(text: &str) -> bool {
    let Some(d) = digits::<10>(text) else { return false };
    let check = 11 - weighted(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !is_uniform(&d) && check != 10 && check % 11 == u32::from(d[9])
}

/// National Insurance number: prefix letters that are never issued, suffix A to D (HMRC NIM39110).
fn gb_nino(text: &str) -> bool {
    let (Some(prefix), true) = (text.get(..2), has_form(text, "AA999999A")) else { return false };
    !prefix.contains(['D', 'F', 'I', 'Q', 'U', 'V'])
        && !prefix.ends_with('O')
        && !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].contains(&prefix)
        && text.ends_with(['A', 'B', 'C', 'D'])
}

/// DNI and NIE: the letter is the number modulo 23.
fn es_dni(text: &str) -> bool {
    let text = text.strip_prefix("ES").unwrap_or(text);
    let (head, letter) = match text.as_bytes() {
        [head @ .., letter] if head.len() == 8 => (head, letter),
        _ => return false,
    };
    let mut value = 0u32;
    for (i, b) in head.iter().enumerate() {
        let digit = match b {
            b'0'..=b'9' => u32::from(b - b'0'),
            b'X' | b'Y' | b'Z' if i == 0 => u32::from(b - b'X'),
            b'K' | b'L' | b'M' if i == 0 => 0,
            _ => return false,
        };
        value = value * 10 + digit;
    }
    value > 0 && b"TRWAGMYFPDXBNJZSQVHLCKE".get((value % 23) as usize) == Some(letter)
}

/// Codice fiscale: month and day of birth, the day of women with 40 added, and the check character
/// (decree of 23 December 1976).
fn it_codice_fiscale(text: &str) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    // Digits may be replaced by letters when two people would share a code.
    let form = text.bytes().enumerate().all(|(i, b)| match i {
        0..=5 | 8 | 11 | 15 => b.is_ascii_uppercase(),
        _ => b.is_ascii_digit() || b"LMNPQRSTUV".contains(&b),
    });
    if text.len() != 16 || !form {
        return false;
    }
    // What stands for a digit when it was replaced.
    let digit = |at: usize| match text.as_bytes().get(at) {
        Some(b @ b'0'..=b'9') => b - b'0',
        Some(letter) => b"LMNPQRSTUV".iter().position(|known| known == letter).unwrap_or(0) as u8,
        None => 0,
    };
    let (year, day) = ([digit(6), digit(7)], [digit(9), digit(10)]);
    let month = b"ABCDEHLMPRST".iter().position(|b| Some(b) == text.as_bytes().get(8));
    let day = number(&day, 0, 2);
    let day = if day > 40 { day - 40 } else { day };
    if !month.is_some_and(|month| is_date(number(&year, 0, 2), month as u32 + 1, day)) {
        return false;
    }
    let mut sum = 0;
    for (i, b) in text.bytes().take(15).enumerate() {
        let value = usize::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' });
        sum += if i % 2 == 0 { ODD.get(value).copied().unwrap_or(0) } else { value as u32 };
    }
    text.bytes().last().is_some_and(|b| u32::from(b - b'A') == sum % 26)
}

/// NIR (INSEE): 1 or 2 for a person, 3 or 4 for one in the making, 7 or 8 for a provisional number;
/// key of 97; the departments of Corsica are 2A and 2B.
fn fr_nir(text: &str) -> bool {
    let (Some(head), Some(key), 15) = (text.get(..13), text.get(13..), text.len()) else {
        return false;
    };
    let head = head.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let (Some(d), Ok(key)) = (digits::<13>(&head), key.parse::<u32>()) else { return false };
    let month = number(&d, 3, 2);
    let month_known = matches!(month, 1..=12 | 20..=42 | 50..=99);
    matches!(d[0], 1..=4 | 7 | 8)
        && month_known
        && mod97(head.bytes()).is_some_and(|rest| 97 - rest == key)
}

/// Steuer-Identifikationsnummer: of the first ten digits exactly one is there two or three times, but
/// not three times in a row.
fn de_tax_id(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let mut counts = [0u8; 10];
    for digit in d.iter().take(10) {
        if let Some(count) = counts.get_mut(usize::from(*digit)) {
            *count += 1;
        }
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let in_a_row = d.windows(3).take(8).any(is_uniform);
    d[0] != 0
        && repeated == 1
        && counts.iter().all(|count| *count <= 3)
        && !in_a_row
        && mod11_10(&d)
}

/// Pension insurance number (VKVV §2): weights over digits with the letter as two digits.
fn de_pension(text: &str) -> bool {
    if !has_form(text, "99999999A999") {
        return false;
    }
    let mut all = Vec::with_capacity(13);
    for b in text.bytes() {
        if b.is_ascii_digit() {
            all.push(b - b'0');
        } else {
            let value = b - b'A' + 1;
            all.extend([value / 10, value % 10]);
        }
    }
    let (day, month) = (number(&all, 2, 2) % 50, number(&all, 4, 2));
    let sum: u32 = all
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1u32])
        .map(|(d, w)| u32::from(*d) * w)
        .map(|p| p / 10 + p % 10)
        .sum();
    day <= 31 && (1..=12).contains(&month) && all.last().is_some_and(|c| u32::from(*c) == sum % 10)
}

/// Health insurance number (SGB V §290): digit sums of alternating weights, the letter as two
/// digits.
fn de_health(text: &str) -> bool {
    if !has_form(text, "A999999999") {
        return false;
    }
    let mut all = Vec::with_capacity(11);
    for (i, b) in text.bytes().enumerate() {
        if i == 0 {
            all.extend([(b - b'A' + 1) / 10, (b - b'A' + 1) % 10]);
        } else {
            all.push(b - b'0');
        }
    }
    let sum: u32 = all
        .iter()
        .take(10)
        .enumerate()
        .map(|(i, d)| u32::from(*d) * if i % 2 == 0 { 1 } else { 2 })
        .map(|p| p / 10 + p % 10)
        .sum();
    all.last().is_some_and(|c| u32::from(*c) == sum % 10)
}

/// PESEL: century in the month, weights 1 3 7 9.
fn pl_pesel(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let sum = weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    let century = [1900, 2000, 2100, 2200, 1800].get(usize::from(d[2] / 2)).copied().unwrap_or(0);
    is_date(year_in(century, &d, 0), number(&d, 2, 2) % 20, number(&d, 4, 2))
        && sum.is_multiple_of(10)
}

/// Burgerservicenummer: the "11 test" with −1 on the last digit.
pub(super) fn nl_bsn(text: &str) -> bool {
    let Some(d) = digits::<9>(text).or_else(|| digits::<9>(&format!("0{text}"))) else {
        return false;
    };
    let sum = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum > 0 && sum % 11 == u32::from(d[8])
}

/// National register number: date of birth as far as it is known, the month with 20 or 40 added in BIS
/// numbers; 97 minus the remainder, with a 2 in front for births since 2000.
fn be_nn(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let head = u64::from(number(&d, 0, 9));
    let key = u64::from(number(&d, 9, 2));
    let (month, day) = (number(&d, 2, 2), number(&d, 4, 2));
    let known = month <= 52 && month % 20 <= 12 && day <= 31;
    known && [head, 2_000_000_000 + head].iter().any(|n| 97 - n % 97 == key)
}

/// AHV number: EAN-13 with the country number 756.
fn ch_ahv(text: &str) -> bool {
    let Some(d) = digits::<13>(text) else { return false };
    let sum = weighted(&d, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    number(&d, 0, 3) == 756 && sum.is_multiple_of(10)
}

/// Cod numeric personal: sex and century, date of birth, county, weights 279146358279, modulo 11.
fn ro_cnp(text: &str) -> bool {
    let Some(d) = digits::<13>(text) else { return false };
    let check = weighted(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let century = match d[0] {
        3 | 4 => 1800,
        5 | 6 => 2000,
        _ => 1900,
    };
    // Counties, the sectors of the capital, and those who were registered elsewhere.
    let county = matches!(number(&d, 7, 2), 1..=48 | 51 | 52 | 70 | 80..=83);
    d[0] != 0
        && county
        && is_date(year_in(century, &d, 1), number(&d, 3, 2), number(&d, 5, 2))
        && (if check == 10 { 1 } else { check }) == u32::from(d[12])
}

/// Rodné číslo: month plus 50 for women, since 2004 plus 20 when numbers ran out; modulo 11 since 1954,
/// with a remainder of 10 written as 0 until 1985, and nine digits without a check digit only before.
fn cz_rc(text: &str) -> bool {
    let mut d: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    if d.len() != text.len() || !(9..=10).contains(&d.len()) {
        return false;
    }
    let century = if d.len() == 10 && number(&d, 0, 2) < 54 { 2000 } else { 1900 };
    let (year, month) = (year_in(century, &d, 0), number(&d, 2, 2) % 50);
    let added = month > 20 && d.len() == 10 && year >= 2004;
    if !is_date(year, if added { month - 20 } else { month }, number(&d, 4, 2)) {
        return false;
    }
    match d.pop() {
        Some(check) if d.len() == 9 => {
            let rest = number(&d, 0, 9) % 11;
            rest == u32::from(check) || (rest == 10 && check == 0 && year <= 1985)
        }
        // Years of the nineteenth century come after those of the twentieth.
        _ => !(54..80).contains(&number(&d, 0, 2)),
    }
}

/// ЕГН: month plus 20 or 40 for other centuries, weights of powers of two modulo 11.
fn bg_egn(text: &str) -> bool {
    let Some(d) = digits::<10>(text) else { return false };
    let check = weighted(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let (century, month) = match number(&d, 2, 2) {
        month @ 41..=52 => (2000, month - 40),
        month @ 21..=32 => (1800, month - 20),
        month => (1900, month),
    };
    is_date(year_in(century, &d, 0), month, number(&d, 4, 2)) && check == u32::from(d[9])
}

/// PPS number: weights 8 to 2, the second letter nine times, modulo 23.
fn ie_pps(text: &str) -> bool {
    let (Some(head), Some(letters)) = (text.get(..7), text.as_bytes().get(7..)) else {
        return false;
    };
    let Some(d) = digits::<7>(head) else { return false };
    let (check, extra) = match letters {
        [c] => (*c, 0),
        [c, second @ b'A'..=b'I'] => (*c, u32::from(second - b'A' + 1)),
        [c, b'W' | b'T' | b'X' | b'S'] => (*c, 0),
        _ => return false,
    };
    let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + extra * 9;
    b"WABCDEFGHIJKLMNOPQRSTUV".get((sum % 23) as usize) == Some(&check)
}

/// T.C. kimlik numarası.
fn tr_kimlik(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let odd: u32 = d.iter().take(9).step_by(2).map(|x| u32::from(*x)).sum();
    let even: u32 = d.iter().skip(1).take(7).step_by(2).map(|x| u32::from(*x)).sum();
    let all: u32 = d.iter().take(10).map(|x| u32::from(*x)).sum();
    d[0] != 0 && (odd * 7 + 100 - even) % 10 == u32::from(d[9]) && all % 10 == u32::from(d[10])
}

/// Número de identificação fiscal: weights 9 to 2, modulo 11.
pub(super) fn pt_nif(text: &str) -> bool {
    let Some(d) = digits::<9>(text.trim_start_matches("PT")) else { return false };
    let rest = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    d[0] != 0 && (if rest < 2 { 0 } else { 11 - rest }) == u32::from(d[8])
}
