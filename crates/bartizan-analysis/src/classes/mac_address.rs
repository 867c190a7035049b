//! Hardware addresses.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{Candidate, Certainty, ClassItem, Family, Form, Marks, Support};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("mac_address"),
    family: Family::Alone,
    group: DataGroup::Technical,
    title: "Hardware (MAC) address",
    what: "Six pairs of hexadecimal digits with `:` or `-` between them, or three groups of four with \
           dots; not broadcast and not zero.",
    sensitive: false,
    support: Support::One,
    priority: 48,
    names: &["mac", "mac address", "macaddress", "bssid", "hwaddr"],
    anywhere: true,
    in_text: true,
    form: Form {
        len: (14, 17),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::COLON.or(Marks::DASH).or(Marks::DOT),
        also: |shape| match shape.len {
            17 => shape.colons == 5 || shape.dashes == 5,
            _ => shape.len == 14 && shape.dots == 2,
        },
    },
    recognise,
    examples: &[("x", "AA:BB:CC:DD:EE:01"), ("mac", "00-1a-2b-3c-4d-5e"), ("x", "001a.2b3c.4d5e")],
    counterexamples: &[
        ("x", "FF:FF:FF:FF:FF:FF"),
        ("x", "00:1A:2B:3C:4D"),
        ("x", "ZZ:ZZ:ZZ:ZZ:ZZ:ZZ"),
        ("x", "00:1A-2B:3C-4D:5E"),
    ],
    references: &["IEEE 802-2014 section 8"],
};

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let text = candidate.text;
    let groups = |separator: char, count: usize, len: usize| {
        text.split(separator).count() == count
            && text
                .split(separator)
                .all(|g| g.len() == len && g.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let hex = text.bytes().filter(u8::is_ascii_hexdigit);
    let empty =
        hex.clone().all(|b| b == b'0') || hex.clone().all(|b| b.eq_ignore_ascii_case(&b'f'));
    (!empty && (groups(':', 6, 2) || groups('-', 6, 2) || groups('.', 3, 4)))
        .then_some(Certainty::Pattern)
}
