//! Identities of mobile subscribers.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("imsi"),
    title: "IMSI",
    what: "A field name that says IMSI and 14 or 15 digits behind the code of a country.",
    names: &["imsi"],
    examples: &[("imsi", "310150123456789")],
    counterexamples: &[("x", "310150123456789"), ("imsi", "12345"), ("imsi", "499150123456789")],
    references: &["3GPP TS 23.003", "ITU-T E.212"],
    ..MEMBER
};
