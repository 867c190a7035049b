//! JWT verification: signature, issuer, audience, times, claims; with keys from a file, a URL or a
//! shared secret.

#[cfg(test)]
mod fetch_tests;
mod keys;
mod source;
#[cfg(test)]
mod tests;
mod token;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bartizan_model::{Mode, PrincipalKind, Timestamp, api_key::is_ours};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    keys::{Key, KeySet, KeyType},
    source::{Fetched, Found, Keys},
    token::Token,
};
use super::{
    PolicyItem,
    authentication::{challenge, credentials},
    config::Problem,
    fetch, files,
    identity::{Claims, Identity},
    look_ups::LookUps,
    recent::Recent,
    record::Refusal,
};
use crate::config::Network;

pub use self::keys::Algorithm;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "jwt",
    title: "JWT verification",
    mode: Mode::Monitor,
    documentation: "\
Verifies the tokens of one issuer; several issuers take several policies. Whoever presents a token in \
the field has to present a good one (401 otherwise, with the reason for the operator only); requests \
without any pass, because whether one is needed is for an `authentication` policy to say. A token of \
an issuer that no policy in scope is for is refused by the first of them. Own API keys in the same \
field are left to `api_key` policies.

What is asked of a token: at most 16 KiB in the compact form; an algorithm of the list, compared with \
case, never `none`; the key that it names, of the type that the algorithm needs, so that no public key \
ever verifies an HMAC; `iss` and one of `audiences`; `exp`, and if it is there `nbf` and `iat`, with \
`leeway_seconds`; a life of at most `max_life_seconds` from `iat` (without one: from now); the claims \
of `required_claims`; a principal in `subject_claim`. Tokens with `crit`, `zip`, a name twice or the \
type of another kind of JWT are refused. Keys that a token itself names or brings are never used.

Keys come from `jwks_file` (read at each reload), from `jwks_url`, or from a shared secret. A URL is \
fetched when there are no keys yet, when a token comes and they are older than `refresh_seconds`, and \
when a token names an unknown key, one fetch at a time and never two within `interval_seconds`; when a fetch fails the old \
keys stay, and before the first one tokens are refused with 503. It must be https, or http to this \
machine; private and metadata addresses are refused after resolution unless `allow_networks` holds \
them; redirects are not followed. Verified tokens are remembered (16384 of up to 4 KiB, by hash) until they \
expire or the keys change.",
    examples: &[
        "\
name: customers
mode: enforce
jwt:
  issuer: http://127.0.0.1:8080/realms/shop
  audiences: [orders]
  algorithms: [RS256]
  jwks_url: http://127.0.0.1:8080/realms/shop/certs
",
    ],
};

/// Verified tokens that are remembered.
const REMEMBERED: usize = 16_384;
/// Longest token that is remembered, in bytes: what is kept of one is not longer than itself.
const REMEMBERED_BYTES: usize = 4 * 1024;
/// Shards of that memory.
const SHARDS: usize = 16;

/// Settings of a JWT policy. One of `jwks_file`, `jwks_url` and `secret` is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// What `iss` must be, exactly.
    pub issuer: String,
    /// What `aud` must hold one of.
    pub audiences: Vec<String>,
    /// How tokens may be signed; all for one type of key.
    pub algorithms: Vec<Algorithm>,
    /// File with the keys (RFC 7517).
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Where the keys are fetched.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// The shared secret of an HMAC, as `env:NAME` or `file:PATH`: as many bytes as the hash has.
    #[serde(default)]
    pub secret: Option<String>,
    /// How `jwks_url` is fetched.
    #[serde(default)]
    pub fetch: FetchConfig,
    /// Field that holds the token; with or without `Bearer` unless it is `authorization`.
    #[serde(default = "authorization")]
    pub header: String,
    /// How far clocks may differ, in seconds; at most 300.
    #[serde(default = "half_a_minute")]
    pub leeway_seconds: u32,
    /// Longest life of a token, in seconds.
    #[serde(default = "a_day")]
    pub max_life_seconds: u32,
    /// Claims that must be there, beside those that always must.
    #[serde(default)]
    pub required_claims: Vec<String>,
    /// Claim that names the principal.
    #[serde(default = "sub")]
    pub subject_claim: String,
}

