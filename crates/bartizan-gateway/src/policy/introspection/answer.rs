//! What a server says about a token, and whether that is enough.

use bartizan_model::{PrincipalKind, Timestamp};
use serde_json::Value;

use super::{Introspected, Judged, LEEWAY_SECONDS};
use crate::policy::{
    credential::{Bound, Credential, Names},
    identity::{Claims, Identity},
    jwt::token,
};

/// How long a session may go on when the answer tells no end of the token, in seconds.
const SESSION_SECONDS: i64 = 86_400;

/// An answer: an object with no name twice.
#[derive(Debug)]
pub(super) struct Answer(token::Claims);

impl Answer {
    /// # Errors
    /// It is no answer to a question about a token (RFC 7662 §2.2).
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let claims: token::Claims = serde_json::from_slice(bytes)
            .map_err(|_| "the answer is no object with each name once".to_owned())?;
        match claims.get("active") {
            Some(Value::Bool(_)) => Ok(Self(claims)),
            _ => Err("the answer does not say whether the token is active".to_owned()),
        }
    }
}

/// A token without its signature, where it has one.
fn unsigned(text: &str) -> &str {
    let signed = token::parts(text).ok().map(|(head, claims, _)| head.len() + 1 + claims.len());
    signed.and_then(|end| text.get(..end)).unwrap_or(text)
}

impl Introspected {
    /// Whether a token is good, by what the server says of it.
    pub(super) fn judge(&self, Answer(said): &Answer, text: &str, now: Timestamp) -> Judged {
        if said.get("active") != Some(&Value::Bool(true)) {
            return Err("token-inactive");
        }
        let (config, seconds) = (&self.config, now.seconds());
        let leeway = i64::from(LEEWAY_SECONDS);
        if said.has("iss") && said.text("iss") != Some(&config.issuer) {
            return Err("token-issuer");
        }
        let expires = said.time("exp", true).map_err(|_| "token-claims")?;
        let until = expires.map(|expires| expires + leeway);
        if until.is_some_and(|until| seconds >= until) {
            return Err("token-expired");
        }
        let begins = said.time("nbf", false).map_err(|_| "token-claims")?;
        if begins.is_some_and(|begins| begins - leeway > seconds) {
            return Err("token-not-yet-valid");
        }
        let audiences = said.audiences();
        let is_for_us = config.any_audience
            || config.audiences.iter().any(|one| audiences.contains(&one.as_str()));
        if !is_for_us {
            return Err("token-audience");
        }
        let subject = said.text(&config.subject_claim).or_else(|| said.text("client_id"));
        let subject = subject.filter(|subject| !subject.is_empty()).ok_or("token-claims")?;
        let identity = Identity {
            kind: PrincipalKind::Subject,
            issuer: config.issuer.as_str().into(),
            subject: subject.into(),
            owner: "".into(),
            scopes: said.scopes().into(),
            claims: Claims::kept(said.all(), &self.claims).into(),
        };
        let (id, session) = (said.text("jti"), said.text("sid"));
        let until = until.unwrap_or(seconds + SESSION_SECONDS);
        Ok(Credential {
            identity,
            until,
            session_until: until.max(seconds + SESSION_SECONDS),
            bound: Bound::of(said.get("cnf"))?,
            // A signature may be spelled in several ways.
            names: Names::new(&self.hash_key, &config.issuer, unsigned(text), id, session),
        })
    }
}
