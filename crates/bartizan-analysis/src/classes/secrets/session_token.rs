//! Identifiers of sessions.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("session_token"),
    title: "Session token",
    what: "Under a field name that says session an opaque text as class `secret` describes: who \
           has it acts as its owner.",
    names: &[
        "session token",
        "sessiontoken",
        "session id",
        "sessionid",
        "sid",
        "jsessionid",
        "phpsessid",
        "connect sid",
        "session",
        "asp net session id",
        "session key",
    ],
    examples: &[
        ("session_id", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("PHPSESSID", "q7kd93mvhb2e8u1rt5"),
        ("sessionToken", "Zk3v-9dK_q2LmX7pRt5w"),
    ],
    counterexamples: &[
        ("session_id", "12"),
        ("session_count", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("session", "morning"),
    ],
    references: &["OWASP ASVS 5.0 V7"],
    ..MEMBER
};
