//! Seeds of second factors.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("mfa_seed"),
    title: "Seed of a second factor",
    what: "Under a field name that says so an opaque text as class `secret` describes: the key \
           from which one-time codes are computed.",
    names: &["totp secret", "otp secret", "mfa secret", "seed"],
    examples: &[("totp_secret", "JBSWY3DPEHPK3PXP42ZW"), ("mfaSecret", "KRSXG5CTMVRXEZLU7Q")],
    counterexamples: &[
        ("totp_secret", "none"),
        ("seed", "42"),
        ("mfa_enabled", "JBSWY3DPEHPK3PXP42ZW"),
    ],
    references: &["RFC 6238"],
    ..MEMBER
};
