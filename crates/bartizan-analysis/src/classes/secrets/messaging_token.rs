//! Tokens of chat, mail and telephony services.

use bartizan_model::DataClass;

use super::MEMBER;
use crate::classes::ClassItem;

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("messaging_token"),
    title: "Token of a messaging service",
    what: "Tokens of Slack, SendGrid, Mailgun, Mailchimp, Brevo, Twilio, Telegram bots and others \
           of their kind, by beginning, alphabet and length.",
    examples: &[
        ("x", concat!("SG", ".a7Kq2ZpL9xWm4RtY8vBn3H.sD6fJc5GeU1iOoPlQza7Kq2ZpL9xWm4RtY8vBn3HsD6")),
        ("x", concat!("key-", "3a16750dd36341a48ebd035408f7730f")),
    ],
    counterexamples: &[
        ("x", "key-value"),
        ("x", "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ],
    references: &["providers' documentation of token forms"],
    ..MEMBER
};
