//! Keys that encrypt or sign.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("encryption_key"),
    title: "Encryption or signing key",
    what: "Under a field name that says so an opaque text as class `secret` describes.",
    names: &["signing key", "encryption key", "master key", "shared key", "webhook secret"],
    examples: &[
        ("encryptionKey", "9d3c0b5f7e21a4886bd01c4fe37a92c5"),
        ("signing_key", "Zk3v-9dK_q2LmX7pRt5w"),
    ],
    counterexamples: &[
        ("encryption", "9d3c0b5f7e21a4886bd01c4fe37a92c5"),
        ("signing_key", "<from vault>"),
        ("master_key_id", "12"),
    ],
    references: &["NIST SP 800-57 part 1"],
    ..MEMBER
};
