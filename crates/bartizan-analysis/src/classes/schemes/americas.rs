//! People, patients and tax payers in the Americas.

use super::{Numbers, Scheme, has_form};
use crate::classes::{
    checksum::{digits, is_date, is_uniform, luhn, number, weighted, year_in},
    health, national_ids, tax_ids,
};

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["itin", "tin", "tax id", "taxpayer id", "tax identification"],
        class: Some(tax_ids::itin::CLASS.class),
        check: us_itin,
        checked: false,
        special: Some(|t| has_form(t, "999-99-9999")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["ein", "fein", "employer identification", "tax id", "employer id"],
        class: Some(tax_ids::ein::CLASS.class),
        check: |t| {
            digits::<9>(t).is_some_and(|d| {
                !matches!(number(&d, 0, 2), 0 | 7..=9 | 17..=19 | 28..=29 | 49 | 69..=70 | 78..=79 | 89 | 96..=97)
            })
        },
        checked: false,
        special: None,
    },
    Scheme {
        numbers: Numbers::Patients,
        names: &["mbi", "medicare", "medicare beneficiary", "medicare id"],
        class: Some(health::medicare_number::CLASS.class),
        check: us_mbi,
        checked: true,
        special: Some(|t| t.len() == 13 && t.split('-').map(str::len).eq([4, 3, 4])),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["sin", "social insurance", "nas"],
        class: Some(national_ids::canadian_sin::CLASS.class),
        check: |t| {
            digits::<9>(t).is_some_and(|d| ![0, 8].contains(&d[0]) && !is_uniform(&d) && luhn(&d))
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["cpf", "cadastro pessoa fisica"],
        class: Some(national_ids::cpf::CLASS.class),
        check: br_cpf,
        checked: true,
        special: Some(|t| has_form(t, "999.999.999-99")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["cnpj"],
        class: Some(tax_ids::cnpj::CLASS.class),
        check: br_cnpj,
        checked: true,
        special: Some(|t| has_form(t, "99.999.999/9999-99")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["curp"],
        class: Some(national_ids::curp::CLASS.class),
        check: mx_curp,
        checked: true,
        special: Some(|t| t.len() == 18),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["rfc", "registro federal"],
        class: None,
        check: mx_rfc,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["cuit", "cuil"],
        class: None,
        check: |t| {
            digits::<11>(t).is_some_and(|d| {
                matches!(number(&d, 0, 2), 20 | 23..=27 | 30 | 33 | 34 | 50 | 51 | 55)
                    && weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["rut", "run", "rol unico"],
        class: Some(national_ids::rut::CLASS.class),
        check: cl_rut,
        checked: true,
        special: Some(|t| has_form(t, "99.999.999-9") || has_form(t, "99.999.999-K")),
    },
];

/// ITIN: area 9xx with the groups that are issued (IRS Publication 1915).
fn us_itin(text: &str) -> bool {
    let Some(d) = digits::<9>(text) else { return false };
    d[0] == 9 && matches!(number(&d, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Medicare beneficiary identifier: positions of letters and digits, no S L O I B Z (CMS).
fn us_mbi(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b);
    let digit = |b: u8| b.is_ascii_digit();
    text.len() == 11
        && text.bytes().enumerate().all(|(i, b)| match i {
            0 => digit(b) && b != b'0',
            1 | 4 | 7 | 8 => letter(b),
            2 | 5 => digit(b) || letter(b),
            _ => digit(b),
        })
}

/// CPF: two modulus-11 digits.
fn br_cpf(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let check = |weights: &[u32]| match weighted(&d, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    !is_uniform(&d)
        && check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(d[9])
        && check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(d[10])
}

/// CNPJ: two modulus-11 digits; letters count as their code minus 48 (from 2026 on).
fn br_cnpj(text: &str) -> bool {
    let values: Vec<u8> = text.bytes().map(|b| b.wrapping_sub(48)).collect();
    let form = text.len() == 14
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && values.iter().skip(12).all(|v| *v < 10);
    let check = |weights: &[u32]| match weighted(&values, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    form && !is_uniform(&values)
        && values.get(12).map(|v| u32::from(*v))
            == Some(check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
        && values.get(13).map(|v| u32::from(*v))
            == Some(check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
}

/// Codes of federal states, and NE for who was born abroad (RENAPO, Instructivo Normativo).
const MX_STATES: &[&str] = &[
    "AS", "BC", "BS", "CC", "CH", "CL", "CM", "CS", "DF", "DG", "GR", "GT", "HG", "JC", "MC", "MN",
    "MS", "NE", "NL", "NT", "OC", "PL", "QR", "QT", "SL", "SP", "SR", "TC", "TL", "TS", "VZ", "YN",
    "ZS",
];

/// CURP: date, sex, state, consonants, check digit over an alphabet with Ñ. The sign before it is a digit
/// for births until 1999 and a letter since.
fn mx_curp(text: &str) -> bool {
    let letters = |from: usize, to: usize| {
        text.get(from..to).is_some_and(|s| s.bytes().all(|b| b.is_ascii_uppercase()))
    };
    let Some(date) = text.get(4..10).and_then(digits::<6>) else { return false };
    let Some(last) = text.bytes().last().filter(u8::is_ascii_digit) else { return false };
    let century = match text.as_bytes().get(16) {
        Some(b) if b.is_ascii_digit() => 1900,
        _ => 2000,
    };
    if text.len() != 18
        || !letters(0, 4)
        || !letters(11, 16)
        || !matches!(text.as_bytes().get(10), Some(b'H' | b'M' | b'X'))
        || !text.get(11..13).is_some_and(|state| MX_STATES.contains(&state))
        || !is_date(year_in(century, &date, 0), number(&date, 2, 2), number(&date, 4, 2))
    {
        return false;
    }
    let sum: u32 = text
        .bytes()
        .take(17)
        .zip((2..=18).rev())
        .map(|(b, weight): (u8, u32)| {
            let value = match b {
                b'0'..=b'9' => b - b'0',
                b'A'..=b'N' => b - b'A' + 10,
                // Ñ takes 24.
                _ => b.wrapping_sub(b'A').wrapping_add(11),
            };
            u32::from(value) * weight
        })
        .sum();
    (10 - sum % 10) % 10 == u32::from(last - b'0')
}

/// RFC: three or four letters, a date, and three more characters that may be missing: two without 0 and O
/// that tell namesakes apart, of which the first goes to V, and a check digit or A for ten (SAT).
fn mx_rfc(text: &str) -> bool {
    let head = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let date = text.get(head..head + 6).and_then(digits::<6>);
    let namesake = text.get(head + 6..).unwrap_or("").as_bytes();
    let passes = match namesake {
        [] => true,
        [first, second, check] => {
            matches!(first, b'1'..=b'9' | b'A'..=b'N' | b'P'..=b'V')
                && matches!(second, b'1'..=b'9' | b'A'..=b'N' | b'P'..=b'Z')
                && matches!(check, b'0'..=b'9' | b'A')
        }
        _ => false,
    };
    (3..=4).contains(&head)
        && passes
        && date.is_some_and(|d| is_date(number(&d, 0, 2), number(&d, 2, 2), number(&d, 4, 2)))
}

/// RUT: weights 2 to 7 from the right, modulo 11; 10 is K.
fn cl_rut(text: &str) -> bool {
    let text = text.strip_prefix("CL").unwrap_or(text);
    let Some((check, head)) = text.as_bytes().split_last() else { return false };
    if !(7..=8).contains(&head.len()) || !head.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = head
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7, 2, 3u32])
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    match 11 - sum % 11 {
        11 => *check == b'0',
        10 => *check == b'K',
        value => u32::from(check.wrapping_sub(b'0')) == value,
    }
}
