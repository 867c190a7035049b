//! Tax payers in Europe: VAT and company numbers.

use super::{Numbers, Scheme, europe::nl_bsn, has_form};
use crate::classes::{
    checksum::{digits, luhn, mod11_10, mod97, number, weighted},
    tax_ids,
};

/// What fields call a VAT number, whichever state gave it.
pub(super) const VAT: &[&str] = &[
    "vat",
    "vat id",
    "vat number",
    "vatin",
    "ust id",
    "ustid",
    "umsatzsteuer id",
    "tva",
    "iva",
    "tax id",
    "mom",
];

/// What fields call one in German.
const GERMAN_VAT: &[&str] = &["ust id", "ustid", "umsatzsteuer id"];

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["utr", "unique taxpayer reference", "tax reference"],
        class: None,
        check: gb_utr,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: VAT,
        class: Some(tax_ids::vat_number::CLASS.class),
        check: |t| t.starts_with("GB") && gb_vat(t),
        checked: true,
        special: Some(|t| t.starts_with("GB")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        // Where the word is German, a number without letters is German too.
        names: &["vat", "vat id", "vat number", "vatin", "tax id"],
        class: Some(tax_ids::vat_number::CLASS.class),
        check: gb_vat,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: GERMAN_VAT,
        class: Some(tax_ids::vat_number::CLASS.class),
        check: |t| digits::<9>(t).is_some_and(|d| d[0] != 0 && mod11_10(&d)),
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: VAT,
        class: Some(tax_ids::vat_number::CLASS.class),
        check: |t| {
            t.strip_prefix("DE").and_then(digits::<9>).is_some_and(|d| d[0] != 0 && mod11_10(&d))
        },
        checked: true,
        special: Some(|t| t.starts_with("DE")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["nif", "cif", "vat", "vat id", "vat number"],
        class: None,
        check: es_cif,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &[
            "codice fiscale",
            "partita iva",
            "piva",
            "p iva",
            "iva",
            "vat",
            "vat id",
            "vat number",
        ],
        class: Some(tax_ids::vat_number::CLASS.class),
        check: |t| {
            digits::<11>(t.trim_start_matches("IT")).is_some_and(|d| {
                // The office of the province that gave it.
                let office = matches!(number(&d, 7, 3), 1..=100 | 120 | 121 | 888 | 999);
                number(&d, 0, 7) > 0 && office && luhn(&d)
            })
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["siren", "rcs"],
        class: None,
        check: |t| digits::<9>(t).is_some_and(|d| number(&d, 0, 9) > 0 && luhn(&d)),
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["siret"],
        class: None,
        check: fr_siret,
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["nip", "vat", "vat id", "vat number", "tax id"],
        class: None,
        check: |t| {
            digits::<10>(t.trim_start_matches("PL"))
                .is_some_and(|d| weighted(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == u32::from(d[9]))
        },
        checked: true,
        special: None,
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["btw", "btw nummer", "vat", "vat id", "vat number"],
        class: Some(tax_ids::vat_number::CLASS.class),
        check: nl_btw,
        checked: true,
        special: Some(|t| t.starts_with("NL")),
    },
    Scheme {
        numbers: Numbers::TaxPayers,
        names: &["organisationsnummer", "orgnr", "org nr", "orgnummer", "org number"],
        class: None,
        check: |t| digits::<10>(t).is_some_and(|d| d[2] >= 2 && luhn(&d)),
        checked: true,
        special: None,
    },
];

/// Unique taxpayer reference: the check digit comes first.
fn gb_utr(text: &str) -> bool {
    let Some(d) = digits::<10>(text.trim_end_matches('K')) else { return false };
    let sum: u32 = weighted(&d[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]);
    b"21987654321".get((sum % 11) as usize).is_some_and(|c| c - b'0' == d[0])
}

/// SIRET: the SIREN of the company, and a Luhn digit over all. The post office, which has more offices
/// than that leaves numbers for, needs a sum of the digits that is a multiple of five.
fn fr_siret(text: &str) -> bool {
    let Some(d) = digits::<14>(text) else { return false };
    let siren = d.get(..9).is_some_and(luhn) && number(&d, 0, 9) > 0;
    let post = number(&d, 0, 9) == 356_000_000
        && d.iter().map(|digit| u32::from(*digit)).sum::<u32>().is_multiple_of(5);
    siren && (luhn(&d) || post)
}

/// VAT number: modulus 97, from 100 000 000 on also with 55 added; government departments have GD and 000
/// to 499, health authorities HA and 500 to 999.
fn gb_vat(text: &str) -> bool {
    if let Some(number) = text.strip_prefix("GBGD").or_else(|| text.strip_prefix("GBHA")) {
        return digits::<3>(number).is_some_and(|d| (d[0] >= 5) == text.starts_with("GBHA"));
    }
    let text = text.strip_prefix("GB").unwrap_or(text);
    let Some(d) = digits::<9>(text.get(..9).unwrap_or("")) else { return false };
    let branch = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + number(&d, 7, 2);
    let passes = sum.is_multiple_of(97) || (sum % 97 == 42 && d[0] > 0);
    (text.len() == 9 || branch) && number(&d, 0, 7) > 0 && passes
}

/// CIF: what kind of entity, seven digits, and a check digit; a letter instead for public bodies and
/// foreign entities, either for some kinds (Orden EHA/451/2008).
fn es_cif(text: &str) -> bool {
    let text = text.strip_prefix("ES").unwrap_or(text);
    let (Some(first), Some(d), Some(last), 9) = (
        text.bytes().next(),
        text.get(1..8).and_then(digits::<7>),
        text.bytes().last(),
        text.len(),
    ) else {
        return false;
    };
    let odd: u32 = d.iter().step_by(2).map(|x| u32::from(*x) * 2).map(|p| p / 10 + p % 10).sum();
    let even: u32 = d.iter().skip(1).step_by(2).map(|x| u32::from(*x)).sum();
    let check = (10 - (odd + even) % 10) % 10;
    let letter = b"JABCDEFGHI".get(check as usize) == Some(&last);
    let digit = u32::from(last.wrapping_sub(b'0')) == check;
    match first {
        b'A' | b'B' | b'E' | b'H' => digit,
        b'P' | b'Q' | b'R' | b'S' | b'W' => letter,
        b'C' | b'D' | b'F' | b'G' | b'J' | b'N' | b'U' | b'V' => digit || letter,
        _ => false,
    }
}

/// BTW number: the eleven test of nine digits, or since 2020 modulus 97 of the whole.
fn nl_btw(text: &str) -> bool {
    let body = text.strip_prefix("NL").unwrap_or(text);
    let body = format!("{body:0>12}");
    has_form(&body, "999999999B99")
        && !body.ends_with("B00")
        && (body.get(..9).is_some_and(nl_bsn)
            || mod97(b"NL".iter().copied().chain(body.bytes())) == Some(1))
}
