//! Key sets (RFC 7517): the public keys of an issuer that may verify its tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm as Library, DecodingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most keys of a set that are looked at.
const KEYS: usize = 100;
/// Smallest RSA modulus, in bytes (RFC 7518 §3.3: 2048 bits).
const RSA_BYTES: usize = 256;
/// Largest RSA modulus, in bytes: what verifying costs grows with its square.
const MOST_RSA_BYTES: usize = 1024;

/// How a token is signed. `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "names of RFC 7518 §3.1 and RFC 8037")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Secret,
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Algorithm {
    /// Exactly as RFC 7518 writes it: names are compared with case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    pub(crate) const fn key_type(self) -> KeyType {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => KeyType::Secret,
            Self::RS256 | Self::RS384 | Self::RS512 => KeyType::Rsa,
            Self::PS256 | Self::PS384 | Self::PS512 => KeyType::Rsa,
            Self::ES256 => KeyType::P256,
            Self::ES384 => KeyType::P384,
            Self::EdDSA => KeyType::Ed25519,
        }
    }

    /// Bytes that a secret must have: those of the hash (RFC 7518 §3.2), at least 256 bits.
    pub(crate) const fn secret_bytes(self) -> usize {
        match self {
            Self::HS384 => 48,
            Self::HS512 => 64,
            _ => 32,
        }
    }

    pub(crate) const fn library(self) -> Library {
        match self {
            Self::HS256 => Library::HS256,
            Self::HS384 => Library::HS384,
            Self::HS512 => Library::HS512,
            Self::RS256 => Library::RS256,
            Self::RS384 => Library::RS384,
            Self::RS512 => Library::RS512,
            Self::PS256 => Library::PS256,
            Self::PS384 => Library::PS384,
            Self::PS512 => Library::PS512,
            Self::ES256 => Library::ES256,
            Self::ES384 => Library::ES384,
            Self::EdDSA => Library::EdDSA,
        }
    }
}

/// A key that may verify.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    id: Option<String>,
    /// The one algorithm that it is for, when it says so.
    algorithm: Option<String>,
    key_type: KeyType,
    key: DecodingKey,
}

impl Key {
    pub(crate) fn secret(bytes: &[u8]) -> Self {
        let key = DecodingKey::from_secret(bytes);
        Self { id: None, algorithm: None, key_type: KeyType::Secret, key }
    }

    /// Whether it is what made this signature, still encoded, of this text.
    pub(crate) fn verifies(&self, signed: &str, signature: &str, algorithm: Algorithm) -> bool {
        let library = algorithm.library();
        let verified =
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.key, library);
        self.fits(algorithm) && matches!(verified, Ok(true))
    }

    /// The type of the key must be that of the algorithm: a public key never verifies an HMAC.
    fn fits(&self, algorithm: Algorithm) -> bool {
        let is_for = self.algorithm.as_deref().is_none_or(|name| name == algorithm.name());
        self.key_type == algorithm.key_type() && is_for
    }
}

/// A public key that a proof brings.
#[derive(Debug)]
pub(crate) struct Brought {
    pub(crate) key: Key,
    /// By which the token names it (RFC 7638, with SHA-256).
    pub(crate) thumbprint: [u8; 32],
}

/// The public key that a proof brings, when it is one for that algorithm. One that brings a private key with it shows
/// that somebody else has it too.
pub(crate) fn brought(written: &serde_json::Value, algorithm: Algorithm) -> Option<Brought> {
    let members = written.as_object()?;
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if private.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    let written = Written::deserialize(written).ok()?;
    let thumbprint = written.thumbprint()?;
    let key = written.key().filter(|key| key.fits(algorithm))?;
    Some(Brought { key, thumbprint })
}

/// The keys of an issuer.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

