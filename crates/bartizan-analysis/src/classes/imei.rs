//! Numbers of mobile devices and subscribers.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("imei"),
    family: Family::Head(|_, _| None),
    group: DataGroup::Technical,
    title: "Mobile device or subscriber number",
    what: "With a field name that says so: IMEI (14 digits and a Luhn digit, or 16 with the software \
           version), IMSI (15 digits), ICCID (19 or 20 digits beginning with 89).",
    sensitive: false,
    support: Support::One,
    priority: 39,
    names: &["imei", "imeisv", "imsi", "iccid", "meid"],
    anywhere: true,
    in_text: true,
    form: Form::NONE,
    recognise,
    examples: &[("imei", "35-209900-176148-1"), ("imeisv", "3520990017614823")],
    counterexamples: &[("imei", "35-209900-176148-2"), ("x", "352099001761481"), ("imei", "1234")],
    references: &["3GPP TS 23.003", "ITU-T E.118"],
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
        14..=15 if imsi => Some(Certainty::Context),
        19..=20 if iccid && plain.starts_with(&[8, 9]) => Some(Certainty::Context),
        15 if !imsi && !iccid && checksum::luhn(&plain) => Some(Certainty::Checked),
        16 if !imsi && !iccid => Some(Certainty::Context),
        _ => None,
    }
}