/// How keys are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FetchConfig {
    /// PEM file with the authorities that are believed. Default: those of the system.
    pub authorities: Option<PathBuf>,
    /// Private networks that the host may be in.
    pub allow_networks: Vec<String>,
    /// Longest time for a fetch, in milliseconds.
    pub timeout_ms: u32,
    /// Most bytes of a key set.
    pub max_bytes: u32,
    /// Age at which keys are fetched again, in seconds.
    pub refresh_seconds: u32,
    /// Shortest time between two fetches, in seconds.
    pub interval_seconds: u32,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            authorities: None,
            allow_networks: Vec::new(),
            timeout_ms: 2_000,
            max_bytes: 256 * 1024,
            refresh_seconds: 600,
            interval_seconds: 30,
        }
    }
}

fn authorization() -> String {
    "authorization".to_owned()
}

fn sub() -> String {
    "sub".to_owned()
}

const fn half_a_minute() -> u32 {
    30
}

const fn a_day() -> u32 {
    86_400
}

/// A compiled JWT policy.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) config: JwtConfig,
    pub(crate) header: HeaderName,
    /// Those that are kept with an identity.
    claims: BTreeSet<String>,
    keys: Keys,
    /// By hash of the token.
    verified: Vec<Mutex<Recent<[u8; 32], Verified>>>,
}

#[derive(Clone, Debug)]
struct Verified {
    identity: Identity,
    /// In seconds, leeway included.
    until: i64,
    generation: u64,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    /// No token.
    Nothing,
    /// More than one credential.
    Several,
    /// What has to be a token.
    Token(&'a str),
}

impl Tokens {
    pub(crate) fn compile(
        config: &JwtConfig,
        claims: &BTreeSet<String>,
        look_ups: &LookUps,
    ) -> Result<Self, Problem> {
        if config.issuer.is_empty() {
            return Err(Problem::new("issuer", "must not be empty"));
        }
        if config.audiences.is_empty() || config.audiences.iter().any(String::is_empty) {
            return Err(Problem::new("audiences", "at least one is needed, and none may be empty"));
        }
        let header = HeaderName::from_bytes(config.header.as_bytes());
        let header = header.map_err(|_| Problem::new("header", "is no field name"))?;
        if config.leeway_seconds > 300 {
            return Err(Problem::new("leeway_seconds", "300 is the most"));
        }
        if config.max_life_seconds == 0 {
            return Err(Problem::new("max_life_seconds", "0 would let nothing pass"));
        }
        let keys = keys_of(config, look_ups)?;
        let shard = || Mutex::new(Recent::new(REMEMBERED / SHARDS));
        let verified = (0..SHARDS).map(|_| shard()).collect();
        Ok(Self { config: config.clone(), header, claims: claims.clone(), keys, verified })
    }

    /// Whether it can stay in the place of one that was compiled anew: with the same settings and the
    /// same authorities, fetched keys can. Files and secrets are read again.
    pub(crate) fn can_stay_for(&self, fresh: &Self) -> bool {
        match (&self.keys, &fresh.keys) {
            (Keys::Fetched(own), Keys::Fetched(other)) => {
                self.config == fresh.config
                    && self.claims == fresh.claims
                    && own.source.believes_as(&other.source)
            }
            _ => false,
        }
    }

    /// Fetches keys for the first time; it is tried again when a token comes.
    pub(crate) async fn warm(&self) {
        if let Keys::Fetched(fetched) = &self.keys {
            fetched.warm().await;
        }
    }

