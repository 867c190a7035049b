//! JWT verification: signature, issuer, audience, times, claims; with keys from a file, a URL or a
//! shared secret.

#[cfg(test)]
mod attacks;
mod denied;
mod discovery;
#[cfg(test)]
mod fetch_tests;
pub(crate) mod keys;
mod origin;
mod settings;
mod source;
#[cfg(test)]
mod tests;
pub(crate) mod token;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bartizan_model::{HashKey, Mode, PrincipalKind, Timestamp};
use http::{HeaderName, HeaderValue, StatusCode, header};

use self::{
    denied::DeniedIds,
    origin::keys_of,
    source::{Found, Keys},
    token::Token,
};
use super::{
    PolicyItem, Surroundings,
    authentication::challenge,
    binding::Binding,
    config::Problem,
    credential::{Bound, Credential, Names},
    identity::{Claims, Identity},
    look_ups::LookUps,
    recent::Recent,
    record::Refusal,
};

pub use self::{
    keys::Algorithm,
    settings::{DiscoveryBy, FetchConfig, JwtConfig, Profile},
};
pub(crate) use self::{keys::KeyType, origin::rules};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "jwt",
    title: "JWT verification",
    mode: Mode::Monitor,
    documentation: "\
Verifies the tokens of one issuer; several issuers take several policies. Where several policies of one issuer apply, \
a token has to be good for each of them. Whoever presents a token in \
the field has to present a good one (401 otherwise, with the reason for the operator only); requests \
without any pass, because whether one is needed is for an `authentication` policy to say. A token of \
an issuer that no policy in scope is for is refused by the first of them. Own API keys in the same \
field are left to `api_key` policies.

What is asked of a token: at most 16 KiB in the compact form; an algorithm of the list, compared with \
case, never `none`; the key that it names, of the type that the algorithm needs, so that no public key \
ever verifies an HMAC; `iss` and one of `audiences`; `exp`, and if it is there `nbf` and `iat`, with \
`leeway_seconds`; a life of at most `max_life_seconds` from `iat` (without one: from now); the claims \
of `required_claims`; a principal in `subject_claim`. Tokens with `crit`, `zip`, a name twice, or the type or \
the claims of another kind of JWT (ID token, logout token, proof) are refused. Keys that a token itself names or \
brings are never used. `profile: access_token` asks for all that RFC 9068 does. `any_audience: true` in the place of \
`audiences` is weaker: the issuer's tokens for other services are taken too. That an issuer makes tokens that live \
longer than 15 minutes is told once, and each is counted in `jwt_long_lives`.

A token with `cnf` is only taken from who holds what it is bound to: the key of a DPoP proof (RFC 9449), which has to \
be for this method, URL and token, signed with an algorithm of `binding.proof_algorithms`, at most \
`binding.proof_seconds` old and never used before; or the client certificate of the connection (RFC 8705). What is \
bound to something else is refused. With `binding.required` all tokens have to be bound, with `binding.nonce` proofs \
have to name a value that changes every `binding.proof_seconds`. Proofs are remembered while they could be used \
again: 1048576 of all issuers and signed requests, of which an issuer holds no more than are free for others, and a key \
no more than is left of that (a third, when it is alone); beyond that bound tokens are refused with 503 until some are over. `binding.origins` is what `htu` may begin with; \
without it that is scheme and `Host` of the request.

Tokens are refused while they are denied: those whose `jti` is in `denied_file`, and those that a `logout` policy has \
ended, at once and until they expire.

Keys come from `jwks_file` (read at each reload), from `jwks_url`, from where the issuer says (`discovery`; on its own \
host or one of `fetch.hosts`), or from a shared secret. A URL is \
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
        "\
name: partners
mode: enforce
jwt:
  issuer: http://127.0.0.1:8080
  audiences: [https://api.example]
  algorithms: [ES256]
  discovery: openid
  profile: access_token
  max_life_seconds: 900
  binding: {required: true, nonce: true, origins: ['https://api.example']}
",
    ],
};

/// Verified tokens that are remembered.
const REMEMBERED: usize = 16_384;
/// Longest token that is remembered, in bytes: what is kept of one is not much longer than itself.
const REMEMBERED_BYTES: usize = 4 * 1024;
/// Shards of that memory.
const SHARDS: usize = 16;
/// Lives of tokens that are longer are reported: until then a stolen one works.
const LONG_LIFE_SECONDS: i64 = 900;

