//! Keys of programs.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("api_key"),
    title: "API key",
    what: "Under a field name that says so an opaque text as class `secret` describes. Keys whose \
           form tells the provider are classes of their own.",
    names: &[
        "api key",
        "apikey",
        "api token",
        "apitoken",
        "x api key",
        "subscription key",
        "function key",
        "access key",
        "accesskey",
        "auth key",
        "authkey",
        "consumer key",
    ],
    examples: &[
        ("api_key", "3a16750dd36341a48ebd035408f7730f"),
        ("x-api-key", "Zk3v-9dK_q2LmX7pRt5w"),
    ],
    counterexamples: &[
        ("api_key", "YOUR_API_KEY_HERE"),
        ("monkey", "3a16750dd36341a48ebd035408f7730f"),
        ("api_key_id", "12"),
        ("publishable_api_key", "3a16750dd36341a48ebd035408f7730f"),
    ],
    references: &["OWASP API2:2023"],
    ..MEMBER
};
