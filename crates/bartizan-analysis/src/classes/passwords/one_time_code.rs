//! Codes that are good once.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("one_time_code"),
    title: "One-time code",
    what: "A field name that says so (`otp`, `one time password`) and 3 to 10 characters with at \
           least three digits. What reads it before its owner takes the account.",
    names: &[
        "otp",
        "one time password",
        "otp code",
        "one time code",
        "mfa code",
        "totp code",
        "sms code",
    ],
    examples: &[("otp", "482913"), ("mfa_code", "20417")],
    counterexamples: &[
        ("otp", "enabled"),
        ("otp_enabled", "482913"),
        ("otp_length", "482"),
        ("x", "482913"),
    ],
    references: &["NIST SP 800-63B section 5.1.4"],
    ..MEMBER
};
