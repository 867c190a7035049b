//! Tokens of chat, mail and telephony services.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("messaging_token"),
    title: "Token of a messaging service",
    what: "Tokens of Slack, SendGrid, Mailgun, Mailchimp, Brevo, Twilio, Telegram and Discord bots and others \
           of their kind, by beginning, alphabet and length.",
    examples: &[
        ("x", concat!("SG", ".a7Kq2ZpL9xWm4RtY8vBn3H.sD6fJc5GeU1iOoPlQza7Kq2ZpL9xWm4RtY8vBn3HsD6")),
        ("x", concat!("key-", "3a16750dd36341a48ebd035408f7730f")),
        (
            "x",
            concat!(
                "MTAyOTQ4MTE5OTU5MTAwMEcx",
                ".GSwJyi.",
                "sbaw8msOR3Wi6vPUzeIWyP0vJbB0UuRVjH8l8a"
            ),
        ),
    ],
    counterexamples: &[
        ("x", "MTAyOTQ4MTE5OTU5MTAwMEcx.GSwJyi.short"),
        ("x", "MTAyOTQ4MTE5OTU5MTAwMEcxMTAyOTQ4MTE5OTU5MTAwMEcxMTAyOTQ4MTE5OTU5"),
        ("x", "key-value"),
        ("x", "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
