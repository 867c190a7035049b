//! Accounts in social networks.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Support, placeholder, vocabulary,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("social_handle"),
    family: Family::Alone,
    group: DataGroup::Contact,
    title: "Social network account",
    what: "A field name that names a network and a handle of 2 to 30 letters, digits, dots, \
           dashes and underscores, with or without `@`, or the address of a profile there.",
    sensitive: false,
    support: Support::Several,
    priority: 119,
    names: &[
        "twitter",
        "twitter handle",
        "twitter username",
        "instagram",
        "instagram handle",
        "instagram username",
        "facebook",
        "facebook profile",
        "linkedin",
        "linkedin profile",
        "linkedin url",
        "tiktok",
        "tiktok handle",
        "snapchat",
        "telegram",
        "telegram username",
        "mastodon",
        "bluesky",
        "discord",
        "discord username",
        "discord tag",
        "skype",
        "skype name",
        "wechat",
        "weibo",
        "social handle",
        "social account",
        "social profile",
        "reddit username",
        "youtube handle",
    ],
    anywhere: false,
    in_text: false,
    form: Form::NONE,
    recognise,
    examples: &[
        ("twitter", "@jack_d"),
        ("instagramHandle", "jane.doe"),
        ("linkedin", "https://www.linkedin.com/in/jane-doe"),
        ("discord", "quay#1234"),
    ],
    counterexamples: &[
        ("twitter", "enabled"),
        ("facebook", "true"),
        ("twitter_card", "summary"),
        ("linkedin", "https://example.com/x"),
        ("instagram", "12"),
        ("telegram", "a b"),
    ],
    references: &["networks' documentation of user names"],
};

/// Hosts of profiles.
const HOSTS: &[&str] = &[
    "twitter.com",
    "x.com",
    "instagram.com",
    "facebook.com",
    "fb.com",
    "linkedin.com",
    "tiktok.com",
    "t.me",
    "bsky.app",
    "mastodon.social",
    "reddit.com",
    "youtube.com",
    "weibo.com",
    "discord.gg",
    "snapchat.com",
];

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    (candidate.in_context && (is_profile(candidate.text) || is_account(candidate.text)))
        .then_some(Certainty::Context)
}

fn is_account(text: &str) -> bool {
    let handle = text.strip_prefix('@').unwrap_or(text);
    let (handle, number) = handle.split_once('#').unwrap_or((handle, "0"));
    (2..=30).contains(&handle.len())
        && number.len() <= 4
        && number.bytes().all(|b| b.is_ascii_digit())
        && handle.bytes().any(|b| b.is_ascii_alphabetic())
        && vocabulary::is_handle(handle)
        && !vocabulary::is_state(handle)
        && !placeholder::is_placeholder(handle)
}

fn is_profile(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://").filter(|_| text.len() <= 200) else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else { return false };
    let host = host.strip_prefix("www.").unwrap_or(host);
    HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host)) && path.len() >= 2
}