/// A compiled JWT policy.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) config: JwtConfig,
    pub(crate) header: HeaderName,
    pub(crate) binding: Binding,
    /// Those that are kept with an identity.
    claims: BTreeSet<String>,
    keys: Keys,
    /// By hash of the token.
    verified: Vec<Mutex<Recent<[u8; 32], Verified>>>,
    denied: DeniedIds,
    hash_key: HashKey,
    look_ups: LookUps,
    has_long_lives: AtomicBool,
}

#[derive(Clone, Debug)]
struct Verified {
    credential: Credential,
    generation: u64,
}

/// When a token was made and ends, in seconds.
struct Life {
    /// Leeway included.
    until: i64,
    seconds: i64,
}

impl Tokens {
    pub(crate) fn compile(
        config: &JwtConfig,
        claims: &BTreeSet<String>,
        surroundings: &Surroundings,
    ) -> Result<Self, Problem> {
        if config.issuer.is_empty() {
            return Err(Problem::new("issuer", "must not be empty"));
        }
        check_audiences(&config.audiences, config.any_audience)?;
        let header = HeaderName::from_bytes(config.header.as_bytes());
        let header = header.map_err(|_| Problem::new("header", "is no field name"))?;
        if config.leeway_seconds > 300 {
            return Err(Problem::new("leeway_seconds", "300 is the most"));
        }
        if config.max_life_seconds == 0 {
            return Err(Problem::new("max_life_seconds", "0 would let nothing pass"));
        }
        let hash_key = &surroundings.hash_key;
        let for_issuer = (config.issuer.as_str(), config.leeway_seconds);
        let binding = Binding::compile(&config.binding, for_issuer, hash_key)?;
        let denied = DeniedIds::read(config.denied_file.as_deref(), hash_key, &config.issuer)?;
        let keys = keys_of(config, &surroundings.look_ups)?;
        let shard = || Mutex::new(Recent::new(REMEMBERED / SHARDS));
        Ok(Self {
            config: config.clone(),
            header,
            binding,
            claims: claims.clone(),
            keys,
            verified: (0..SHARDS).map(|_| shard()).collect(),
            denied,
            hash_key: hash_key.clone(),
            look_ups: surroundings.look_ups.clone(),
            has_long_lives: AtomicBool::new(false),
        })
    }

    /// Whether it can stay in the place of one that was compiled anew: with the same settings and the
    /// same authorities, fetched keys can. Files and secrets are read again.
    pub(crate) fn can_stay_for(&self, fresh: &Self) -> bool {
        match (&self.keys, &fresh.keys) {
            (Keys::Fetched(own), Keys::Fetched(other)) => {
                self.config == fresh.config
                    && self.claims == fresh.claims
                    && own.origin.believes_as(&other.origin)
            }
            _ => false,
        }
    }

    /// Takes over what one that was compiled anew has read, where this one stays.
    pub(crate) fn take_over(&self, fresh: &Self) {
        self.denied.take_over(&fresh.denied);
    }

    /// Fetches keys for the first time; it is tried again when a token comes.
    pub(crate) async fn warm(&self) {
        if let Keys::Fetched(fetched) = &self.keys {
            fetched.warm().await;
        }
    }

