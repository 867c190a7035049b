//! A proof of possession (RFC 9449 §4): a JWT made for one request, by the key that a token is bound to.

use aws_lc_rs::digest::{SHA256, digest};
use bartizan_model::{
    HashKey, KeyedHash, Timestamp,
    replay::{Account, ReplayStore, Use},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Uri;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{BindingConfig, DPOP, Presentation};
use crate::policy::{
    jwt::{Algorithm, keys::brought, token},
    window::Window,
};

/// Most bytes of a proof: one with an RSA key of 4096 bits has about 2,000.
const PROOF_BYTES: usize = 4 * 1024;
/// Most bytes of the identifier of a proof.
const ID_BYTES: usize = 256;

/// What is asked of proofs.
#[derive(Debug)]
pub(super) struct Proofs {
    algorithms: Vec<Algorithm>,
    /// How long a nonce is handed out.
    seconds: i64,
    pub(super) window: Window,
    /// In the form of [`origin`]; those of the request when empty.
    origins: Vec<String>,
    needs_nonce: bool,
    /// On whose account proofs are: those of one issuer share it.
    account: KeyedHash,
    ids: HashKey,
    nonces: HashKey,
}

/// The header of a proof. It brings the key that it is signed with: the only place where a token may, as the token that
/// it is for names that key.
#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: String,
    jwk: Value,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

impl Proofs {
    pub(super) fn new(
        config: &BindingConfig,
        origins: Vec<String>,
        (issuer, leeway): (&str, u32),
        key: &HashKey,
    ) -> Self {
        let ids = key.derive("proof ids");
        Self {
            algorithms: config.proof_algorithms.clone(),
            seconds: i64::from(config.proof_seconds),
            window: Window::new(config.proof_seconds, leeway),
            origins,
            needs_nonce: config.nonce,
            account: ids.hash("issuer", issuer.as_bytes()),
            ids,
            nonces: key.derive("proof nonces"),
        }
    }

    /// Their names, for clients.
    pub(super) fn algorithms(&self) -> String {
        let names: Vec<_> = self.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        names.join(" ")
    }

    /// The nonce of this time. Gateways with one key of the organisation take each other's.
    pub(super) fn nonce(&self, now: Timestamp) -> String {
        self.nonce_of(now.seconds().div_euclid(self.seconds))
    }

    fn nonce_of(&self, slot: i64) -> String {
        self.nonces.hash("nonce", &slot.to_le_bytes()).to_string()
    }

    /// Checks the proof for a token (RFC 9449 §4.3), in the order of what that costs.
    ///
    /// # Errors
    /// A short name of what is wrong with it.
    pub(super) async fn check(
        &self,
        text: &str,
        key: &[u8; 32],
        presentation: &Presentation<'_>,
        replays: &dyn ReplayStore,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        let mut proofs = presentation.fields.get_all(&DPOP).iter();
        let (Some(proof), None) = (proofs.next(), proofs.next()) else {
            let is_there = presentation.fields.contains_key(&DPOP);
            return Err(if is_there { "proof-several" } else { "proof-missing" });
        };
        let proof = proof.to_str().map_err(|_| "proof-malformed")?.trim();
        let (id, issued) = self.verify(proof, (text, key), presentation, now)?;
        // Only what is good is remembered, so that nobody fills the store with nonsense.
        let until = self.window.end(issued);
        let mut name = key.to_vec();
        name.extend_from_slice(id.as_bytes());
        let used = replays.note(self.account_of(key), self.ids.hash("proof", &name), now, until);
        match used.known().await {
            Use::First => Ok(()),
            Use::Again | Use::UnderWay => Err("proof-replayed"),
            Use::Unknown => Err("replays-unknown"),
        }
    }

    /// On whose account the proofs of a key are.
    fn account_of(&self, key: &[u8; 32]) -> Account {
        let signer = [&self.account.0[..], key].concat();
        Account { policy: self.account, signer: self.ids.hash("signer", &signer) }
    }

    /// Everything but whether it was used before; gives its identifier and when it was made.
    fn verify(
        &self,
        proof: &str,
        (text, key): (&str, &[u8; 32]),
        presentation: &Presentation<'_>,
        now: Timestamp,
    ) -> Result<(String, i64), &'static str> {
        if proof.len() > PROOF_BYTES {
            return Err("proof-malformed");
        }
        let malformed = |_| "proof-malformed";
        let (head, claims, signature) = token::parts(proof).map_err(malformed)?;
        let signed = &proof[..proof.len() - signature.len() - 1];
        let head: Head = token::read(head).map_err(malformed)?;
        if !head.typ.eq_ignore_ascii_case("dpop+jwt") || head.crit.is_some() {
            return Err("proof-type");
        }
        let mut algorithms = self.algorithms.iter();
        let algorithm = *algorithms.find(|a| a.name() == head.alg).ok_or("proof-algorithm")?;
        let brought = brought(&head.jwk, algorithm).ok_or("proof-key")?;
        // Before the signature: only the key that a good token is bound to costs a verification.
        if brought.thumbprint != *key {
            return Err("proof-thumbprint");
        }
        let claims: token::Claims = token::read(claims).map_err(malformed)?;
        let made = claims.time("iat", true).map_err(malformed)?.ok_or("proof-time")?;
        if self.window.place(made, now).is_ne() {
            return Err("proof-time");
        }
        if claims.text("htm") != Some(presentation.method.as_str()) {
            return Err("proof-method");
        }
        if !self.is_for(claims.text("htu").unwrap_or_default(), presentation) {
            return Err("proof-url");
        }
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
        if claims.text("ath") != Some(hash.as_str()) {
            return Err("proof-token");
        }
        if self.needs_nonce {
            let slot = now.seconds().div_euclid(self.seconds);
            let known = [slot, slot - 1].map(|slot| self.nonce_of(slot));
            if !claims.text("nonce").is_some_and(|nonce| known.iter().any(|k| k == nonce)) {
                return Err("proof-nonce");
            }
        }
        let id = claims.text("jti").filter(|id| !id.is_empty() && id.len() <= ID_BYTES);
        let id = id.ok_or("proof-malformed")?.to_owned();
        if !brought.key.verifies(signed, signature, algorithm) {
            return Err("proof-signature");
        }
        Ok((id, made))
    }

    /// Whether a proof for this URL is one for what is asked for: without query and fragment, in one spelling
    /// (RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3).
    fn is_for(&self, url: &str, asked: &Presentation<'_>) -> bool {
        let Ok(url) = url.parse::<Uri>() else { return false };
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return false;
        };
        let Some(wanted) = origin(scheme, authority.as_str()) else { return false };
        let is_ours = match self.origins.is_empty() {
            true => {
                asked.authority.and_then(|host| origin(asked.scheme, host)).as_ref()
                    == Some(&wanted)
            }
            false => self.origins.contains(&wanted),
        };
        is_ours && plain(url.path()) == plain(asked.path)
    }
}