/// A key as the set writes it. Members that are not known are passed over (RFC 7517 §4).
#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    pub(crate) fn of(key: Key) -> Self {
        Self(vec![key])
    }

    /// Reads a set. Keys that cannot verify tokens (for encryption, symmetric, too short, of unknown
    /// kinds) are passed over.
    ///
    /// # Errors
    /// It is no key set, no key of it can verify, or two that can have one name.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let set: WrittenSet =
            serde_json::from_slice(bytes).map_err(|error| format!("is no key set: {error}"))?;
        if set.keys.len() > KEYS {
            return Err(format!("has more than {KEYS} keys"));
        }
        let mut keys: Vec<Key> = Vec::new();
        for written in set.keys {
            let Ok(written) = serde_json::from_value::<Written>(written) else { continue };
            let Some(key) = written.key() else { continue };
            let is_same = |known: &Key| known.id.is_some() && known.id == key.id;
            if keys.iter().any(is_same) {
                let id = key.id.unwrap_or_default();
                return Err(format!(
                    "has two keys named {:?}",
                    id.chars().take(64).collect::<String>()
                ));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err("has no key that can verify tokens".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key of that name for that algorithm. A token that names none is verified by the only key
    /// that fits; where several do, it has to name one.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.fits(algorithm));
        match id {
            // A shared secret has no name here, whatever the token calls it.
            Some(id) => {
                fitting.find(|key| key.key_type == KeyType::Secret || key.id.as_deref() == Some(id))
            }
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

impl Written {
    /// RFC 7638 §3: what makes up the key and nothing else, by name.
    fn thumbprint(&self) -> Option<[u8; 32]> {
        let text = match (self.kty.as_str(), &self.crv, &self.x, &self.y, &self.n, &self.e) {
            ("EC", Some(curve), Some(x), Some(y), ..) => {
                json!({"crv": curve, "kty": "EC", "x": x, "y": y})
            }
            ("OKP", Some(curve), Some(x), ..) => json!({"crv": curve, "kty": "OKP", "x": x}),
            ("RSA", _, _, _, Some(n), Some(e)) => json!({"e": e, "kty": "RSA", "n": n}),
            _ => return None,
        };
        // Members are in the order of their names, and none needs an escape once the key was read.
        digest(&SHA256, text.to_string().as_bytes()).as_ref().try_into().ok()
    }

    fn key(self) -> Option<Key> {
        let is_for_signatures = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !is_for_signatures {
            return None;
        }
        let decode = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let (key_type, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (decode(&self.n)?, decode(&self.e)?);
                let leading = n.iter().take_while(|byte| **byte == 0).count();
                let length = n.len() - leading;
                if !(RSA_BYTES..=MOST_RSA_BYTES).contains(&length) || e.len() > 8 {
                    return None;
                }
                (KeyType::Rsa, DecodingKey::from_rsa_raw_components(&n[leading..], &e))
            }
            ("EC", Some(curve @ ("P-256" | "P-384"))) => {
                let (bytes, key_type) =
                    if curve == "P-256" { (32, KeyType::P256) } else { (48, KeyType::P384) };
                let (x, y) = (decode(&self.x)?, decode(&self.y)?);
                if x.len() != bytes || y.len() != bytes {
                    return None;
                }
                (
                    key_type,
                    DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?).ok()?,
                )
            }
            ("OKP", Some("Ed25519")) => {
                let x = decode(&self.x).filter(|x| x.len() == 32)?;
                (KeyType::Ed25519, DecodingKey::from_ed_der(&x))
            }
            // `oct` is a secret: a set that is published must not hold any.
            _ => return None,
        };
        Some(Key { id: self.kid, algorithm: self.alg, key_type, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &str) -> Result<KeySet, String> {
        KeySet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes())
    }

    fn rsa(more: &str, bytes: usize) -> String {
        let n = URL_SAFE_NO_PAD.encode(vec![0xa5; bytes]);
        format!("{{\"kty\":\"RSA\",\"n\":\"{n}\",\"e\":\"AQAB\"{more}}}")
    }

    #[test]
    fn keys_verify_only_what_they_are_for() {
        let keys = [rsa(r#","kid":"a","alg":"RS256""#, 256), rsa(r#","kid":"b""#, 256)].join(",");
        let set = set(&keys).expect("a set");
        let finds = |id, algorithm| set.find(id, algorithm).is_some();
        assert!(finds(Some("a"), Algorithm::RS256) && !finds(Some("a"), Algorithm::RS512));
        assert!(finds(Some("b"), Algorithm::PS384) && !finds(Some("c"), Algorithm::RS256));
        assert!(!finds(Some("a"), Algorithm::HS256) && !finds(Some("a"), Algorithm::ES256));
        assert!(!finds(None, Algorithm::RS256), "two fit");
        assert!(finds(None, Algorithm::RS512), "one fits");
    }

    /// The example of RFC 7638 §3.1.
    #[test]
    fn thumbprints_are_those_of_the_standard() {
        let written: Written = serde_json::from_value(json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        }))
        .expect("a key");
        let thumbprint = written.thumbprint().map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(thumbprint.as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    }

    #[test]
    fn keys_that_cannot_verify_are_passed_over() {
        for key in [
            rsa("", 255),
            rsa("", MOST_RSA_BYTES + 1),
            rsa(r#","use":"enc""#, 256),
            rsa(r#","key_ops":["sign"]"#, 256),
            r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#.to_owned(),
            r#"{"kty":1}"#.to_owned(),
            "1".to_owned(),
        ] {
            assert!(set(&key).is_err(), "{key}");
            assert!(set(&format!("{key},{}", rsa("", 256))).is_ok(), "{key}");
        }
        let twice = [rsa(r#","kid":"a""#, 256), rsa(r#","kid":"a""#, 256)].join(",");
        assert!(set(&twice).is_err_and(|problem| problem.contains("two keys")));
        assert!(set(&vec![rsa("", 256); 101].join(",")).is_err());
        for text in ["", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}"] {
            assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