    /// What a token that was verified before and still is good says.
    pub(crate) fn remembered(&self, text: &str, now: Timestamp) -> Option<Credential> {
        if text.len() > REMEMBERED_BYTES {
            return None;
        }
        // Also when only tokens come that are known: the issuer may have withdrawn a key.
        self.keys.refresh_if_old();
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        let mut shard = self.shard(&hash).lock().unwrap_or_else(PoisonError::into_inner);
        let known = shard.get_mut(&hash)?;
        let is_good =
            now.seconds() < known.credential.until && known.generation == self.keys.generation();
        is_good.then(|| known.credential.clone()).filter(|known| !self.denied.hold(&known.names))
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// A short name of why it is not good.
    pub(crate) async fn verify(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Credential, &'static str> {
        let token = Token::parse(text)?;
        if token.claims.text("iss") != Some(&self.config.issuer) {
            return Err("jwt-issuer");
        }
        // From the list of the policy; the token only says which of them.
        let mut algorithms = self.config.algorithms.iter();
        let algorithm = algorithms.find(|known| known.name() == token.algorithm);
        let algorithm = *algorithm.ok_or("jwt-algorithm")?;
        // What costs nothing is looked at before a key is looked for.
        let life = self.check_claims(&token, now)?;
        let bound = Bound::of(token.claims.get("cnf"))?;
        let (key, generation) = match self.keys.find(token.key.as_deref(), algorithm).await {
            Found::Key(key, generation) => (key, generation),
            Found::Unknown => return Err("jwt-unknown-key"),
            Found::Unavailable => return Err("jwks-unavailable"),
        };
        if !key.verifies(token.signed, token.signature, algorithm) {
            return Err("jwt-signature");
        }
        let credential = self.credential(&token, &life, bound, now).ok_or("jwt-claims")?;
        if self.denied.hold(&credential.names) {
            return Err("jwt-denied");
        }
        if life.seconds > LONG_LIFE_SECONDS {
            let was_told = self.has_long_lives.swap(true, Relaxed);
            self.look_ups.lives_long(&self.config.issuer, life.seconds, was_told);
        }
        if text.len() <= REMEMBERED_BYTES {
            let hash = *blake3::hash(text.as_bytes()).as_bytes();
            let known = Verified { credential: credential.clone(), generation };
            self.shard(&hash).lock().unwrap_or_else(PoisonError::into_inner).put(hash, known);
        }
        Ok(credential)
    }

    /// What a verified token says.
    fn credential(
        &self,
        token: &Token<'_>,
        life: &Life,
        bound: Bound,
        now: Timestamp,
    ) -> Option<Credential> {
        let (config, claims) = (&self.config, &token.claims);
        let identity = Identity {
            kind: PrincipalKind::Subject,
            issuer: config.issuer.as_str().into(),
            subject: claims.text(&config.subject_claim)?.into(),
            owner: "".into(),
            scopes: claims.scopes().into(),
            claims: Claims::kept(claims.all(), &self.claims).into(),
        };
        let (id, session) = (claims.text("jti"), claims.text(&config.session_claim));
        let names = Names::new(&self.hash_key, &config.issuer, token.signed, id, session);
        let longest = i64::from(config.max_life_seconds) + i64::from(config.leeway_seconds);
        let session_until = life.until.max(now.seconds() + longest);
        Some(Credential { identity, until: life.until, session_until, bound, names })
    }

    /// Checks everything but issuer and signature.
    fn check_claims(&self, token: &Token<'_>, now: Timestamp) -> Result<Life, &'static str> {
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
        let seconds = match issued {
            Some(issued) => expires - issued,
            None => until - leeway - now,
        };
        if seconds > i64::from(config.max_life_seconds) {
            return Err("jwt-life");
        }
        let audiences = claims.audiences();
        let is_for_us = config.any_audience
            || config.audiences.iter().any(|one| audiences.contains(&one.as_str()));
        if !is_for_us {
            return Err("jwt-audience");
        }
        if config.profile == Profile::AccessToken && !is_of_profile(token) {
            return Err("jwt-profile");
        }
        let has_all = config.required_claims.iter().all(|name| claims.has(name));
        let subject = claims.text(&config.subject_claim).filter(|subject| !subject.is_empty());
        if !has_all || subject.is_none() {
            return Err("jwt-claims");
        }
        Ok(Life { until, seconds })
    }

    fn shard(&self, hash: &[u8; 32]) -> &Mutex<Recent<[u8; 32], Verified>> {
        &self.verified[usize::from(hash[0]) % SHARDS]
    }

    /// The answer to a token that is not good, or not shown to be that of who presents it.
    pub(crate) fn refusal(&self, code: &'static str, now: Timestamp) -> Refusal {
        self.binding.refusal(code, now).unwrap_or_else(|| refusal(code))
    }
}

/// RFC 9068 §2.2 and §4, beyond what is always asked for.
fn is_of_profile(token: &Token<'_>) -> bool {
    let is_text = |name: &str| token.claims.text(name).is_some_and(|text| !text.is_empty());
    let has_all = ["client_id", "jti", "sub"].iter().all(|name| is_text(name));
    token.is_access_token && has_all && token.claims.has("iat") && token.claims.has("aud")
}

/// Which audiences are taken: some, or all if that is said.
pub(crate) fn check_audiences(audiences: &[String], any: bool) -> Result<(), Problem> {
    if any && audiences.is_empty() {
        return Ok(());
    }
    if any {
        return Err(Problem::new("any_audience", "with it `audiences` would say nothing"));
    }
    if audiences.is_empty() || audiences.iter().any(String::is_empty) {
        let problem = "at least one is needed, and none may be empty (`any_audience: true` takes \
                       tokens for whatever audience)";
        return Err(Problem::new("audiences", problem));
    }
    Ok(())
}

/// The issuer that a token claims; it is not verified, but tells which policy has to.
pub(crate) fn claimed_issuer(text: &str) -> Option<String> {
    Token::parse(text).ok()?.claims.text("iss").map(str::to_owned)
}

/// The answer to a token that is not good.
pub(crate) fn refusal(code: &'static str) -> Refusal {
    if matches!(code, "jwks-unavailable" | "introspection-unavailable" | "introspection-busy") {
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
