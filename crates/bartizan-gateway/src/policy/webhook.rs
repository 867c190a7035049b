//! Receivers of webhooks: deliveries are taken from who can sign them, and each once.

mod failing;
mod form;
mod taking;

use std::sync::Arc;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest, hmac};
use bartizan_model::{HashKey, KeyedHash, Mode, Timestamp, replay::Account};
use base64::{
    Engine as _,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer as _, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

pub use self::failing::{FailedDeliveries, FailedReceiver, Told};
use self::form::{Form, Said};
pub(crate) use self::taking::{answered, ask, left, may_ask, signatures};
use super::{
    PolicyItem, authentication::challenge, config::Problem, files::secret, record::Refusal,
};
use crate::phases::BodyView;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "webhook",
    title: "Receivers of webhooks",
    mode: Mode::Monitor,
    documentation: "\
Takes deliveries only from who can sign them, and each only once. The signature is an HMAC over the bytes of the body as \
they were transferred, before anything is decoded; `scheme` says what else is signed and where the signature is: \
`standard` (Standard Webhooks), `github`, `stripe`, `slack`, or `generic` with a description. While a secret is replaced, \
`secrets` has the old and the new one, up to 4; an empty one, or one of less than 16 bytes, is refused when the \
configuration is read. Give each receiver secrets of its own: what is signed does not say which path it is for.

Refused with 401 (`invalid-signature`; the operator sees why): no signature, several fields with one, one that is cut off, \
made by another algorithm or with another secret, a signed field that is missing or there twice, a time that is further \
away than `tolerance_seconds`, in the past or in the future. A body that is passed on as it comes cannot be verified: 413. \
What the head alone shows is refused before the body is read.

A delivery is known by a signed field where the scheme has one (`webhook-id`, or `id_header`), else by `id_member` at the \
top of a JSON body (`id` for Stripe, `event_id` for Slack), else by what is signed but for the time: GitHub does not sign \
its `X-GitHub-Delivery`, so that whoever replays a delivery could change it. It counts as taken once the upstream has \
answered with success (2xx), and is remembered for `remember_seconds`. When it comes again with a good signature it does \
not go on, and is answered with 200 and `{\"status\":\"already taken\"}`, for senders that have lost the first answer; or \
refused with 409, `delivery-repeated`, with `repeated: refuse`. One that comes while the same is under way is refused with \
409, `delivery-under-way`, and so is told to come again. What the upstream did not take, or what was broken off, may come again.

What was taken is kept in the replay store that all signed schemes share, as keyed hashes: up to 524288 deliveries, of which \
a policy holds no more than are free for others (half, when it is alone). Beyond that its deliveries are refused with 503 \
(`replays-unknown`) instead of forgetting one that could be replayed; those of others are not. `bartizan serve` writes it down within a second, so that it outlives a restart; each gateway of several keeps \
its own. A delivery that was good and that the upstream failed to take (no answer in time, no answer at all, 5xx) is kept for \
`keep_failed_days` where `bartizan serve` runs, in whatever mode the policy is: as it came, sealed under a key that is not in \
the database, and shown with its values replaced. `bartizan webhooks` lists, replays and discards such deliveries; whoever \
operates can replay one without the time or the replay store of its signature being in the way, while everything else is asked \
as of any request. The upstream is told by `X-Bartizan-Replay`, which nobody else can send it. A body of more than 1 MiB, fields \
of more than 64 KiB and trailers are not kept: then there is a record that says so. Of what was not signed as it has to be \
nothing is kept but the exchange without its values, and why. A handshake (`Upgrade`) is no delivery. Who signs a delivery becomes no principal: leave the path out of \
`authentication` policies.",
    examples: &[
        "\
name: hooks-of-github
mode: enforce
scope: {methods: [POST], paths: [/hooks/github]}
webhook: {scheme: github, secrets: [env:GATEWAY_SECRET]}
",
        "\
name: hooks-of-the-carrier
mode: enforce
scope: {methods: [POST], paths: [/hooks/carrier]}
webhook:
  scheme: generic
  secrets: [env:GATEWAY_SECRET]
  repeated: refuse
  generic: {header: x-signature, signed: '{header.x-delivery}.{body}', id_header: x-delivery}
",
    ],
};

