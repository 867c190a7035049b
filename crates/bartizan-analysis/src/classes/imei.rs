//! Numbers of mobile devices and subscribers.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("imei"),
    family: Family::Head(|_, _| None),
    group: DataGroup::Technical,
    title: "Mobile device or subscriber number",
    what: "With a field name that says so: IMEI (14 digits, with a Luhn digit behind them or \
           without, or 16 with the software version), IMSI (14 or 15 digits behind the code of a country), ICCID (19 or 20 digits beginning with 89).",
    sensitive: false,
    support: Support::One,
    priority: 39,
    names: &["imei", "imeisv", "imsi", "iccid", "meid"],
    anywhere: true,
    in_text: true,
    form: Form::NONE,
    recognise,
    examples: &[
        ("imei", "35-209900-176148-1"),
        ("imei", "35-209900-176148"),
        ("imeisv", "3520990017614823"),
    ],
    counterexamples: &[("imei", "35-209900-176148-2"), ("x", "352099001761481"), ("imei", "1234")],
    references: &["3GPP TS 23.003", "ITU-T E.118", "ITU-T E.212"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    if !candidate.in_context
        || candidate.shape.len > 24
        || !candidate.shape.is_digits_and_separators()
    {
        return None;
    }
    let plain: Vec<u8> =
        candidate.text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let (imsi, iccid) = (candidate.is_named(&["imsi"]), candidate.is_named(&["iccid"]));
    match plain.len() {
        _ if checksum::is_uniform(&plain) => None,
        14..=15 if imsi && is_country(checksum::number(&plain, 0, 3)) => Some(Certainty::Context),
        19..=20 if iccid && plain.starts_with(&[8, 9]) => Some(Certainty::Context),
        15 if !imsi && !iccid && checksum::luhn(&plain) => Some(Certainty::Checked),
        // Without the check digit, which is not sent over the air.
        14 if !imsi && !iccid => Some(Certainty::Context),
        16 if !imsi && !iccid => Some(Certainty::Context),
        _ => None,
    }
}

/// Whether a mobile country code is given to a country, to international networks (901) or to test
/// networks (ITU-T E.212).
fn is_country(code: u32) -> bool {
    match code {
        1 | 901 | 991 | 999 => true,
        202..=297 => {
            code.is_multiple_of(2)
                && !matches!(code, 210 | 224 | 236 | 252 | 254 | 256 | 258 | 264 | 296)
                || matches!(
                    code,
                    213 | 219
                        | 221
                        | 225
                        | 231
                        | 235
                        | 247
                        | 255
                        | 257
                        | 259
                        | 283
                        | 289
                        | 293
                        | 295
                        | 297
                )
        }
        302..=376 => {
            matches!(code, 302 | 308 | 310..=316 | 330 | 334 | 338 | 362..=366)
                || (code >= 340 && code.is_multiple_of(2))
        }
        400..=472 => {
            !matches!(code, 403 | 407..=409 | 411 | 423 | 433 | 435 | 439 | 442..=449)
                && !matches!(code, 451 | 453 | 458 | 459 | 462..=465 | 468 | 469 | 471)
        }
        502..=555 => {
            matches!(code, 502 | 505 | 510 | 514 | 515 | 520 | 525 | 528 | 530 | 536 | 537 | 539..)
        }
        602..=659 => code != 656,
        702..=750 => code.is_multiple_of(2) && !matches!(code, 718 | 720 | 726 | 728),
        _ => false,
    }
}
