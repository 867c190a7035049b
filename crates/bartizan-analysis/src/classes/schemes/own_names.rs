//! Schemes that are believed under names of their own only: VAT numbers by the letters of their state,
//! people and companies of states that other files leave out.

use super::{Numbers, Scheme, europe::pt_nif, europe_tax::VAT, has_form};
use crate::classes::{
    checksum::{digits, is_date, luhn, number, weighted},
    tax_ids,
};

/// A scheme without a class of its own.
const fn scheme(
    numbers: Numbers,
    names: &'static [&'static str],
    check: fn(&str) -> bool,
) -> Scheme {
    Scheme { numbers, names, class: None, check, checked: false, special: None }
}

use Numbers::{People, TaxPayers};

pub(super) static SCHEMES: &[Scheme] = &[
    Scheme {
        numbers: TaxPayers,
        names: VAT,
        class: Some(tax_ids::vat_number::CLASS.class),
        check: eu_vat,
        checked: false,
        special: None,
    },
    scheme(TaxPayers, &["cvr", "se nummer"], |t| dk_cvr(t.trim_start_matches("DK"))),
    scheme(TaxPayers, &["y tunnus", "ytunnus", "alv"], |t| fi_business(t.trim_start_matches("FI"))),
    scheme(TaxPayers, &["kbo", "bce", "ondernemingsnummer"], |t| {
        be_company(t.trim_start_matches("BE"))
    }),
    scheme(TaxPayers, &["organisasjonsnummer", "orgnr", "org nr", "mva"], no_organisation),
    scheme(TaxPayers, &["uid nummer", "mwst", "che"], ch_uid),
    scheme(TaxPayers, &["inn"], ru_inn),
    scheme(People, &["snil"], ru_snils),
    scheme(People, &["svnr", "sozialversicherungsnummer", "vsnr"], at_insurance),
    scheme(People, &["kennitala"], is_kennitala),
    scheme(People, &["jmbg", "emso", "embg"], yu_jmbg),
    scheme(People, &["rnokpp", "rntrc", "ipn"], ua_rntrc),
    scheme(TaxPayers, &["ird", "ird number"], nz_ird),
    scheme(TaxPayers, &["nit"], co_nit),
    scheme(TaxPayers, &["ruc"], pe_ruc),
    scheme(TaxPayers, &["ubn", "tongyi bianhao"], tw_ubn),
];

/// Whether the weighted sum of exactly `N` digits is a multiple of `modulus`.
fn is_multiple<const N: usize>(text: &str, weights: [u32; N], modulus: u32) -> bool {
    digits::<N>(text).is_some_and(|d| {
        d.iter().any(|digit| *digit > 0) && weighted(&d, &weights).is_multiple_of(modulus)
    })
}

/// VAT numbers with the letters of a member state (Council Directive 2006/112/EC article 215) whose check
/// digits are published.
fn eu_vat(text: &str) -> bool {
    let Some((state, body)) = text.split_at_checked(2) else { return false };
    match state {
        "AT" => body.strip_prefix('U').is_some_and(at_uid),
        "BE" => be_company(body),
        "DK" => dk_cvr(body),
        "EE" => is_multiple(body, [3, 7, 1, 3, 7, 1, 3, 7, 1], 10),
        "EL" => el_afm(body),
        "FI" => fi_business(body),
        "FR" => fr_vat(body),
        "HU" => is_multiple(body, [9, 7, 3, 1, 9, 7, 3, 1], 10),
        "LU" => digits::<8>(body).is_some_and(|d| number(&d, 0, 6) % 89 == number(&d, 6, 2)),
        "MT" => digits::<8>(body).is_some_and(|d| {
            (weighted(&d, &[3, 4, 6, 7, 8, 9]) + number(&d, 6, 2)).is_multiple_of(37)
        }),
        "PT" => pt_nif(body),
        "SE" => {
            body.ends_with("01")
                && body.len() == 12
                && body.get(..10).and_then(digits::<10>).is_some_and(|d| luhn(&d))
        }
        "SK" => body.parse::<u64>().is_ok_and(|n| body.len() == 10 && n.is_multiple_of(11)),
        _ => false,
    }
}

