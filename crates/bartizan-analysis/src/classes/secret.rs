//! Tokens, keys and other secrets of machines.

use bartizan_model::{DataClass, data_class::DataGroup};

use crate::classes::{
    Candidate, Certainty, ClassItem, Family, Form, Marks, Support, placeholder, published,
    secret_text,
};

/// The item.
pub static CLASS: ClassItem = ClassItem {
    class: DataClass("secret"),
    family: Family::Head(|candidate, certainty| {
        // Only forms are certain; what a name told, names tell more exactly.
        (certainty == Certainty::Pattern)
            .then(|| secret_text::kind_of(candidate.text, &candidate.shape))
            .flatten()
    }),
    group: DataGroup::Credential,
    title: "Secret key or token",
    what: "What no member of its family says more exactly. The family: tokens of known providers \
           by beginning, alphabet and length; private keys in PEM form; URLs with a password; and \
           under a field name that says so (`api_key`, `client_secret`, `access_token`, \
           `authorization` …) a text of at least 12 characters whose entropy is at least 2.8 bits \
           per character; such names in a text count too (`client_secret=…`), when letters and \
           digits are mixed behind them. Masks, templates, words, rows such as `abcdefgh` and \
           `1234567890` and keys that makers print in their documentation are refused.",
    sensitive: true,
    support: Support::One,
    priority: 20,
    names: &[
        "secret",
        "client secret",
        "clientsecret",
        "api key",
        "apikey",
        "api token",
        "apitoken",
        "access token",
        "accesstoken",
        "refresh token",
        "refreshtoken",
        "auth token",
        "authtoken",
        "id token",
        "bearer token",
        "session token",
        "sessiontoken",
        "session id",
        "sessionid",
        "sid",
        "private key",
        "privatekey",
        "secret key",
        "secretkey",
        "signing key",
        "encryption key",
        "access key",
        "accesskey",
        "shared key",
        "master key",
        "app secret",
        "webhook secret",
        "token",
        "authorization",
        "x api key",
        "subscription key",
        "license key",
        "account key",
        "jsessionid",
        "phpsessid",
        "connect sid",
        "session",
        "asp net session id",
        "personal access token",
        "bot token",
        "totp secret",
        "otp secret",
        "mfa secret",
        "seed",
        "credential",
        "consumer secret",
        "consumer key",
        "auth key",
        "authkey",
        "function key",
        "application key",
        "service key",
        "storage key",
        "server key",
        "hmac key",
        "session key",
        "bearer",
    ],
    anywhere: false,
    in_text: false,
    form: Form {
        len: (14, 4096),
        digits: (0, u32::MAX),
        spaces: false,
        marks: Marks::NONE,
        also: |shape| shape.digits + shape.upper + shape.dashes + shape.other > 0,
    },
    recognise,
    examples: &[
        ("secret", "3a16750dd36341a48ebd035408f7730f"),
        ("credential", "Zk3v-9dK_q2LmX7pRt5w"),
        ("license_key", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("x", "set service_key='Zk3v9dKq2LmX7pRt5w' first"),
    ],
    counterexamples: &[
        ("api_key", "YOUR_API_KEY_HERE"),
        ("token", "${TOKEN_FROM_VAULT}"),
        ("x", "3a16750dd36341a48ebd035408f7730f"),
        ("next_page_token", "CAoQAAabcdefgh1234"),
        ("token_type", "urn:ietf:params:oauth"),
        ("secret", "xxxxxxxxxxxxxxxxxxxx"),
        ("x", "service_key=settings.SERVICE_KEY_V2 or service_key(12345678)"),
        ("x", "secret = ${SECRET_12345678}"),
        ("csrf_token", "c4ed6c219dd54a058e3fc56d1151cce8"),
        ("monkey", "3a16750dd36341a48ebd035408f7730f"),
        ("secret", "1234567890abcdefghij"),
        ("shared_secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("idempotency_token", "3a16750dd36341a48ebd035408f7730f"),
    ],
    references: &["providers' documentation of token forms", "RFC 7468", "RFC 6750"],
};

/// Tokens that are meant to be public: cursors of pages, cross-site request forgery, push targets.
const PUBLIC: &[&str] = &[
    "page token",
    "next token",
    "pagination token",
    "continuation token",
    "sync token",
    "csrf",
    "authenticity",
    "form token",
    "xsrf",
    "antiforgery",
    "verification token",
    "public",
    "publishable",
    "device token",
    "cancel token",
    "site key",
    "nextpagetoken",
    "next page",
    "request token",
    "csrftoken",
    "upload token",
    "push token",
    "resume token",
    "change token",
    "cursor token",
    "cursor",
    "idempotency",
    "fingerprint",
    "thumbprint",
    "accessor",
    "key hash",
    "partition key",
    "cache key",
    "object key",
];

/// Fewest characters and bits per character of a value that only its name tells.
const MIN_LEN: usize = 12;
const MIN_ENTROPY: f64 = 2.8;

fn recognise(candidate: &Candidate<'_>) -> Option<Certainty> {
    let (text, shape) = (candidate.text, &candidate.shape);
    if shape.len >= 14 && secret_text::kind_of(text, shape).is_some() {
        return Some(Certainty::Pattern);
    }
    (candidate.in_context
        && shape.len >= MIN_LEN
        && shape.len <= 4096
        && shape.spaces == 0
        && shape.wide == 0
        && (shape.digits > 0 || (shape.upper > 0 && shape.lower > 0))
        && !text.contains("://")
        && !candidate.is_named(PUBLIC)
        && !placeholder::is_placeholder(text)
        && !placeholder::is_sequence(text)
        && !published::is_published(text)
        && placeholder::entropy(text.get(..256).unwrap_or(text)) >= MIN_ENTROPY)
        .then_some(Certainty::Context)
}
