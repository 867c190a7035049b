//! Codes that replace a second factor.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("recovery_code"),
    title: "Recovery code",
    what: "A field name that says so and a text that is no mask.",
    names: &["recovery code", "backup code"],
    examples: &[("recovery_code", "8f3k-22dq"), ("backupCode", "94821047")],
    counterexamples: &[
        ("recovery_code", "null"),
        ("code", "8f3k-22dq"),
        ("recovery_codes_left", "8f3k-22dq"),
    ],
    references: &["NIST SP 800-63B section 5.1.2"],
    ..MEMBER
};