/// UID of Austria: digit sums of alternating weights, 4 added.
fn at_uid(text: &str) -> bool {
    let Some(d) = digits::<8>(text) else { return false };
    let sum: u32 = d
        .iter()
        .take(7)
        .zip([1, 2, 1, 2, 1, 2, 1])
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    (10 - (sum + 4) % 10) % 10 == u32::from(d[7])
}

/// Enterprise number of Belgium: 97 minus the remainder.
fn be_company(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| d[0] <= 1 && 97 - number(&d, 0, 8) % 97 == number(&d, 8, 2))
}

fn dk_cvr(text: &str) -> bool {
    is_multiple(text, [2, 7, 6, 5, 4, 3, 2, 1], 11)
}

fn fi_business(text: &str) -> bool {
    is_multiple(text, [7, 9, 10, 5, 8, 4, 2, 1], 11)
}

/// AFM of Greece: powers of two, modulo 11, then 10.
fn el_afm(text: &str) -> bool {
    digits::<9>(text).is_some_and(|d| {
        number(&d, 0, 9) > 0
            && weighted(&d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == u32::from(d[8])
    })
}

/// French VAT number: a key of two digits before the SIREN.
fn fr_vat(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        let siren = number(&d, 2, 9);
        d.get(2..).is_some_and(luhn) && (12 + 3 * (siren % 97)) % 97 == number(&d, 0, 2)
    })
}

/// Organisation number of Norway, with `MVA` behind it for VAT.
fn no_organisation(text: &str) -> bool {
    let text = text.trim_start_matches("NO").trim_end_matches("MVA");
    is_multiple(text, [3, 2, 7, 6, 5, 4, 3, 2, 1], 11)
}

/// UID of Switzerland, with the name of the tax behind it for VAT.
fn ch_uid(text: &str) -> bool {
    let Some(body) = text.strip_prefix("CHE") else { return false };
    let body =
        ["MWST", "TVA", "IVA", "TPV"].iter().find_map(|tax| body.strip_suffix(tax)).unwrap_or(body);
    is_multiple(body, [5, 4, 3, 2, 7, 6, 5, 4, 1], 11)
}

/// INN of Russia: one check digit for companies, two for people.
fn ru_inn(text: &str) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let is = |d: &[u8], weights: &[u32], at: usize| {
        d.get(at).is_some_and(|check| weighted(d, weights) % 11 % 10 == u32::from(*check))
    };
    match text.len() {
        10 => digits::<10>(text).is_some_and(|d| number(&d, 0, 9) > 0 && is(&d, &WEIGHTS[2..], 9)),
        12 => digits::<12>(text).is_some_and(|d| {
            number(&d, 0, 9) > 0 && is(&d, &WEIGHTS[1..], 10) && is(&d, &WEIGHTS, 11)
        }),
        _ => false,
    }
}

/// SNILS of Russia: weights 9 to 1, modulo 101.
fn ru_snils(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        number(&d, 0, 9) > 1_001_998
            && weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == number(&d, 9, 2)
    })
}

/// Insurance number of Austria: the check digit comes fourth, a date of birth last.
fn at_insurance(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        let check = weighted(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
        d[0] > 0
            && is_date(number(&d, 8, 2), number(&d, 6, 2), number(&d, 4, 2))
            && check == u32::from(d[3])
    })
}

/// Kennitala of Iceland: date of birth, plus 40 for companies; the century comes last.
fn is_kennitala(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        is_date(number(&d, 4, 2), number(&d, 2, 2), number(&d, 0, 2) % 40)
            && [0, 8, 9].contains(&d[9])
            && weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    })
}

