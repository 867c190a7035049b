//! Tokens that grant access.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("access_token"),
    title: "Access token",
    what: "Under a field name that says so (`access_token`, `authorization`, `token` …) an opaque \
           text as class `secret` describes, and header lines with credentials. Tokens with three \
           parts are class `jwt`.",
    names: &[
        "access token",
        "accesstoken",
        "auth token",
        "authtoken",
        "id token",
        "bearer token",
        "authorization",
        "token",
        "personal access token",
        "bot token",
    ],
    examples: &[
        ("authorization", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("access_token", "Zk3v-9dK_q2LmX7pRt5w"),
    ],
    counterexamples: &[
        ("csrf_token", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("next_page_token", "CAoQAAabcdefgh1234"),
        ("token_type", "urn:ietf:params:oauth"),
        ("token", "${TOKEN_FROM_VAULT}"),
    ],
    references: &["RFC 6749 section 1.4", "RFC 6750"],
    ..MEMBER
};
