//! Signed requests: HTTP message signatures (RFC 9421), with `Content-Digest` (RFC 9530) for what is in the body.

mod base;
mod digest;
mod keys;
mod nonces;

use std::{path::PathBuf, sync::Arc};

use bartizan_model::{HashKey, Mode, PrincipalKind, Timestamp, replay::ReplayStore};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sfv::{BareItem, FieldType as _, InnerList, Item, ListEntry, Parser, Version};

pub(crate) use self::base::Asked;
pub use self::keys::{SharedSecret, SignatureAlgorithm};
use self::{
    base::Message,
    digest::CONTENT_DIGEST,
    keys::{ID_BYTES, Keys},
    nonces::Nonces,
};
use super::{
    PolicyItem, authentication::challenge, config::Problem, identity::Identity, pass::Stage,
    record::Refusal, window::Window,
};
use crate::{call::Call, phases::BodyView};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "message_signature",
    title: "Signed requests (RFC 9421)",
    mode: Mode::Monitor,
    documentation: "\
Verifies HTTP message signatures (RFC 9421): one of those that a request has must be made with a key that is known here by \
its name (`keyid`), cover all `components`, say when it was made (`created`) and be no older than `max_age_seconds`, not be \
past its `expires`, and have the `tag` if one is configured. Public keys are in a key set (`jwks_file`, RFC 7517, each with \
`kid`), shared secrets in `secrets`. The algorithm is that of the key and in `algorithms`; what `alg` names must be the same. \
Each `nonce` of a key is good once; `nonce: true` asks for one, and without it a request can be sent again until it is too old.

Components are fields, with `;bs` or `;key`, and `@method`, `@target-uri`, `@authority`, `@scheme`, `@path`, `@query` and \
`@query-param`; each has to be covered under the very name that `components` has. Signatures over others (`@request-target`, \
`;sf`, `;tr`, `;req`) are refused. What is covered and not there, or there in several ways, is refused.

A body has to be covered by `content-digest` (RFC 9530), with `sha-256` or `sha-512` over its bytes as they were transferred, \
and every digest of these must be right. A body that is passed on as it comes cannot be checked, and is refused with 413. A \
signature that covers `content-length` or `content-encoding` is about what the client sent.

Refused with 401 (`invalid-signature`; the operator sees why) and `Accept-Signature`, which says what to cover. With \
`required: false` a request without a signature, or with those of other tags alone, passes as nobody's. Whoever signed is a principal, by the name of the key: \
`authentication` policies take it as `signature`. The host that is signed is that of the request, the scheme that of the \
connection or what a trusted proxy says of it.