/// JMBG of the states of former Yugoslavia: date of birth with three digits of the year.
fn yu_jmbg(text: &str) -> bool {
    digits::<13>(text).is_some_and(|d| {
        let sum = weighted(&d, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
        is_date(1000 + number(&d, 4, 3), number(&d, 2, 2), number(&d, 0, 2))
            && (11 - sum % 11) % 11 % 10 == u32::from(d[12])
    })
}

/// Tax payer's number of Ukraine: the first weight is −1.
fn ua_rntrc(text: &str) -> bool {
    digits::<10>(text).is_some_and(|d| {
        number(&d, 0, 9) > 0
            && weighted(&d, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == u32::from(d[9])
    })
}

/// IRD number of New Zealand: a second round of weights where the first gives 10.
fn nz_ird(text: &str) -> bool {
    let Some(d) = digits::<9>(&format!("{text:0>9}")) else { return false };
    let check = |weights: &[u32]| (11 - weighted(&d, weights) % 11) % 11;
    let check = match check(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => check(&[7, 4, 3, 2, 5, 2, 7, 6]),
        other => other,
    };
    (10_000_000..150_000_000).contains(&number(&d, 0, 9)) && check == u32::from(d[8])
}

/// NIT of Colombia: primes from the right, modulo 11.
fn co_nit(text: &str) -> bool {
    let Some(d) = digits::<10>(&format!("{text:0>10}")).filter(|_| text.len() >= 8) else {
        return false;
    };
    let sum = weighted(&d, &[41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
    (if sum < 2 { sum } else { 11 - sum }) == u32::from(d[9])
}

/// RUC of Peru: what kind of tax payer, weights 5 to 2 twice.
fn pe_ruc(text: &str) -> bool {
    digits::<11>(text).is_some_and(|d| {
        matches!(number(&d, 0, 2), 10 | 15 | 17 | 20)
            && (11 - weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10 == u32::from(d[10])
    })
}

/// Number of a business in Taiwan: digit sums, multiples of five; a seventh digit of 7 may count as one
/// more.
fn tw_ubn(text: &str) -> bool {
    if !has_form(text, "99999999") {
        return false;
    }
    let sum: u32 = text
        .bytes()
        .zip([1, 2, 1, 2, 1, 2, 4, 1u32])
        .map(|(b, weight)| u32::from(b - b'0') * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    sum > 0
        && (sum.is_multiple_of(5)
            || (text.as_bytes().get(6) == Some(&b'7') && (sum + 1).is_multiple_of(5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is checked, and numbers that it is to accept.
    type Case = (fn(&str) -> bool, &'static [&'static str]);

    #[test]
    fn check_digits_of_each_scheme() {
        let cases: &[Case] = &[
            (
                eu_vat,
                &[
                    "ATU69070293",
                    "ATU13758584",
                    "BE0151182913",
                    "BE0652237601",
                    "DK15996404",
                    "DK21623199",
                    "EE866367893",
                    "EE553248814",
                    "EL083065084",
                    "EL070389618",
                    "FI62327287",
                    "FI45088130",
                    "FR02313545642",
                    "FR39862231263",
                    "HU24046697",
                    "HU21382567",
                    "LU92189735",
                    "LU00886352",
                    "MT19115019",
                    "MT58646555",
                    "PT560497105",
                    "PT551684453",
                    "SE854897490901",
                    "SE367700876901",
                    "SK2123553828",
                    "SK2046147191",
                ],
            ),
            (no_organisation, &["627543298", "517507504", "284276523"]),
            (ch_uid, &["CHE904297358", "CHE191569493", "CHE594044579"]),
            (ru_inn, &["6385881808", "0501782278", "235263483506", "589668394386"]),
            (at_insurance, &["1605150380", "3889150380", "3117150380"]),
            (is_kennitala, &["1203870490", "1203876429", "1203875370"]),
            (yu_jmbg, &["0101930592405", "0101550207762", "0101950993228"]),
            (ua_rntrc, &["2466855890", "0181010642", "1796048306"]),
            (nz_ird, &["083535598", "041884274", "55289751"]),
            (co_nit, &["6823266091", "3142032269", "6929322164"]),
            (pe_ruc, &["20168528311", "20784765041", "20074924434"]),
            (tw_ubn, &["87630265", "15224675", "28348410"]),
            (ru_snils, &["14870054061", "99479102478", "62114729660"]),
        ];
        for (check, numbers) in cases {
            for text in *numbers {
                assert!(check(text), "{text}");
                // Another last digit, or another check digit, never passes.
                let (head, last) = text.split_at(text.len() - 1);
                let broken = (last.as_bytes()[0] - b'0' + 3) % 10;
                assert!(!check(&format!("{head}{broken}")), "{text}");
            }
        }
    }
}
