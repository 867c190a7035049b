//! Payment card numbers.

use bartizan_model::{DataClass, data_class::DataGroup};
use smallvec::SmallVec;

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Shape, Support, checksum,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("payment_card"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Payment card number",
    what: "12 to 19 digits with a valid Luhn digit in the range of an issuer (Visa, Mastercard, \
           American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir, RuPay, Troy, Elo, UATP) and of that issuer's \
           length, not all the same. Bare digits under a name that says identifier, time or \
           amount are left alone, and lengths other than 15 and 16 need a name or separators.",
    sensitive: true,
    support: Support::One,
    priority: 40,
    names: &[
        "card",
        "card number",
        "cc",
        "ccnum",
        "cc number",
        "pan",
        "credit card",
        "debit card",
        "creditcard",
        "kartennummer",
        "kreditkarte",
        "kreditkartennummer",
        "tarjeta",
        "carte",
        "carte bancaire",
        "cartao",
        "numero carte",
        "card no",
        "cardno",
        "primary account",
        "payment card",
        "creditcardnumber",
    ],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (12, 24),
        digits: (12, 19),
        spaces: true,
        marks: Marks::NONE,
        also: Shape::is_digits_and_separators,
    },
    recognise,
    examples: &[
        ("card_number", "4111111111111111"),
        ("x", "5555 5555 5555 4444"),
        ("pan", "378282246310005"),
        ("number", "6011-0009-9013-9424"),
        ("cc", "4222222222222"),
    ],
    counterexamples: &[
        ("card_number", "4111111111111112"),
        ("card_number", "4444444444444448888"),
        ("x", "1795341600123000"),
        ("order_id", "4111111111111111"),
        ("x", "0000000000000000"),
        ("card_number", "411111******1111"),
    ],
    references: &["ISO/IEC 7812-1", "PCI DSS 4.0 requirement 3.4"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    let plain = digits_of(text)?;
    let grouped = candidate.shape.len > plain.len() && is_grouped(text);
    let separated = candidate.shape.len > plain.len();
    let bare = !separated && matches!(plain.len(), 15 | 16) && !candidate.is_identifier;
    ((candidate.in_context || grouped || bare) && is_card(&plain)).then_some(Certainty::Checked)
}

/// Digits of a text of digits, spaces and dashes.
fn digits_of(text: &str) -> Option<SmallVec<[u8; 24]>> {
    let mut out = SmallVec::new();
    for b in text.bytes() {
        match b {
            b'0'..=b'9' if out.len() < 19 => out.push(b - b'0'),
            b' ' | b'-' => {}
            _ => return None,
        }
    }
    Some(out)
}

/// Whether the digits stand in groups as printed on cards.
fn is_grouped(text: &str) -> bool {
    let separator = if text.contains('-') { '-' } else { ' ' };
    let groups: SmallVec<[usize; 8]> = text.split(separator).map(str::len).collect();
    matches!(groups.as_slice(), [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3] | [6, 13])
        && text.bytes().all(|b| b.is_ascii_digit() || b == separator as u8)
}

/// Whether a run of digits inside free text is a card number.
pub(crate) fn in_text(run: &str) -> bool {
    let run = run.trim();
    let plain = digits_of(run).filter(|d| (12..=19).contains(&d.len()));
    plain.is_some_and(|d| (run.len() == d.len() || is_grouped(run)) && is_card(&d))
        || run.split(' ').any(|part| {
            part.len() >= 15 && digits_of(part).is_some_and(|d| d.len() >= 15 && is_card(&d))
        })
}

/// Luhn, issuer range, issuer length, and at least three different digits.
pub(crate) fn is_card(digits: &[u8]) -> bool {
    let mut seen = 0u16;
    for d in digits {
        seen |= 1 << d;
    }
    let (two, four, six) = (
        checksum::number(digits, 0, 2),
        checksum::number(digits, 0, 4),
        checksum::number(digits, 0, 6),
    );
    let len = digits.len();
    let issued = match two {
        40..=49 => matches!(len, 13 | 16 | 19),
        51..=55 => len == 16,
        34 | 37 => len == 15,
        36 | 38 | 39 => (14..=19).contains(&len),
        30 => matches!(four, 3000..=3059 | 3095) && (14..=19).contains(&len),
        35 => matches!(four, 3528..=3589) && (16..=19).contains(&len),
        62 | 81 => (16..=19).contains(&len),
        60 | 64 | 65 => (16..=19).contains(&len),
        50 | 56..=59 | 61 | 63 | 66..=69 => (12..=19).contains(&len),
        22..=27 => {
            (matches!(six, 222_100..=272_099) && len == 16)
                || (matches!(four, 2200..=2204) && (16..=19).contains(&len))
        }
        12 => len == 15,
        18 | 21 => matches!(four, 1800 | 2131) && len == 15,
        97 => four == 9792 && len == 16,
        _ => false,
    };
    issued && seen.count_ones() >= 2 && checksum::luhn(digits)
}
