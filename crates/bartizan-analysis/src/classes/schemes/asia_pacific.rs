//! People and tax payers in Asia, Africa and Oceania.

use super::{Numbers, Scheme, has_form};
use crate::classes::{
    checksum::{digits, is_date, is_uniform, luhn, number, verhoeff, weighted, year_in},
    health, national_ids, tax_ids,
};

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: Numbers::People,
        names: &["aadhaar", "aadhar", "uidai", "aadhaar uid"],
        class: Some(national_ids::aadhaar::CLASS.class),
        check: |t| {
            digits::<12>(t)
                .is_some_and(|d| d[0] >= 2 && !d.iter().eq(d.iter().rev()) && verhoeff(&d))
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["pan", "pan card", "permanent account"],
        class: Some(national_ids::indian_pan::CLASS.class),
        check: in_pan,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["gstin", "gst", "tax id"],
        class: Some(tax_ids::gstin::CLASS.class),
        check: in_gstin,
        checked: true,
        special: Some(|t| t.len() == 15),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["my number", "mynumber", "kojin bango", "個人番号", "マイナンバー"],
        class: Some(national_ids::my_number::CLASS.class),
        check: jp_my_number,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["rrn", "resident registration", "jumin", "arc", "foreigner registration"],
        class: Some(national_ids::korean_rrn::CLASS.class),
        check: kr_rrn,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["brn", "business registration"],
        class: None,
        check: kr_brn,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &[
            "ric",
            "resident identity card",
            "shenfenzheng",
            "sfz",
            "id card",
            "身份证",
            "身份证号",
            "身份证号码",
            "idcard",
        ],
        class: Some(national_ids::chinese_id::CLASS.class),
        check: cn_ric,
        checked: true,
        special: Some(|t| t.len() == 18 && matches!(t.get(6..8), Some("19" | "20"))),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["nric", "fin", "nric fin"],
        class: Some(national_ids::nric::CLASS.class),
        check: sg_nric,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["uen", "unique entity"],
        class: None,
        check: sg_uen,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["nric", "mykad", "ic", "ic number"],
        class: None,
        check: |t| {
            digits::<12>(t).is_some_and(|d| {
                is_date(number(&d, 0, 2), number(&d, 2, 2), number(&d, 4, 2))
                    && is_malaysian_place(number(&d, 6, 2))
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["pin", "thai id", "citizen id", "tnin"],
        class: None,
        check: |t| {
            digits::<13>(t).is_some_and(|d| {
                let sum = weighted(&d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
                (1..=8).contains(&d[0]) && (11 - sum % 11) % 10 == u32::from(d[12])
            })
        },
        checked: true,
        special: Some(|t| has_form(t, "9-9999-99999-99-9")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["npwp"],
        class: None,
        check: |t| {
            let head = t.get(..9).and_then(digits::<9>);
            (t.len() == 15 && t.bytes().all(|b| b.is_ascii_digit()))
                && head.is_some_and(|d| !is_uniform(&d) && luhn(&d))
        },
        checked: true,
        special: Some(|t| has_form(t, "99.999.999.9-999.999")),
    },
    Scheme {
        numbers: Numbers::People,
        names: &["teudat zehut", "tz", "mispar zehut"],
        class: None,
        check: |t| {
            digits::<9>(&format!("{t:0>9}")).is_some_and(|d| number(&d, 0, 9) > 0 && luhn(&d))
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["sa id", "south african id", "rsa id"],
        class: None,
        check: |t| {
            digits::<13>(t).is_some_and(|d| {
                is_date(number(&d, 0, 2), number(&d, 2, 2), number(&d, 4, 2))
                    && d[10] <= 2
                    && luhn(&d)
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::People,
        names: &["tfn", "tax file"],
        class: Some(national_ids::tax_file_number::CLASS.class),
        check: |t| {
            digits::<9>(t).is_some_and(|d| {
                number(&d, 0, 9) > 0
                    && weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["abn", "business number"],
        class: None,
        check: au_abn,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["acn", "company number"],
        class: None,
        check: |t| {
            digits::<9>(t).is_some_and(|d| {
                number(&d, 0, 9) > 0
                    && (10 - weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == u32::from(d[8])
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::Patients,
        names: &["medicare", "medicare card"],
        class: Some(health::medicare_number::CLASS.class),
        check: |t| {
            digits::<10>(t).is_some_and(|d| {
                (2..=6).contains(&d[0])
                    && weighted(&d, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(d[8])
            })
        },
        checked: true,
        special: None,
    },
];

/// PAN: three letters, what kind of tax payer, the initial, a number that is not 0000, a letter.
fn in_pan(text: &str) -> bool {
    has_form(text, "AAAAA9999A")
        && text.as_bytes().get(3).is_some_and(|b| b"ABCFGHJKLPT".contains(b))
        && text.get(5..9) != Some("0000")
}

/// GSTIN: state, PAN, number of the registration from 1, `Z`, check character of Luhn modulo 36.
fn in_gstin(text: &str) -> bool {
    let registered = text.as_bytes().get(12).is_some_and(|b| *b != b'0');
    if !has_form(text, "99AAAAA9999A*Z*") || !registered || !text.get(2..12).is_some_and(in_pan) {
        return false;
    }
    let state = text.get(..2).and_then(|s| s.parse::<u32>().ok()).unwrap_or(0);
    let value = |b: u8| u32::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' + 10 });
    let sum: u32 = text
        .bytes()
        .take(14)
        .enumerate()
        .map(|(i, b)| value(b) * if i % 2 == 0 { 1 } else { 2 })
        .map(|p| p / 36 + p % 36)
        .sum();
    (1..=38).contains(&state)
        && text.bytes().last().is_some_and(|b| value(b) == (36 - sum % 36) % 36)
}

/// My Number: weights 2 to 7 twice from the right, modulo 11.
fn jp_my_number(text: &str) -> bool {
    let Some(d) = digits::<12>(text) else { return false };
    let rest = weighted(&d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    !is_uniform(&d) && (if rest <= 1 { 0 } else { 11 - rest }) == u32::from(d[11])
}

/// Resident and foreigner registration number: weights 2 to 9 and 2 to 5, modulo 11, for foreigners
/// (5 to 8 behind the date) with 2 added.
fn kr_rrn(text: &str) -> bool {
    let Some(d) = digits::<13>(text) else { return false };
    let rest = weighted(&d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11;
    let check = u32::from(d[12]);
    let century = match d[6] {
        1 | 2 | 5 | 6 => 1900,
        3 | 4 | 7 | 8 => 2000,
        _ => 1800,
    };
    // Codes of places of birth; numbers given since October 2020 have none, and no check digit.
    is_date(year_in(century, &d, 0), number(&d, 2, 2), number(&d, 4, 2))
        && number(&d, 7, 2) <= 96
        && ((11 - rest) % 10 == check || ((5..=8).contains(&d[6]) && (13 - rest) % 10 == check))
}

/// Business registration number: tax office from 101 on, kind of business from 01 on.
fn kr_brn(text: &str) -> bool {
    let Some(d) = digits::<10>(text) else { return false };
    let sum = weighted(&d, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + u32::from(d[8]) * 5 / 10;
    number(&d, 0, 3) >= 101 && number(&d, 3, 2) > 0 && (10 - sum % 10) % 10 == u32::from(d[9])
}

/// Codes of states and countries of birth that the National Registration Department of Malaysia gives.
const fn is_malaysian_place(code: u32) -> bool {
    !matches!(code, 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97)
}

/// Resident identity card (GB 11643-1999): province (GB/T 2260), date, ISO/IEC 7064 MOD 11-2 over 17
/// digits, X for 10.
fn cn_ric(text: &str) -> bool {
    let Some(d) = text.get(..17).and_then(digits::<17>) else { return false };
    let sum = weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let province = matches!(
        number(&d, 0, 2),
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91
    );
    text.len() == 18
        && province
        && is_date(number(&d, 6, 4), number(&d, 10, 2), number(&d, 12, 2))
        && b"10X98765432".get((sum % 11) as usize) == text.as_bytes().last()
}

/// NRIC and FIN: weights 2 7 6 5 4 3 2, offset 4 for T and G, 3 for M.
fn sg_nric(text: &str) -> bool {
    let (Some(d), Some(first), Some(last), 9) = (
        text.get(1..8).and_then(digits::<7>),
        text.bytes().next(),
        text.bytes().last(),
        text.len(),
    ) else {
        return false;
    };
    let sum = weighted(&d, &[2, 7, 6, 5, 4, 3, 2]);
    let (sum, letters): (u32, &[u8; 11]) = match first {
        b'S' => (sum, b"JZIHGFEDCBA"),
        b'T' => (sum + 4, b"JZIHGFEDCBA"),
        b'F' => (sum, b"XWUTRQPNMLK"),
        b'G' => (sum + 4, b"XWUTRQPNMLK"),
        b'M' => (10 - (sum + 3) % 11, b"KLJNPQRTUWX"),
        _ => return false,
    };
    letters.get((sum % 11) as usize) == Some(&last)
}

/// Kinds of other entities in numbers of Singapore (ACRA).
const SG_ENTITIES: &[&str] = &[
    "CC", "CD", "CH", "CL", "CM", "CP", "CS", "CX", "DP", "FB", "FC", "FM", "FN", "GA", "GB", "GS",
    "HS", "LL", "LP", "MB", "MC", "MD", "MH", "MM", "MQ", "NB", "NR", "PA", "PB", "PF", "RF", "RP",
    "SM", "SS", "TC", "TU", "VH", "XL",
];

/// Unique entity number: businesses, local companies with the year of registration, other entities with
/// what they are, each with its check letter.
fn sg_uen(text: &str) -> bool {
    let last = text.bytes().last();
    let is = |letters: &[u8], at: u32| letters.get(at as usize).copied() == last;
    if has_form(text, "99999999A") {
        let sum =
            text.get(..8).and_then(digits::<8>).map(|d| weighted(&d, &[10, 4, 9, 3, 8, 2, 7, 1]));
        return sum.is_some_and(|sum| is(b"XMKECAWLJDB", sum % 11));
    }
    if has_form(text, "999999999A") {
        let sum = text
            .get(..9)
            .and_then(digits::<9>)
            .map(|d| weighted(&d, &[10, 8, 6, 4, 9, 7, 5, 3, 1]));
        let year = text.get(..2).is_some_and(|century| ["18", "19", "20"].contains(&century));
        return year && sum.is_some_and(|sum| is(b"ZKCMDNERGWH", sum % 11));
    }
    let known = text.get(3..5).is_some_and(|kind| SG_ENTITIES.contains(&kind));
    if !has_form(text, "A99AA9999A") || !text.starts_with(['R', 'S', 'T']) || !known {
        return false;
    }
    // R, S and T are centuries, from the 19th on.
    let year = text.get(1..3).and_then(digits::<2>).map(|d| number(&d, 0, 2));
    if text.starts_with('T') && year.is_none_or(|year| 2000 + year > super::LATEST_YEAR) {
        return false;
    }
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let sum: Option<usize> = text
        .bytes()
        .zip([4, 3, 5, 3, 10, 2, 2, 5, 7])
        .map(|(b, weight)| ALPHABET.iter().position(|a| *a == b).map(|value| value * weight))
        .sum();
    sum.is_some_and(|sum| is(ALPHABET, ((sum + 11 - 5) % 11) as u32))
}

/// Australian business number: subtract 1 from the first digit, modulus 89; the first two, which check the
/// others, are 11 to 99.
fn au_abn(text: &str) -> bool {
    let Some(d) = digits::<11>(text) else { return false };
    let sum = weighted(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    number(&d, 0, 2) >= 11 && (sum - 10).is_multiple_of(89)
}
