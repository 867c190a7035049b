//! Keys that messages may be signed with, by their names.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MessageSignatureConfig;
use crate::policy::{
    config::Problem,
    files::{secret, text},
    jwt::{
        Algorithm,
        keys::{Key, KeySet},
    },
};

/// Most bytes of a key set.
const SET_BYTES: u64 = 1024 * 1024;
/// Most shared secrets.
const SECRETS: usize = 100;
/// Longest name of a key, in bytes.
pub(super) const ID_BYTES: usize = 256;

/// How messages may be signed (RFC 9421 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SignatureAlgorithm {
    /// Ed25519 (RFC 8032).
    #[serde(rename = "ed25519")]
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// ECDSA with P-384 and SHA-384.
    #[serde(rename = "ecdsa-p384-sha384")]
    EcdsaP384Sha384,
    /// RSASSA-PSS with SHA-512 and a salt of 64 bytes.
    #[serde(rename = "rsa-pss-sha512")]
    RsaPssSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "rsa-v1_5-sha256")]
    RsaV15Sha256,
    /// HMAC with SHA-256, under a shared secret.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
}

impl SignatureAlgorithm {
    /// As messages name it.
    const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
            Self::HmacSha256 => "hmac-sha256",
        }
    }

    /// The same of JWTs: key, hash, salt and form of the signature are the same (RFC 7518 §3.1).
    const fn of_tokens(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDSA,
            Self::EcdsaP256Sha256 => Algorithm::ES256,
            Self::EcdsaP384Sha384 => Algorithm::ES384,
            Self::RsaPssSha512 => Algorithm::PS512,
            Self::RsaV15Sha256 => Algorithm::RS256,
            Self::HmacSha256 => Algorithm::HS256,
        }
    }
}

/// A shared secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedSecret {
    /// How messages name it (`keyid`).
    pub id: String,
    /// The secret, as `env:NAME` or `file:PATH`: at least 32 bytes.
    pub secret: String,
}

/// Keys by name, and how they may be used.
#[derive(Debug)]
pub(super) struct Keys {
    algorithms: Vec<SignatureAlgorithm>,
    public: KeySet,
    secrets: Vec<(String, Key)>,
}

impl Keys {
    pub(super) fn compile(config: &MessageSignatureConfig) -> Result<Self, Problem> {
        let public = match &config.jwks_file {
            None => KeySet::default(),
            Some(path) => {
                let set = text(path, SET_BYTES).and_then(|text| KeySet::parse(text.as_bytes()));
                set.map_err(|problem| Problem::new("jwks_file", problem))?
            }
        };
        if config.jwks_file.is_none() && config.secrets.is_empty() {
            let problem = "somebody has to be able to sign: `jwks_file` or `secrets` is needed";
            return Err(Problem::new("", problem));
        }
        if config.secrets.len() > SECRETS {
            return Err(Problem::new("secrets", format!("{SECRETS} are the most")));
        }
        if config.algorithms.is_empty() {
            return Err(Problem::new("algorithms", "at least one is needed"));
        }
        let keys = Self { algorithms: config.algorithms.clone(), public, secrets: Vec::new() };
        keys.with_secrets(&config.secrets)
    }

    fn with_secrets(mut self, secrets: &[SharedSecret]) -> Result<Self, Problem> {
        for (at, shared) in secrets.iter().enumerate() {
            let wrong =
                |key: &str, problem: String| Problem::new(format!("secrets.{at}.{key}"), problem);
            let is_taken = self.secrets.iter().any(|(id, _)| *id == shared.id)
                || self
                    .algorithms
                    .iter()
                    .any(|one| self.public.find(Some(&shared.id), one.of_tokens()).is_some());
            if shared.id.is_empty() || shared.id.len() > ID_BYTES || is_taken {
                return Err(wrong(
                    "id",
                    "expected 1 to 256 bytes that no other key has".to_owned(),
                ));
            }
            let bytes = secret(&shared.secret).map_err(|problem| wrong("secret", problem))?;
            let least = Algorithm::HS256.secret_bytes();
            if bytes.len() < least {
                let problem = format!("has {} bytes; {least} are the least", bytes.len());
                return Err(wrong("secret", problem));
            }
            self.secrets.push((shared.id.clone(), Key::secret(&bytes)));
        }
        Ok(self)
    }

    #[cfg(test)]
    pub(super) fn for_tests(
        algorithms: &[SignatureAlgorithm],
        public: &str,
        secrets: &[(&str, &[u8])],
    ) -> Self {
        let secrets = secrets.iter().map(|(id, bytes)| ((*id).to_owned(), Key::secret(bytes)));
        Self {
            algorithms: algorithms.to_vec(),
            public: KeySet::parse(public.as_bytes()).expect("a set"),
            secrets: secrets.collect(),
        }
    }

    /// Verifies a signature of a base. The algorithm is that of the key; what the message names must be the same
    /// (RFC 9421 §3.2), and a key for which several are left is used with none that is not named.
    ///
    /// # Errors
    /// A short name of why not.
    pub(super) fn verify(
        &self,
        named: (&str, Option<&str>),
        base: &str,
        signature: &[u8],
    ) -> Result<(), &'static str> {
        let (algorithm, key) = self.fitting(named)?;
        let encoded = URL_SAFE_NO_PAD.encode(signature);
        match key.verifies(base, &encoded, algorithm.of_tokens()) {
            true => Ok(()),
            false => Err("signature-wrong"),
        }
    }

    /// The one key of that id, for the algorithm that is named with it if one is.
    pub(super) fn fitting(
        &self,
        (id, algorithm): (&str, Option<&str>),
    ) -> Result<(SignatureAlgorithm, &Key), &'static str> {
        let fitting: Vec<_> =
            self.algorithms.iter().filter_map(|one| Some((*one, self.find(id, *one)?))).collect();
        if fitting.is_empty() {
            return Err("key-unknown");
        }
        let mut named =
            fitting.into_iter().filter(|(one, _)| algorithm.is_none_or(|name| name == one.name()));
        match (named.next(), named.next()) {
            (Some(fitting), None) => Ok(fitting),
            _ => Err("signature-algorithm"),
        }
    }

    fn find(&self, id: &str, algorithm: SignatureAlgorithm) -> Option<&Key> {
        if algorithm == SignatureAlgorithm::HmacSha256 {
            let mut secrets = self.secrets.iter();
            return secrets.find(|(known, _)| known == id).map(|(_, key)| key);
        }
        self.public.find(Some(id), algorithm.of_tokens())
    }
}