/// Most secrets: the old and the new one, of two at a time.
const SECRETS: usize = 4;
/// Bytes of a secret, at least.
const SECRET_BYTES: usize = 16;
/// Bytes of a secret of Standard Webhooks, at least.
const STANDARD_BYTES: usize = 24;
/// Furthest that a time may be away, in seconds.
const TOLERANCE: std::ops::RangeInclusive<u32> = 1..=900;
/// How long deliveries may be remembered, in seconds. Longer than any that was taken can be sent again, by its time:
/// twice the tolerance, and what its body may take.
const REMEMBER: std::ops::RangeInclusive<u32> = 3_600..=30 * 86_400;
/// Longest that failed deliveries are kept, in days.
const KEEP_DAYS: u32 = 30;
/// Longest name of a delivery, in bytes.
const ID_BYTES: usize = 256;
/// For secrets in Base64, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Settings of a policy of webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Who signs how.
    pub scheme: Scheme,
    /// Secrets of which one has to have signed, as `env:NAME` or `file:PATH`; 1 to 4. Those of Standard Webhooks are in
    /// Base64, with or without `whsec_` before it; all others are taken as they stand.
    pub secrets: Vec<String>,
    /// How deliveries are signed, for `scheme: generic`.
    #[serde(default)]
    pub generic: Option<GenericConfig>,
    /// How far the time of a delivery may be away, 1 to 900 seconds.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u32,
    /// How long a delivery that was taken is remembered, an hour to 30 days, in seconds.
    #[serde(default = "a_day")]
    pub remember_seconds: u32,
    /// Member at the top of a JSON body that names the delivery, where no signed field does. Default: `id` for Stripe,
    /// `event_id` for Slack, else none.
    #[serde(default)]
    pub id_member: Option<String>,
    /// What follows when a delivery comes again that was taken.
    #[serde(default)]
    pub repeated: Repeated,
    /// For how many days a delivery is kept that the upstream failed to take, so that it can be replayed; 0 to 30, 0 for
    /// not at all.
    #[serde(default = "a_week")]
    pub keep_failed_days: u32,
}

/// Who signs how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Standard Webhooks: `webhook-signature: v1,BASE64` over `webhook-id`, `webhook-timestamp` and the body.
    Standard,
    /// GitHub: `x-hub-signature-256: sha256=HEX` over the body.
    Github,
    /// Stripe: `stripe-signature: t=TIME,v1=HEX` over the time and the body.
    Stripe,
    /// Slack: `x-slack-signature: v0=HEX` over `x-slack-request-timestamp` and the body.
    Slack,
    /// As `generic` says.
    Generic,
}

/// How deliveries of another sender are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenericConfig {
    /// Field with the signature.
    pub header: String,
    /// What stands before the signature in that field, exactly.
    #[serde(default)]
    pub prefix: String,
    /// Hash of the HMAC.
    #[serde(default)]
    pub algorithm: HmacHash,
    /// How the signature is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// What is signed: text with `{body}`, once, and `{header.NAME}`, never one directly behind the other. A field may not
    /// hold the text between it and the body: where it ends would be anybody's guess.
    #[serde(default = "body")]
    pub signed: String,
    /// Signed field with the seconds since 1970 when it was signed.
    #[serde(default)]
    pub timestamp_header: Option<String>,
    /// Signed field that names the delivery.
    #[serde(default)]
    pub id_header: Option<String>,
}

