//! Contents of magnetic stripes.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, checksum, vocabulary,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("card_track"),
    family: Family::Alone,
    group: DataGroup::Financial,
    title: "Magnetic stripe data",
    what: "Track 1 (`%B`, number, `^`, name, `^`, expiry) or track 2 (`;`, number, `=`, expiry) \
           with a Luhn digit that fits. Nobody may store it after authorisation.",
    sensitive: true,
    support: Support::One,
    priority: 11,
    names: &[
        "track data",
        "track 1",
        "track 2",
        "trackdata",
        "magstripe",
        "magnetic stripe",
        "magnetic stripe data",
    ],
    anywhere: false,
    in_text: false,
    form: Form {
        len: (20, 120),
        digits: (16, u32::MAX),
        spaces: true,
        marks: Marks::NONE,
        also: |shape| matches!(shape.first, b'%' | b';'),
    },
    recognise,
    examples: &[
        ("x", "%B4111111111111111^DOE/JANE^29121010000000000000?"),
        ("track2", ";4111111111111111=29121010000000000000?"),
    ],
    counterexamples: &[
        ("x", "%B4111111111111112^DOE/JANE^29121010000000000000?"),
        ("track2", "playing"),
        ("x", ";4111111111111111"),
        ("track1", ";4111111111111111=29991010000000000000?"),
    ],
    references: &["ISO/IEC 7813", "PCI DSS 4.0 requirement 3.3.1"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    is_track(candidate.text).then_some(Certainty::Checked)
}

fn is_track(text: &str) -> bool {
    let (number, rest) = match text.as_bytes() {
        [b'%', b'B' | b'b', ..] => {
            let Some((number, rest)) = text.get(2..).and_then(|t| t.split_once('^')) else {
                return false;
            };
            (number, rest.split_once('^').map_or("", |(_, behind)| behind))
        }
        [b';', ..] => {
            let Some(parts) = text.get(1..).and_then(|t| t.split_once('=')) else { return false };
            parts
        }
        _ => return false,
    };
    let digits: smallvec::SmallVec<[u8; 19]> =
        number.bytes().take(20).map(|b| b.wrapping_sub(b'0')).collect();
    let month = rest.get(2..4).and_then(vocabulary::whole_number);
    (12..=19).contains(&digits.len())
        && digits.iter().all(|d| *d < 10)
        && !checksum::is_uniform(&digits)
        && checksum::luhn(&digits)
        && month.is_some_and(|month| (1..=12).contains(&month))
}
