//! Vehicle identification numbers.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support, checksum};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("vin"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "Vehicle identification number",
    what: "17 letters and digits without I, O and Q. The check digit at position 9 must fit, but not under \
           a field name that says so for vehicles made outside North America and China, where it is not \
           mandatory.",
    sensitive: false,
    support: Support::One,
    priority: 46,
    names: &[
        "vin",
        "vehicle identification",
        "chassis",
        "chassis number",
        "fahrgestellnummer",
        "fin",
    ],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (17, 17),
        digits: (5, 14),
        spaces: false,
        marks: Marks::NONE,
        also: |shape| shape.lower == 0 && shape.upper >= 3,
    },
    recognise,
    examples: &[("vin", "WVWZZZ1KZAW123456"), ("x", "1M8GDM9AXKP042788")],
    counterexamples: &[
        ("x", "1M8GDM9A1KP042788"),
        ("vin", "1M8GDM9A1KP042788"),
        ("vin", "1M8GDM9AXKP04278"),
        ("vin", "1M8GDM9AXKPO42788"),
        ("order_id", "1M8GDM9AXKP042788"),
    ],
    references: &["ISO 3779", "49 CFR 565.15"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text.to_ascii_uppercase();
    let form = text.len() == 17
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"IOQ".contains(&b)));
    if !form {
        return None;
    }
    if has_check_digit(&text) && (candidate.in_context || !candidate.is_identifier) {
        return Some(Certainty::Checked);
    }
    // Other numbers have no check digit, but a serial number of digits at the end.
    let checked = text.starts_with(['1', '2', '3', '4', '5', 'L']);
    let serial = text.get(13..).and_then(checksum::digits::<4>).is_some();
    (candidate.in_context && !checked && serial).then_some(Certainty::Context)
}

fn has_check_digit(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |b: u8| match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'H' => u32::from(b - b'A') + 1,
        b'J'..=b'R' => u32::from(b - b'J') + 1,
        _ => u32::from(b.wrapping_sub(b'S')) + 2,
    };
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(b, w)| value(b) * w).sum();
    b"0123456789X".get((sum % 11) as usize) == text.as_bytes().get(8)
}
