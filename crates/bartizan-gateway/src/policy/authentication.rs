//! Required authentication: somebody must have been identified, by one of the ways that are named.

use std::collections::BTreeMap;

use bartizan_model::{Mode, PrincipalKind};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PolicyItem, config::Problem, identity::Identity, record::Refusal};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "authentication",
    title: "Required authentication",
    mode: Mode::Monitor,
    documentation: "\
Refuses requests of callers that no policy before it has identified (401), and of those that lack a \
scope or a claim (403): an address that was verified, a consent, a tenant. A claim of more than 1 KiB of JSON is as \
if it was not there. It verifies nothing by itself: `api_key` and `jwt` policies do, in either mode, and a \
listener that checks client certificates. Preflight requests that a `cors` policy answers do not get \
here. `WWW-Authenticate` names the schemes that would be taken (RFC 9110 §11.6.1, RFC 6750 §3).",
    examples: &[
        "\
name: orders-need-somebody
mode: enforce
scope: {paths: [/v1/orders/**]}
authentication: {any_of: [api_key, jwt], scopes: [orders:read], realm: orders}
",
        "\
name: refunds-need-a-verified-address
mode: enforce
scope: {paths: [/v1/refunds/**]}
authentication: {any_of: [jwt], claims: {email_verified: [true]}}
",
    ],
};

/// Longest realm, in bytes.
const REALM_BYTES: usize = 128;

/// Settings of an authentication policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticationConfig {
    /// Ways to be identified; one is enough.
    pub any_of: Vec<Way>,
    /// Scopes that the identity must have, all of them.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Claims that the token must make, each with one of the values given for it, or, where none is given, with
    /// any but `false`, `null` and nothing: `{email_verified: [true], tenant: []}`. Own keys and certificates make
    /// none.
    #[serde(default)]
    pub claims: BTreeMap<String, Vec<Value>>,
    /// What the client is told it asked for; visible ASCII without `"` and `\`.
    #[serde(default = "realm")]
    pub realm: String,
}

fn realm() -> String {
    "api".to_owned()
}

/// A way to be identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// An own API key, verified by an `api_key` policy.
    ApiKey,
    /// A JWT, verified by a `jwt` policy.
    Jwt,
    /// A client certificate, verified by the listener.
    Certificate,
}

impl Way {
    const fn kind(self) -> PrincipalKind {
        match self {
            Self::ApiKey => PrincipalKind::ApiKey,
            Self::Jwt => PrincipalKind::Subject,
            Self::Certificate => PrincipalKind::Certificate,
        }
    }
}

/// A compiled authentication policy.
#[derive(Debug)]
pub(crate) struct Required {
    config: AuthenticationConfig,
    challenges: Vec<HeaderValue>,
}

impl Required {
    /// `has_certificates` says whether any listener asks clients for certificates.
    pub(crate) fn compile(
        config: &AuthenticationConfig,
        has_certificates: bool,
    ) -> Result<Self, Problem> {
        if config.any_of.is_empty() {
            return Err(Problem::new("any_of", "at least one way is needed"));
        }
        if config.any_of.contains(&Way::Certificate) && !has_certificates {
            return Err(Problem::new("any_of", "no listener asks clients for certificates"));
        }
        let is_plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
        if config.realm.len() > REALM_BYTES || !config.realm.bytes().all(is_plain) {
            return Err(Problem::new("realm", "expected up to 128 visible characters"));
        }
        let is_token =
            |scope: &String| !scope.is_empty() && scope.bytes().all(|b| is_plain(b) && b != b' ');
        if let Some(at) = config.scopes.iter().position(|scope| !is_token(scope)) {
            return Err(Problem::new(format!("scopes.{at}"), "is no scope (RFC 6749 §3.3)"));
        }
        // Own keys are taken as bearer tokens too; a certificate has no scheme to ask for it.
        let detail = format!("realm=\"{}\"", config.realm);
        let by_token = config.any_of.iter().any(|way| *way != Way::Certificate);
        let scheme = if by_token { "Bearer" } else { "Certificate" };
        let challenges = vec![challenge(scheme, &detail)];
        Ok(Self { config: config.clone(), challenges })
    }

    pub(crate) fn check(&self, identities: &[Identity]) -> Result<(), Refusal> {
        let ways = &self.config.any_of;
        let mut fitting = identities
            .iter()
            .filter(|one| ways.iter().any(|way| way.kind() == one.kind))
            .peekable();
        if fitting.peek().is_none() {
            let title = "this needs a valid credential";
            let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "authentication-required", title);
            let challenges = self.challenges.iter().cloned();
            return Err(challenges
                .fold(refusal, |refusal, value| refusal.with(header::WWW_AUTHENTICATE, value)));
        }
        let mut in_scope = fitting.filter(|one| one.has(&self.config.scopes)).peekable();
        if in_scope.peek().is_some() {
            if in_scope.any(|one| self.has_claims(one)) {
                return Ok(());
            }
            let title = "this credential says too little about who presents it";
            return Err(Refusal::deny(StatusCode::FORBIDDEN, "insufficient-claims", title));
        }
        let title = "this credential may not be used for that";
        let detail = format!(
            "realm=\"{}\", error=\"insufficient_scope\", scope=\"{}\"",
            self.config.realm,
            self.config.scopes.join(" ")
        );
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "insufficient-scope", title);
        Err(refusal.with(header::WWW_AUTHENTICATE, challenge("Bearer", &detail)))
    }
}

impl Required {
    fn has_claims(&self, identity: &Identity) -> bool {
        self.config.claims.iter().all(|(name, wanted)| {
            let is_said = |value: &&Value| !matches!(value, Value::Null | Value::Bool(false));
            match identity.claims.get(name) {
                Some(value) if !wanted.is_empty() => wanted.contains(value),
                value => wanted.is_empty() && value.filter(is_said).is_some_and(|v| *v != ""),
            }
        })
    }
}

/// A value of `WWW-Authenticate`.
pub(crate) fn challenge(scheme: &str, detail: &str) -> HeaderValue {
    let value = HeaderValue::try_from(format!("{scheme} {detail}"));
    value.unwrap_or(HeaderValue::from_static("Bearer"))
}

/// Scheme and credentials of an `Authorization` field (RFC 9110 §11.6.2).
pub(crate) fn credentials(value: &HeaderValue) -> Option<(&str, &str)> {
    let text = value.to_str().ok()?.trim();
    let (scheme, rest) = text.split_once([' ', '\t'])?;
    Some((scheme, rest.trim()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn config(any_of: &[Way]) -> AuthenticationConfig {
        AuthenticationConfig {
            any_of: any_of.to_vec(),
            scopes: vec!["a".to_owned()],
            claims: BTreeMap::new(),
            realm: "shop".to_owned(),
        }
    }

    fn identity(kind: PrincipalKind, scopes: &[&str]) -> Identity {
        let empty: Arc<str> = "".into();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Identity {
            kind,
            issuer: empty.clone(),
            subject: "x".into(),
            owner: empty,
            scopes,
            claims: Arc::default(),
        }
    }

    #[test]
    fn one_of_the_ways_is_enough() {
        use PrincipalKind::{ApiKey, Certificate, Subject};
        let policy = Required::compile(&config(&[Way::ApiKey, Way::Jwt]), false).expect("compiles");
        let status = |who: &[Identity]| policy.check(who).err().map(|r| r.status.as_u16());
        assert_eq!(status(&[]), Some(401));
        assert_eq!(status(&[identity(Certificate, &["a"])]), Some(401));
        assert_eq!(status(&[identity(ApiKey, &[])]), Some(403));
        assert_eq!(status(&[identity(ApiKey, &["b", "a"])]), None);
        assert_eq!(status(&[identity(Subject, &["a"])]), None);
        assert_eq!(status(&[identity(ApiKey, &[]), identity(Subject, &["a"])]), None);
        let certificate = Required::compile(&config(&[Way::Certificate]), true).expect("compiles");
        assert!(certificate.check(&[identity(Certificate, &["a"])]).is_ok());
    }

    #[test]
    fn challenges_are_well_formed() {
        let policy = Required::compile(&config(&[Way::Jwt]), false).expect("compiles");
        let refusal = policy.check(&[]).expect_err("refused");
        assert_eq!(
            refusal.fields,
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"shop\""))]
        );
        let refusal = policy.check(&[identity(PrincipalKind::Subject, &[])]).expect_err("refused");
        let expected = "Bearer realm=\"shop\", error=\"insufficient_scope\", scope=\"a\"";
        assert_eq!(refusal.fields[0].1, expected);
    }

    #[test]
    fn what_nobody_could_pass_is_refused() {
        assert!(Required::compile(&config(&[]), true).is_err());
        assert!(Required::compile(&config(&[Way::Certificate]), false).is_err());
        for (realm, scope) in [("a\"b", "a"), ("a\nb", "a"), ("a", "a b"), ("a", ""), ("a", "a\"")]
        {
            let (realm, scopes) = (realm.to_owned(), vec![scope.to_owned()]);
            let config = AuthenticationConfig { realm, scopes, ..config(&[Way::Jwt]) };
            assert!(Required::compile(&config, true).is_err(), "{config:?}");
        }
    }

    #[test]
    fn credentials_are_told_from_their_scheme() {
        for (text, expected) in [
            ("Bearer x", Some(("Bearer", "x"))),
            ("  bearer \t x  ", Some(("bearer", "x"))),
            ("Bearer", None),
            ("Basic a b", Some(("Basic", "a b"))),
        ] {
            assert_eq!(credentials(&HeaderValue::from_static(text)), expected, "{text}");
        }
    }
}