/// Hash of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HmacHash {
    /// SHA-1: only for senders that know no other.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// In hexadecimal digits, of either case.
    #[default]
    Hex,
    /// In Base64 with padding (RFC 4648 §4).
    Base64,
    /// In Base64 for URLs, with padding or without (RFC 4648 §5).
    Base64Url,
}

/// What follows when a delivery comes again that was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// It is answered as taken.
    #[default]
    Answer,
    /// It is refused.
    Refuse,
}

const fn five_minutes() -> u32 {
    300
}

const fn a_week() -> u32 {
    7
}

const fn a_day() -> u32 {
    86_400
}

fn body() -> String {
    "{body}".to_owned()
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// Of the policy: what was taken for one was not for another.
    name: Arc<str>,
    form: Form,
    secrets: Vec<hmac::Key>,
    tolerance: i64,
    remember: i64,
    id_member: Option<String>,
    repeated: Repeated,
    /// For how many days what failed is kept.
    keep_days: u32,
    hash_key: HashKey,
    account: Account,
}

impl Webhook {
    pub(crate) fn compile(
        name: &str,
        config: &WebhookConfig,
        hash_key: &HashKey,
    ) -> Result<Self, Problem> {
        let form = Form::compile(config)?;
        if !(1..=SECRETS).contains(&config.secrets.len()) {
            return Err(Problem::new("secrets", format!("expected 1 to {SECRETS}")));
        }
        let mut secrets = Vec::with_capacity(config.secrets.len());
        for (at, reference) in config.secrets.iter().enumerate() {
            let bytes = secret(reference).and_then(|bytes| key_bytes(config.scheme, bytes));
            let bytes = bytes.map_err(|problem| Problem::new(format!("secrets.{at}"), problem))?;
            secrets.push(hmac::Key::new(form.algorithm, &bytes));
        }
        if !TOLERANCE.contains(&config.tolerance_seconds) {
            return Err(Problem::new("tolerance_seconds", "expected 1 to 900"));
        }
        if !REMEMBER.contains(&config.remember_seconds) {
            return Err(Problem::new("remember_seconds", "expected 3600 to 2592000"));
        }
        if config.keep_failed_days > KEEP_DAYS {
            return Err(Problem::new("keep_failed_days", "expected 0 to 30"));
        }
        let id_member = match (&config.id_member, config.scheme) {
            (Some(member), _) if member.is_empty() => {
                return Err(Problem::new("id_member", "may not be empty"));
            }
            (Some(member), _) => Some(member.clone()),
            (None, Scheme::Stripe) => Some("id".to_owned()),
            (None, Scheme::Slack) => Some("event_id".to_owned()),
            (None, _) => None,
        };
        let hash_key = hash_key.derive("deliveries of webhooks");
        Ok(Self {
            name: name.into(),
            account: Account::of(hash_key.hash("policy", name.as_bytes())),
            form,
            secrets,
            tolerance: i64::from(config.tolerance_seconds),
            remember: i64::from(config.remember_seconds),
            id_member,
            repeated: config.repeated,
            keep_days: config.keep_failed_days,
            hash_key,
        })
    }

    /// What can be told from the head of a delivery that came at `now`.
    pub(crate) fn check_head(&self, fields: &HeaderMap, now: Timestamp) -> Result<(), Refusal> {
        if fields.contains_key(header::UPGRADE) {
            return Err(unsigned("handshake"));
        }
        self.read(fields, now).map(drop).map_err(unsigned)
    }