/// Scheme and host in one spelling, without the port that the scheme has anyway. `None` when one of them is missing, or
/// the host has a user.
pub(super) fn origin(scheme: &str, authority: &str) -> Option<String> {
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = authority.strip_suffix(port).unwrap_or(&authority);
    let is_host = !host.is_empty() && !host.contains('@');
    is_host.then(|| format!("{scheme}://{host}"))
}

/// A path with every character that needs no escape unescaped, and escapes in upper case.
fn plain(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = digits.and_then(|two| {
            let two = std::str::from_utf8(two).ok().filter(|two| !two.starts_with('+'))?;
            u8::from_str_radix(two, 16).ok()
        });
        match escaped {
            Some(b) if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => out.push(b),
            Some(b) => out.extend_from_slice(format!("%{b:02X}").as_bytes()),
            None => out.push(*byte),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_compared_in_one_spelling() {
        assert_eq!(origin("HTTPS", "A.example:443"), Some("https://a.example".to_owned()));
        assert_eq!(origin("http", "a:443"), Some("http://a:443".to_owned()));
        assert_eq!(
            (origin("ftp", "a"), origin("https", ""), origin("https", "u@a")),
            (None, None, None)
        );
        assert_eq!(plain("/%7Ea%2fb"), b"/~a%2Fb");
        assert_eq!(plain("/%zz%2"), b"/%zz%2");
        assert_eq!((plain(""), plain("/%+1")), (b"/".to_vec(), b"/%+1".to_vec()));
        assert_ne!(plain("/a%2Fb"), plain("/a/b"));
    }
}