Nonces are kept in the replay store that all signed schemes share, for 5 minutes by default: 1048576, of which a policy holds \
no more than are free for others, and a key no more than is left of that (a third, when it is alone). Beyond that requests \
with a nonce are refused with 503 (`replays-unknown`). They do not outlive a restart, after which a request of the last \
`max_age_seconds` can be sent again once; each gateway of several keeps its own. When a reload makes `max_age_seconds` \
longer, what was signed before is good as long as it was. At most 4 signatures of a request are looked \
at, 32 components of each.",
    examples: &[
        "\
name: partners-sign
mode: enforce
scope: {paths: [/partner/**]}
message_signature:
  secrets: [{id: partner-1, secret: env:GATEWAY_SECRET}]
  components: ['@method', '@target-uri', content-type]
  nonce: true
",
        "\
name: payments-are-tagged
mode: enforce
scope: {paths: [/payments/**]}
message_signature:
  secrets: [{id: bank, secret: env:GATEWAY_SECRET}]
  algorithms: [hmac-sha256]
  tag: payments
  max_age_seconds: 60
",
    ],
};

/// The fields of signatures.
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("accept-signature");
/// Most bytes of each.
const FIELD_BYTES: usize = 8 * 1_024;
/// Most signatures of one request that are looked at.
const SIGNATURES: usize = 4;
/// Most components that a policy asks for.
const REQUIRED: usize = 16;
/// Longest tag, in bytes.
const TAG_BYTES: usize = 128;
/// Longest nonce, in bytes.
const NONCE_BYTES: usize = 256;

/// Settings of a policy of signed requests. `jwks_file`, `secrets` or both are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MessageSignatureConfig {
    /// File with public keys (RFC 7517). Read at each reload.
    pub jwks_file: Option<PathBuf>,
    /// Shared secrets, for `hmac-sha256`.
    pub secrets: Vec<SharedSecret>,
    /// How requests may be signed. Default: every way but `rsa-v1_5-sha256`.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// What has to be covered, beside the digest of a body: `'@method'`, `content-type`, `'@query-param;name="id"'`.
    pub components: Vec<String>,
    /// What a signature must be tagged with.
    pub tag: Option<String>,
    /// How old a signature may be, 1 to 3600 seconds, beside the leeway.
    pub max_age_seconds: u32,
    /// How far clocks may differ, in seconds; at most 300.
    pub leeway_seconds: u32,
    /// Whether each signature must have a value of its own (`nonce`).
    pub nonce: bool,
    /// Whether requests without a signature are refused.
    pub required: bool,
}

impl Default for MessageSignatureConfig {
    fn default() -> Self {
        use SignatureAlgorithm as By;
        Self {
            jwks_file: None,
            secrets: Vec::new(),
            algorithms: vec![
                By::Ed25519,
                By::EcdsaP256Sha256,
                By::EcdsaP384Sha384,
                By::RsaPssSha512,
                By::HmacSha256,
            ],
            components: vec!["@method".to_owned(), "@target-uri".to_owned()],
            tag: None,
            max_age_seconds: 300,
            leeway_seconds: 30,
            nonce: false,
            required: true,
        }
    }
}

/// A compiled policy.
#[derive(Debug)]
pub(crate) struct Signatures {
    keys: Keys,
    /// What has to be covered, as signatures write it.
    components: Vec<String>,
    tag: Option<String>,
    needs_nonce: bool,
    required: bool,
    /// What clients are told to sign.
    wanted: HeaderValue,
    nonces: Nonces,
}

/// Who signed a request, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    /// Name of the key.
    key: String,
    /// Whether the digest of the body is covered.
    pub(crate) covers_body: bool,
}

/// Requests whose signature is good: number of the policy, and whether the digest of the body is covered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signed(pub(crate) Vec<(usize, bool)>);

/// What a signature says about itself.
struct Parameters<'i> {
    created: i64,
    key: &'i str,
    algorithm: Option<&'i str>,
    nonce: Option<&'i str>,
    /// Whether it covers the digest of the body.
    covers_body: bool,
}

impl Signatures {
    pub(crate) fn compile(
        name: &str,
        config: &MessageSignatureConfig,
        hash_key: &HashKey,
    ) -> Result<Self, Problem> {
        let keys = Keys::compile(config)?;
        if config.components.len() > REQUIRED {
            return Err(Problem::new("components", format!("{REQUIRED} are the most")));
        }
        let mut components = Vec::with_capacity(config.components.len());
        for (at, written) in config.components.iter().enumerate() {
            let problem = || Problem::new(format!("components.{at}"), "is no component");
            components.push(component(written).ok_or_else(problem)?);
        }
        let is_tag = |tag: &String| {
            (1..=TAG_BYTES).contains(&tag.len())
                && tag.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        if config.tag.as_ref().is_some_and(|tag| !is_tag(tag)) {
            return Err(Problem::new("tag", "expected 1 to 128 visible ASCII characters"));
        }
        if !(1..=3_600).contains(&config.max_age_seconds) {
            return Err(Problem::new("max_age_seconds", "expected 1 to 3600"));
        }
        if config.leeway_seconds > 300 {
            return Err(Problem::new("leeway_seconds", "expected at most 300"));
        }
        let wanted = wanted(&components, config)
            .ok_or_else(|| Problem::new("components", "cannot be told to clients"))?;
        let window = Window::new(config.max_age_seconds, config.leeway_seconds);
        Ok(Self {
            keys,
            components,
            tag: config.tag.clone(),
            needs_nonce: config.nonce,
            required: config.required,
            wanted,
            nonces: Nonces::new(name, window, hash_key),
        })
    }

    /// The same, in the place of those of before at `now`.
    pub(crate) fn following(mut self, before: &Self, now: Timestamp) -> Self {
        self.nonces.window.following(&before.nonces.window, now);
        self
    }

    /// Who signed a request; `None` when nobody did and nobody has to. In a review, of what was let in before, time and
    /// nonce are those of then.
    ///
    /// # Errors
    /// A short name of why it is refused: that of the first signature that is for this policy.
    pub(crate) async fn check(
        &self,
        asked: &Asked<'_>,
        now: Timestamp,
        is_review: bool,
        replays: &dyn ReplayStore,
    ) -> Result<Option<Signer>, &'static str> {
        let inputs = base::dictionary(asked.fields, &SIGNATURE_INPUT, FIELD_BYTES);
        let inputs = inputs.map_err(|()| "signature-malformed")?;
        let signatures = base::dictionary(asked.fields, &SIGNATURE, FIELD_BYTES);
        let signatures = signatures.map_err(|()| "signature-malformed")?;
        let mut message = Message::new(asked);
        let mut refused = None;
        let mut looked_at = 0;
        for (label, input) in &inputs {
            let ListEntry::InnerList(input) = input else { return Err("signature-malformed") };
            if !self.is_meant(input) {
                continue;
            }
            looked_at += 1;
            if looked_at > SIGNATURES {
                refused = refused.or(Some("signatures-too-many"));
                break;
            }
            let made = match signatures.get(label.as_str()) {
                Some(ListEntry::Item(item)) => item.bare_item.as_byte_sequence(),
                _ => None,
            };
            match self.verify(input, made, &mut message, (now, is_review)) {
                Ok(said) => {
                    if !is_review && let Some(nonce) = said.nonce {
                        self.nonces.take((said.key, nonce), said.created, now, replays).await?;
                    }
                    let (key, covers_body) = (said.key.to_owned(), said.covers_body);
                    return Ok(Some(Signer { key, covers_body }));
                }
                Err(code) => refused = refused.or(Some(code)),
            }
        }
        // What is there is for others: as if nothing was. A signature that says nothing of itself is nobody's.
        let is_of_others = signatures.keys().all(|label| inputs.contains_key(label));
        if looked_at == 0 && is_of_others && !self.required {
            return Ok(None);
        }
        Err(refused.unwrap_or("signature-missing"))
    }

    /// Whether a signature is made for this policy, by its tag.
    fn is_meant(&self, input: &InnerList) -> bool {
        let Some(tag) = &self.tag else { return true };
        let told = input.params.get("tag").and_then(BareItem::as_string);
        told.is_some_and(|told| told.as_str() == tag)
    }

    /// Checks one signature, in the order of what that costs.
    fn verify<'i>(
        &self,
        input: &'i InnerList,
        made: Option<&[u8]>,
        message: &mut Message<'_>,
        (now, is_review): (Timestamp, bool),
    ) -> Result<Parameters<'i>, &'static str> {
        let made = made.ok_or("signature-malformed")?;
        let mut said = self.parameters(input, (now, is_review))?;
        let covered = base::components(input)?;
        if !self.components.iter().all(|component| covered.contains(component)) {
            return Err("component-not-covered");
        }
        // Whoever has no key is not worked for.
        self.keys.fitting((said.key, said.algorithm))?;
        let base = message.base(input, &covered)?;
        self.keys.verify((said.key, said.algorithm), &base, made)?;
        said.covers_body = covered.contains(&format!("\"{CONTENT_DIGEST}\""));
        Ok(said)
    }

    fn parameters<'i>(
        &self,
        input: &'i InnerList,
        (now, is_review): (Timestamp, bool),
    ) -> Result<Parameters<'i>, &'static str> {
        let text = |name: &str| match input.params.get(name) {
            None => Ok(None),
            Some(BareItem::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err("signature-malformed"),
        };
        let time = |name: &str| match input.params.get(name) {
            None => Ok(None),
            Some(BareItem::Integer(time)) => Ok(Some(i64::from(*time))),
            Some(_) => Err("signature-malformed"),
        };
        let created = time("created")?.ok_or("created-missing")?;
        let expires = time("expires")?;
        if !is_review {
            self.nonces.check_times((created, expires), now)?;
        }
        let key = text("keyid")?.filter(|key| key.len() <= ID_BYTES).ok_or("key-unknown")?;
        let nonce = text("nonce")?;
        if nonce.is_some_and(|nonce| nonce.is_empty() || nonce.len() > NONCE_BYTES) {
            return Err("signature-malformed");
        }
        if self.needs_nonce && nonce.is_none() {
            return Err("nonce-missing");
        }
        Ok(Parameters { created, key, algorithm: text("alg")?, nonce, covers_body: false })
    }

    /// The answer to a code of [`Signatures::check`] and of [`bodies`].
    pub(crate) fn refusal(&self, code: &'static str) -> Refusal {
        if code == "replays-unknown" {
            let title = "signatures cannot be checked at the moment";
            let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, code, title);
            return refusal.with(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if code == "body-not-held" {
            let title = "the body is too large to be verified";
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Refusal::deny(status, "signed-body-too-large", title).because(code);
        }
        let title = "the request is not signed as it has to be";
        let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "invalid-signature", title);
        let asks = challenge("Signature", "realm=\"api\"");
        let refusal = refusal.because(code).with(header::WWW_AUTHENTICATE, asks);
        refusal.with(ACCEPT_SIGNATURE, self.wanted.clone())
    }

    /// What follows for a body whose digest is covered, or is not.
    fn check_body(
        covers_body: bool,
        fields: &HeaderMap,
        body: BodyView<'_>,
    ) -> Result<(), &'static str> {
        match body {
            BodyView::Streamed(_) => Err("body-not-held"),
            BodyView::Whole(bytes) if covers_body => digest::check(fields, bytes),
            BodyView::Whole(bytes) if bytes.is_empty() => Ok(()),
            BodyView::Whole(_) => Err("digest-not-covered"),
        }
    }
}

impl Signer {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            kind: PrincipalKind::Client,
            issuer: "".into(),
            subject: Arc::from(self.key.as_str()),
            owner: "".into(),
            scopes: Arc::from([]),
            claims: Arc::default(),
        }
    }
}

/// Asks about the body of a request whose signature is good.
pub(crate) fn bodies(
    stage: &Stage,
    call: &mut Call,
    fields: &HeaderMap,
    body: BodyView<'_>,
) -> Option<Refusal> {
    let signed = call.extension::<Signed>()?.clone();
    for (at, covers_body) in signed.0 {
        let Some(policy) = stage.set.signed.get(at) else { continue };
        if let Err(code) = Signatures::check_body(covers_body, fields, body) {
            let refusal = policy.settle(Err(policy.rule.refusal(code)), call);
            if refusal.is_some() {
                return refusal;
            }
        }
    }
    None
}

/// A component as signatures write it: `@method` is `"@method"`.
fn component(written: &str) -> Option<String> {
    let (name, params) = written.split_at(written.find(';').unwrap_or(written.len()));
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let item = format!("\"{name}\"{params}");
    let item: Item = Parser::new(&item).with_version(Version::Rfc8941).parse().ok()?;
    Some(item.serialize())
}

/// What clients are told to sign (RFC 9421 §5.1).
fn wanted(components: &[String], config: &MessageSignatureConfig) -> Option<HeaderValue> {
    let mut text = format!("sig=({});created;keyid", components.join(" "));
    if config.nonce {
        text.push_str(";nonce");
    }
    if let Some(tag) = &config.tag {
        let tag = sfv::String::from_string(tag.clone()).ok()?;
        text.push_str(";tag=");
        text.push_str(&Item::new(tag).serialize());
    }
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests;