    /// What the field holds.
    pub(crate) fn presented<'a>(&self, fields: &'a HeaderMap) -> Presented<'a> {
        let is_authorization = self.header == header::AUTHORIZATION;
        let mut values = fields.get_all(&self.header).iter();
        let Some(value) = values.next() else { return Presented::Nothing };
        let is_bearer = |value: &HeaderValue| {
            value.as_bytes().get(..6).is_some_and(|s| s.eq_ignore_ascii_case(b"bearer"))
        };
        if values.next().is_some() {
            // Two readers would take different ones (RFC 6750 §2, RFC 9110 §5.3).
            let all = fields.get_all(&self.header);
            let is_ours = !is_authorization || all.iter().any(is_bearer);
            return if is_ours { Presented::Several } else { Presented::Nothing };
        }
        let text = match credentials(value) {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") => text,
            _ if is_authorization && !is_bearer(value) => return Presented::Nothing,
            _ => value.to_str().unwrap_or_default().trim(),
        };
        if is_ours(text) { Presented::Nothing } else { Presented::Token(text) }
    }

    /// The identity of a token that was verified before and still is.
    pub(crate) fn remembered(&self, text: &str, now: Timestamp) -> Option<Identity> {
        if text.len() > REMEMBERED_BYTES {
            return None;
        }
        // Also when only tokens come that are known: the issuer may have withdrawn a key.
        self.keys.refresh_if_old();
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        let mut shard = self.shard(&hash).lock().unwrap_or_else(PoisonError::into_inner);
        let known = shard.get_mut(&hash)?;
        let is_good = now.seconds() < known.until && known.generation == self.keys.generation();
        is_good.then(|| known.identity.clone())
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// A short name of why it is not good.
    pub(crate) async fn verify(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Identity, &'static str> {
        let token = Token::parse(text)?;
        if token.claims.text("iss") != Some(&self.config.issuer) {
            return Err("jwt-issuer");
        }
        // From the list of the policy; the token only says which of them.
        let mut algorithms = self.config.algorithms.iter();
        let algorithm = algorithms.find(|known| known.name() == token.algorithm);
        let algorithm = *algorithm.ok_or("jwt-algorithm")?;
        // What costs nothing is looked at before a key is looked for.
        let until = self.check_claims(&token, now)?;
        let (key, generation) = match self.keys.find(token.key.as_deref(), algorithm).await {
            Found::Key(key, generation) => (key, generation),
            Found::Unknown => return Err("jwt-unknown-key"),
            Found::Unavailable => return Err("jwks-unavailable"),
        };
        let message = token.signed.as_bytes();
        let library = algorithm.library();
        let verified = jsonwebtoken::crypto::verify(token.signature, message, &key.key, library);
        if !matches!(verified, Ok(true)) {
            return Err("jwt-signature");
        }
        let subject = token.claims.text(&self.config.subject_claim).ok_or("jwt-claims")?;
        let identity = Identity {
            kind: PrincipalKind::Subject,
            issuer: self.config.issuer.as_str().into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: token.claims.scopes().into(),
            claims: Claims::kept(token.claims.all(), &self.claims).into(),
        };
        if text.len() <= REMEMBERED_BYTES {
            let hash = *blake3::hash(text.as_bytes()).as_bytes();
            let known = Verified { identity: identity.clone(), until, generation };
            self.shard(&hash).lock().unwrap_or_else(PoisonError::into_inner).put(hash, known);
        }
        Ok(identity)
    }

    /// Checks everything but issuer and signature, and gives until when it holds.
    fn check_claims(&self, token: &Token<'_>, now: Timestamp) -> Result<i64, &'static str> {
        let (config, claims, now) = (&self.config, &token.claims, now.seconds());
        let leeway = i64::from(config.leeway_seconds);
        let expires = claims.time("exp", true)?.ok_or("jwt-claims")?;
        let until = expires + leeway;
        if now >= until {
            return Err("jwt-expired");
        }
        let begins = claims.time("nbf", false)?;
        let issued = claims.time("iat", false)?;
        if begins.max(issued).is_some_and(|begins| begins - leeway > now) {
            return Err("jwt-not-yet-valid");
        }
        let life = match issued {
            Some(issued) => expires - issued,
            None => until - leeway - now,
        };
        if life > i64::from(config.max_life_seconds) {
            return Err("jwt-life");
        }
        let audiences = claims.audiences();
        if !config.audiences.iter().any(|wanted| audiences.contains(&wanted.as_str())) {
            return Err("jwt-audience");
        }
        let has_all = config.required_claims.iter().all(|name| claims.has(name));
        let subject = claims.text(&config.subject_claim).filter(|subject| !subject.is_empty());
        if !has_all || subject.is_none() {
            return Err("jwt-claims");
        }
        Ok(until)
    }

    fn shard(&self, hash: &[u8; 32]) -> &Mutex<Recent<[u8; 32], Verified>> {
        &self.verified[usize::from(hash[0]) % SHARDS]
    }
}

/// The issuer that a token claims; it is not verified, but tells which policy has to.
pub(crate) fn claimed_issuer(text: &str) -> Option<String> {
    Token::parse(text).ok()?.claims.text("iss").map(str::to_owned)
}

/// The answer to a token that is not good.
pub(crate) fn refusal(code: &'static str) -> Refusal {
    if code == "jwks-unavailable" {
        let title = "tokens cannot be verified at the moment";
        let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, code, title);
        return refusal.with(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    let (refusal, error) = if code == "several-credentials" {
        let title = "there are several credentials in this request";
        (Refusal::deny(StatusCode::BAD_REQUEST, code, title), "error=\"invalid_request\"")
    } else {
        let (status, title) = (StatusCode::UNAUTHORIZED, "the token is not valid");
        let refusal = Refusal::deny(status, "invalid-token", title).because(code);
        (refusal, "error=\"invalid_token\"")
    };
    refusal.with(header::WWW_AUTHENTICATE, challenge("Bearer", error))
}

fn keys_of(config: &JwtConfig, look_ups: &LookUps) -> Result<Keys, Problem> {
    let Some(first) = config.algorithms.first() else {
        return Err(Problem::new("algorithms", "at least one is needed"));
    };
    let key_type = first.key_type();
    if config.algorithms.iter().any(|other| other.key_type() != key_type) {
        let problem = "all of them must be for one type of key; other types take another policy";
        return Err(Problem::new("algorithms", problem));
    }
    let needs = if key_type == KeyType::Secret { "`secret`" } else { "`jwks_file` or `jwks_url`" };
    match (&config.secret, &config.jwks_file, &config.jwks_url) {
        (Some(reference), None, None) if key_type == KeyType::Secret => {
            secret(reference, &config.algorithms).map(Keys::Fixed)
        }
        (None, Some(path), None) if key_type != KeyType::Secret => {
            let text = files::text(path, u64::from(config.fetch.max_bytes));
            let text = text.map_err(|problem| Problem::new("jwks_file", problem))?;
            let set = KeySet::parse(text.as_bytes()).map_err(|p| Problem::new("jwks_file", p))?;
            Ok(Keys::Fixed(set))
        }
        (None, None, Some(url)) if key_type != KeyType::Secret => {
            fetched(url, config, look_ups).map(Keys::Fetched)
        }
        _ => Err(Problem::new("", format!("{} needs {needs}, and only that", first.name()))),
    }
}

fn secret(reference: &str, algorithms: &[Algorithm]) -> Result<KeySet, Problem> {
    let refuse = |problem: String| Err(Problem::new("secret", problem));
    let bytes = files::secret(reference).map_err(|problem| Problem::new("secret", problem))?;
    let least = algorithms.iter().map(|algorithm| algorithm.secret_bytes()).max().unwrap_or(32);
    if bytes.len() < least {
        return refuse(format!("has {} bytes; {least} are needed (RFC 7518 §3.2)", bytes.len()));
    }
    // A public key as the secret of an HMAC is the classic confusion: everybody has it.
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start();
    if text.starts_with("-----BEGIN") || text.starts_with("ssh-") || text.starts_with('{') {
        return refuse("is a key or certificate, which is no shared secret".to_owned());
    }
    Ok(KeySet::of(Key::secret(&bytes)))
}

fn fetched(
    url: &str,
    JwtConfig { issuer, fetch: config, .. }: &JwtConfig,
    look_ups: &LookUps,
) -> Result<std::sync::Arc<Fetched>, Problem> {
    for (key, value, least) in [
        ("fetch.timeout_ms", config.timeout_ms, 10),
        ("fetch.max_bytes", config.max_bytes, 256),
        ("fetch.refresh_seconds", config.refresh_seconds, 1),
        ("fetch.interval_seconds", config.interval_seconds, 1),
    ] {
        if value < least {
            return Err(Problem::new(key, format!("{least} is the least")));
        }
    }
    let mut allowed = Vec::with_capacity(config.allow_networks.len());
    for (at, text) in config.allow_networks.iter().enumerate() {
        let key = format!("fetch.allow_networks.{at}");
        allowed.push(Network::parse(text).ok_or_else(|| Problem::new(key, "is no network"))?);
    }
    let rules = fetch::Rules {
        authorities: config.authorities.as_deref(),
        allowed,
        timeout: Duration::from_millis(u64::from(config.timeout_ms)),
        most_bytes: config.max_bytes as usize,
    };
    let source = fetch::Source::compile(url, rules);
    let source = source.map_err(|problem| Problem::new("jwks_url", problem))?;
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let times = (seconds(config.refresh_seconds), seconds(config.interval_seconds));
    Ok(Fetched::new(source, times, issuer, look_ups))
}
