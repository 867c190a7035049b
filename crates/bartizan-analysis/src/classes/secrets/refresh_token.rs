//! Tokens that renew access.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("refresh_token"),
    title: "Refresh token",
    what: "Under a field name that says so an opaque text as class `secret` describes. It \
           outlives the access that it renews.",
    names: &["refresh token", "refreshtoken"],
    examples: &[
        ("refresh_token", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("refreshToken", "Zk3v-9dK_q2LmX7pRt5w"),
    ],
    counterexamples: &[
        ("refresh_token", "none"),
        ("refresh_interval", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("refresh_token_expires_in", "86400"),
    ],
    references: &["RFC 6749 section 1.5"],
    ..MEMBER
};
