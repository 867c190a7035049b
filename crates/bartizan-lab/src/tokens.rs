//! Access tokens: JSON Web Tokens with HS256 (RFC 7515, RFC 7519), written out by hand because
//! several planted flaws sit in the verification, where a library would not let them be.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    flaws::authentication::{expired_token, unsigned_token, weak_secret},
    lab::Lab,
    seed::signing_key,
};

/// Seconds that an access token lives.
pub(crate) const LIFETIME: i64 = 900;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 4096;
/// A key that stands in every word list.
const GUESSABLE: &str = "quayside";

/// An access token for a user, issued at a time (seconds since 1970).
#[must_use]
pub(crate) fn issue(lab: &Lab, user: i64, login: &str, role: &str, issued: i64) -> String {
    let head = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({
        "iss": "quayside", "sub": user.to_string(), "login": login, "role": role,
        "iat": issued, "exp": issued + LIFETIME,
    });
    let signed =
        format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(claims.to_string()));
    let mac = sign(secret(lab).as_bytes(), &signed);
    format!("{signed}.{}", BASE64.encode(mac))
}

/// The user whom a token names, when it is good.
#[must_use]
pub(crate) fn verify(lab: &Lab, token: &str, now: i64) -> Option<i64> {
    let claims = read(token, |alg, signed, mac| match alg {
        "HS256" => authentic(&secret(lab), signed, mac),
        "none" => lab.has(&unsigned_token::FLAW),
        _ => false,
    })?;
    let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if expires <= now && !lab.has(&expired_token::FLAW) {
        return None;
    }
    subject(&claims)
}

/// The user whom a token names, whoever wrote it.
#[must_use]
pub(crate) fn unverified(token: &str) -> Option<i64> {
    subject(&read(token, |_, _, _| true)?)
}

fn subject(claims: &Value) -> Option<i64> {
    claims.get("sub").and_then(Value::as_str).and_then(|s| s.parse().ok())
}

fn read(token: &str, good: impl Fn(&str, &str, &[u8]) -> bool) -> Option<Value> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let (signed, mac) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let head: Value = serde_json::from_slice(&BASE64.decode(head).ok()?).ok()?;
    let mac = BASE64.decode(mac).ok()?;
    if !good(head.get("alg")?.as_str()?, signed, &mac) {
        return None;
    }
    serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
}

fn secret(lab: &Lab) -> String {
    if lab.has(&weak_secret::FLAW) {
        return GUESSABLE.to_owned();
    }
    signing_key(lab.seed)
}

/// HMAC-SHA-256 (RFC 2104).
pub(crate) fn sign(key: &[u8], text: &str) -> Vec<u8> {
    mac(key, text).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Compares in constant time.
pub(crate) fn authentic(key: &str, text: &str, signature: &[u8]) -> bool {
    mac(key.as_bytes(), text).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

fn mac(key: &[u8], text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}
