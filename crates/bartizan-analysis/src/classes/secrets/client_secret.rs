//! Secrets of applications.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("client_secret"),
    title: "Client secret",
    what: "Under a field name that says so an opaque text as class `secret` describes: an \
           application proves with it who it is.",
    names: &["client secret", "clientsecret", "app secret", "consumer secret"],
    examples: &[
        ("clientSecret", "Zk3v-9dK_q2LmX7pRt5w"),
        ("app_secret", "3a16750dd36341a48ebd035408f7730f"),
    ],
    counterexamples: &[
        ("client_secret", "xxxxxxxxxxxxxxxxxxxx"),
        ("client_secret_expires_at", "1795341600"),
        ("client_id", "3a16750dd36341a48ebd035408f7730f"),
    ],
    references: &["RFC 6749 section 2.3.1"],
    ..MEMBER
};
