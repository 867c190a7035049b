//! Telephone numbers.

use bartizan_model::{DataClass, data_class::DataGroup};
use smallvec::SmallVec;

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, checksum, schemes::has_form,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("phone"),
    family: Family::Alone,
    group: DataGroup::Contact,
    title: "Telephone number",
    what: "The international form `+` and digits, checked against the numbering plans of the ITU as \
           libphonenumber publishes them; the North American form with separators; with a field \
           name that says so also national forms of 6 to 15 digits. Bare digits without such a name \
           are never taken for a number.",
    sensitive: true,
    support: Support::One,
    priority: 70,
    names: &[
        "phone",
        "telephone",
        "tel",
        "mobile",
        "cell",
        "cellphone",
        "msisdn",
        "fax",
        "whatsapp",
        "phone number",
        "mobile number",
        "contact number",
        "telefon",
        "telefono",
        "telefone",
        "telefoon",
        "telefonnummer",
        "handy",
        "handynummer",
        "celular",
        "movil",
        "portable",
        "telefonszam",
        "puhelin",
        "puhelinnumero",
        "mobil",
        "mobilnummer",
        "rufnummer",
        "sms",
        "e 164",
        "caller",
        "callee",
        "numero telephone",
        "电话",
        "手机",
        "手机号",
    ],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (7, 30),
        digits: (7, 15),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| shape.letters() == 0 && !shape.is_number(),
    },
    recognise,
    examples: &[
        ("phone", "+49 30 901820"),
        ("x", "+1 415 555 2671"),
        ("mobileNumber", "0171 2345678"),
        ("tel", "tel:+442079460958"),
        ("note", "(415) 555-2671"),
        ("telefone", "11984565666"),
    ],
    counterexamples: &[
        ("created", "1795341600"),
        ("id", "4155552671"),
        ("phone", "1111111"),
        ("phone_verified", "true"),
        ("range", "2020-01-31"),
        ("version", "10.0.19041.1237"),
        ("x", "+999999999999"),
        ("phoneId", "550e8400-e29b-41d4-a716-446655440000"),
    ],
    references: &["ITU-T E.164", "libphonenumber metadata through the phonenumber crate"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text.strip_prefix("tel:").unwrap_or(candidate.text);
    let digits = candidate.shape.digits;
    if candidate.shape.len > 32 || !(6..=17).contains(&digits) || !is_dialled(text) {
        return None;
    }
    let plain = digits_of(text);
    if candidate.in_context {
        // A name that says so needs no numbering plan, which is slow to ask.
        let fits = plain.len() <= 15 && !checksum::is_uniform(&plain) && !candidate.is_identifier;
        return fits.then_some(Certainty::Context);
    }
    (!candidate.is_identifier && is_written_as_phone(text)).then_some(if text.starts_with('+') {
        Certainty::Checked
    } else {
        Certainty::Pattern
    })
}

/// Whether it holds only digits and what people write between them, an extension at the end
/// included.
fn is_dialled(text: &str) -> bool {
    let text = text.split_once(['x', ';', '#']).map_or(text, |(number, _)| number);
    text.bytes().enumerate().all(|(i, b)| {
        b.is_ascii_digit()
            || b" -.()/".contains(&b)
            || (b == b'+' && (i == 0 || text.starts_with('(')))
    })
}

/// Whether the writing alone tells a number: international form, or the North American one with
/// separators (NANP: area and exchange codes begin with 2 to 9).
pub(crate) fn is_written_as_phone(text: &str) -> bool {
    if text.starts_with('+') {
        return (8..=15).contains(&digits_of(text).len()) && is_valid(text);
    }
    let forms = ["(999) 999-9999", "(999)999-9999", "999-999-9999", "999.999.9999", "999 999-9999"];
    if !forms.iter().any(|form| has_form(text, form)) {
        return false;
    }
    let digits = digits_of(text);
    let (area, exchange) = (checksum::number(&digits, 0, 3), checksum::number(&digits, 3, 3));
    area >= 200 && exchange >= 200 && area % 100 != 11 && exchange % 100 != 11
}

fn digits_of(text: &str) -> SmallVec<[u8; 24]> {
    text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect()
}

fn is_valid(text: &str) -> bool {
    phonenumber::parse(None, text).is_ok_and(|number| number.is_valid())
}