    fn read<'h>(&self, fields: &'h HeaderMap, now: Timestamp) -> Result<Said<'h>, &'static str> {
        let said = self.form.read(fields)?;
        let is_near = |time: i64| (time - now.seconds()).abs() <= self.tolerance;
        if said.time.is_some_and(|time| !is_near(time)) {
            return Err("timestamp-outside");
        }
        if said.id.is_some_and(|id| id.len() > ID_BYTES) {
            return Err("signed-field-malformed");
        }
        Ok(said)
    }

    /// By what a delivery is known whose signature is good; `None` where the head was refused before.
    fn verify(
        &self,
        fields: &HeaderMap,
        body: BodyView<'_>,
        now: Timestamp,
    ) -> Option<Result<KeyedHash, Refusal>> {
        let said = self.read(fields, now).ok()?;
        let BodyView::Whole(body) = body else {
            let title = "the delivery is too large to be verified";
            let refusal = Refusal::deny(StatusCode::PAYLOAD_TOO_LARGE, "delivery-too-large", title);
            return Some(Err(refusal.because("body-not-held")));
        };
        if !self.is_signed(fields, &said, body) {
            return Some(Err(unsigned("signature-wrong")));
        }
        Some(Ok(self.name_of(fields, &said, body)))
    }

    /// Whether one of the secrets has made one of the signatures. Compared in constant time.
    fn is_signed(&self, fields: &HeaderMap, said: &Said<'_>, body: &[u8]) -> bool {
        self.secrets.iter().any(|secret| {
            let mut made = hmac::Context::with_key(secret);
            self.form.signed(fields, said, body, false, |piece| made.update(piece));
            let made = made.sign();
            let is_it = |known: &Vec<u8>| verify_slices_are_equal(made.as_ref(), known).is_ok();
            said.signatures.iter().any(is_it)
        })
    }

    /// By what a delivery is known. Whoever signs for this policy is one signer, whichever of the secrets it was.
    fn name_of(&self, fields: &HeaderMap, said: &Said<'_>, body: &[u8]) -> KeyedHash {
        let in_body = || member(body, self.id_member.as_deref()?);
        let mut name = (self.name.len() as u64).to_le_bytes().to_vec();
        name.extend_from_slice(self.name.as_bytes());
        if let Some(id) = said.id {
            name.push(0);
            name.extend_from_slice(id);
        } else if let Some(id) = in_body() {
            name.push(1);
            name.extend_from_slice(id.as_bytes());
        } else {
            let mut content = digest::Context::new(&digest::SHA256);
            self.form.signed(fields, said, body, true, |piece| {
                content.update(&(piece.len() as u64).to_le_bytes());
                content.update(piece);
            });
            name.push(2);
            name.extend_from_slice(content.finish().as_ref());
        }
        self.hash_key.hash("delivery", &name)
    }
}

/// The bytes of a secret.
fn key_bytes(scheme: Scheme, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, String> {
    let least = if scheme == Scheme::Standard { STANDARD_BYTES } else { SECRET_BYTES };
    let bytes = if scheme == Scheme::Standard {
        let encoded = bytes.strip_prefix(b"whsec_").unwrap_or(&bytes);
        let decoded = BASE64.decode(encoded);
        Zeroizing::new(decoded.map_err(|_| "is no Base64, with or without `whsec_` before it")?)
    } else {
        bytes
    };
    if bytes.len() < least {
        return Err(format!("has {} bytes; {least} are the least", bytes.len()));
    }
    Ok(bytes)
}

fn unsigned(reason: &'static str) -> Refusal {
    let title = "the delivery is not signed as it has to be";
    let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "invalid-signature", title);
    let value: HeaderValue = challenge("Signature", "realm=\"webhook\"");
    let name: HeaderName = header::WWW_AUTHENTICATE;
    refusal.because(reason).with(name, value)
}

/// A text of that name at the top of a JSON object; the first when there are several.
fn member(body: &[u8], name: &str) -> Option<String> {
    struct Top<'n>(&'n str);
    impl<'de> Visitor<'de> for Top<'_> {
        type Value = Option<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<String>()? {
                if found.is_none() && key == self.0 {
                    let value: serde_json::Value = map.next_value()?;
                    found = value.as_str().map(str::to_owned);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    let found = serde_json::Deserializer::from_slice(body).deserialize_map(Top(name));
    found.ok().flatten().filter(|id| !id.is_empty() && id.len() <= ID_BYTES)
}

#[cfg(test)]
mod tests;
