//! Who presents a bound credential shows that they hold what it is bound to: a key (DPoP, RFC 9449) or the certificate
//! of the connection (RFC 8705).

mod proof;

use bartizan_model::{HashKey, Timestamp, replay::ReplayStore};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::proof::{Proofs, origin};
use super::{
    authentication::challenge,
    config::Problem,
    credential::Bound,
    jwt::{Algorithm, KeyType},
    record::Refusal,
};

/// The field of a proof.
const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The field of a nonce for the next proof.
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// How bound tokens are taken. Tokens that are bound always have to come with a proof, or over the connection, that
/// they are bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BindingConfig {
    /// Whether tokens that are bound to nothing are refused.
    pub required: bool,
    /// How proofs may be signed; never with a secret.
    pub proof_algorithms: Vec<Algorithm>,
    /// How old a proof may be, 5 to 300 seconds, beside the leeway.
    pub proof_seconds: u32,
    /// Whether proofs must name a value of ours (RFC 9449 §8), so that none can be made in advance.
    pub nonce: bool,
    /// What clients call us, as `https://HOST`, when that is not what the `Host` field says.
    pub origins: Vec<String>,
}

impl Default for BindingConfig {
    fn default() -> Self {
        Self {
            required: false,
            proof_algorithms: vec![
                Algorithm::ES256,
                Algorithm::ES384,
                Algorithm::EdDSA,
                Algorithm::PS256,
                Algorithm::RS256,
            ],
            proof_seconds: 60,
            nonce: false,
            origins: Vec::new(),
        }
    }
}

/// What is asked for, and over what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presentation<'a> {
    pub(crate) fields: &'a HeaderMap,
    pub(crate) method: &'a Method,
    pub(crate) scheme: &'a str,
    pub(crate) authority: Option<&'a str>,
    /// Without query.
    pub(crate) path: &'a str,
    /// Thumbprint of the certificate of the client, when it has shown one.
    pub(crate) certificate: Option<[u8; 32]>,
    /// Whether it was let in before with the same proof.
    pub(crate) is_review: bool,
}

/// Compiled settings of bound credentials.
#[derive(Debug)]
pub(crate) struct Binding {
    required: bool,
    proofs: Proofs,
}

impl Binding {
    /// For the credentials of an issuer; `leeway`: how far clocks may differ, in seconds.
    pub(crate) fn compile(
        config: &BindingConfig,
        (issuer, leeway): (&str, u32),
        hash_key: &HashKey,
    ) -> Result<Self, Problem> {
        let key = |key: &str| format!("binding.{key}");
        if !(5..=300).contains(&config.proof_seconds) {
            return Err(Problem::new(key("proof_seconds"), "expected 5 to 300"));
        }
        let is_secret = |known: &&Algorithm| known.key_type() == KeyType::Secret;
        if config.proof_algorithms.is_empty()
            || config.proof_algorithms.iter().any(|a| is_secret(&a))
        {
            let problem = "at least one is needed, and none with a shared secret";
            return Err(Problem::new(key("proof_algorithms"), problem));
        }
        let mut origins = Vec::with_capacity(config.origins.len());
        for (at, text) in config.origins.iter().enumerate() {
            let (scheme, authority) = text.split_once("://").unwrap_or_default();
            let is_plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
            let found = origin(scheme, authority).filter(|_| is_plain);
            let problem = || Problem::new(key(&format!("origins.{at}")), "expected https://HOST");
            origins.push(found.ok_or_else(problem)?);
        }
        Ok(Self {
            required: config.required,
            proofs: Proofs::new(config, origins, (issuer, leeway), hash_key),
        })
    }

    /// Goes on from what counted for credentials of the same issuer before a reload at `now`: a proof that was forgotten
    /// is not good again.
    pub(crate) fn following(&mut self, before: &Self, now: Timestamp) {
        self.proofs.window.following(&before.proofs.window, now);
    }

    /// Checks that who presents a credential may. `is_proven` says that it was presented by the scheme for proofs.
    ///
    /// # Errors
    /// A short name of why not.
    pub(crate) async fn check(
        &self,
        (text, is_proven): (&str, bool),
        bound: &Bound,
        presentation: &Presentation<'_>,
        replays: &dyn ReplayStore,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        if let Some(certificate) = bound.certificate
            && presentation.certificate != Some(certificate)
        {
            return Err("jwt-certificate");
        }
        let Some(key) = bound.key else {
            // RFC 9449 §7.1: by that scheme come bound tokens only.
            let is_wanted = is_proven || (self.required && !bound.is_bound());
            return if is_wanted { Err("jwt-not-bound") } else { Ok(()) };
        };
        if !is_proven {
            // RFC 9449 §7.2: a stolen one would come as a bearer token.
            return Err("proof-missing");
        }
        if presentation.is_review {
            return Ok(());
        }
        self.proofs.check(text, &key, presentation, replays, now).await
    }

    /// The answer to a code of [`Binding::check`]; `None` when it is about the token.
    pub(crate) fn refusal(&self, code: &'static str, now: Timestamp) -> Option<Refusal> {
        if code == "replays-unknown" {
            let title = "proofs cannot be checked at the moment";
            let refusal = Refusal::deny(StatusCode::SERVICE_UNAVAILABLE, code, title);
            return Some(refusal.with(header::RETRY_AFTER, HeaderValue::from_static("5")));
        }
        let is_about_proofs = code.starts_with("proof-");
        if !is_about_proofs {
            return None;
        }
        let needs_nonce = code == "proof-nonce";
        let error = match code {
            "proof-nonce" => "use_dpop_nonce",
            "proof-missing" => "invalid_token",
            _ => "invalid_dpop_proof",
        };
        let detail = format!("error=\"{error}\", algs=\"{}\"", self.proofs.algorithms());
        let title = "the token needs a proof that its key is held";
        let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "invalid-proof", title).because(code);
        let refusal = refusal.with(header::WWW_AUTHENTICATE, challenge("DPoP", &detail));
        let nonce = HeaderValue::try_from(self.proofs.nonce(now)).ok().filter(|_| needs_nonce);
        Some(nonce.into_iter().fold(refusal, |refusal, nonce| refusal.with(DPOP_NONCE, nonce)))
    }
}

#[cfg(test)]
mod tests;
