//! Addresses of webhooks that hold their own credential.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("webhook_url"),
    title: "Webhook address",
    what: "Addresses of incoming webhooks of Slack, Discord, Teams and Zapier: who knows one can post.",
    examples: &[(
        "x",
        concat!(
            "https://hooks.sl",
            "ack.com/services/T01ABCDEF/B02GHIJKL/a7Kq2ZpL9xWm4RtY8vBn3HsD"
        ),
    )],
    counterexamples: &[
        ("x", "https://hooks.slack.com/services/"),
        ("webhook_url", "https://example.com/hooks/1"),
    ],
    references: &["Slack: incoming webhooks"],
    ..MEMBER
};
