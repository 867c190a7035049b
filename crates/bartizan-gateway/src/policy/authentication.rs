//! Required authentication: somebody must have been identified, by one of the ways that are named.

use std::collections::BTreeMap;

use bartizan_model::{Mode, PrincipalKind, Timestamp};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PolicyItem, config::Problem, identity::Identity, record::Refusal, step_up::StepUp};

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "authentication",
    title: "Required authentication",
    mode: Mode::Monitor,
    documentation: "\
Refuses requests of callers that no policy before it has identified (401), and of those that lack a \
scope or a claim (403): an address that was verified, a consent, a tenant. A claim of more than 1 KiB of JSON is as \
if it was not there. It verifies nothing by itself: `api_key`, `jwt`, `introspection`, `basic`, `message_signature` and `ws_security` policies do, in either mode, and a listener that checks client certificates (`gateway.listeners.clients`). Preflight requests that a `cors` policy answers do not get \
here. `WWW-Authenticate` names the schemes that would be taken (RFC 9110 §11.6.1, RFC 6750 §3), and with \
`resource_metadata` where clients read how to get a token (RFC 9728 §5.1).

`step_up` asks for how and when the user was authenticated, by the claims `acr` and `auth_time`; what a token does not \
say was not done. The answer (401) tells the client what to ask for (RFC 9470).",
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
        "\
name: payouts-need-a-second-factor
mode: enforce
scope: {paths: [/v1/payouts/**]}
authentication:
  any_of: [jwt]
  step_up: {acr_values: [mfa], max_age_seconds: 300}
  resource_metadata: https://api.example/.well-known/oauth-protected-resource
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
    /// How the user must have been authenticated (RFC 9470); own keys and certificates never are.
    #[serde(default)]
    pub step_up: Option<StepUp>,
    /// URL of the metadata of this resource, which the client is told; see `protected_resource` policies.
    #[serde(default)]
    pub resource_metadata: Option<String>,
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
    /// A token, verified by a `jwt` or an `introspection` policy.
    Jwt,
    /// A client certificate, verified by the listener.
    Certificate,
    /// A key that the request was signed with, verified by a `message_signature` policy.
    Signature,
    /// A user with a password, verified by a `basic` policy.
    Basic,
    /// A user or a signer of a SOAP message, verified by a `ws_security` policy. It is asked once the body is there.
    WsSecurity,
}

impl Way {
    /// Whether an identity was found in this way. Tokens have an issuer, users with passwords have none; messages have one
    /// for signers and users, whose kinds are never those of tokens.
    pub(crate) fn is_of(self, identity: &Identity) -> bool {
        let (kind, has_issuer) = (identity.kind, !identity.issuer.is_empty());
        match self {
            Self::ApiKey => kind == PrincipalKind::ApiKey,
            Self::Jwt => kind == PrincipalKind::Subject && has_issuer,
            Self::Certificate => kind == PrincipalKind::Certificate && !has_issuer,
            Self::Signature => kind == PrincipalKind::Client && !has_issuer,
            Self::Basic => kind == PrincipalKind::Subject && !has_issuer,
            Self::WsSecurity => {
                has_issuer && matches!(kind, PrincipalKind::Certificate | PrincipalKind::Client)
            }
        }
    }
}

/// A compiled authentication policy.
#[derive(Debug)]
pub(crate) struct Required {
    config: AuthenticationConfig,
    /// What every challenge begins with.
    detail: String,
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
        if let Some(step) = &config.step_up {
            step.check()?;
        }
        let url = config.resource_metadata.as_deref();
        let is_url = |url: &str| {
            url.starts_with("https://") && url.bytes().all(|b| is_plain(b) && b != b' ')
        };
        if url.is_some_and(|url| !is_url(url)) {
            return Err(Problem::new("resource_metadata", "expected an https URL"));
        }
        let url = url.map(|url| format!(", resource_metadata=\"{url}\"")).unwrap_or_default();
        let detail = format!("realm=\"{}\"{url}", config.realm);
        let has = |way| config.any_of.contains(&way);
        let mut challenges = Vec::new();
        if has(Way::ApiKey) || has(Way::Jwt) {
            challenges.push(challenge("Bearer", &detail));
        }
        if has(Way::Basic) {
            challenges.push(challenge("Basic", &format!("{detail}, charset=\"UTF-8\"")));
        }
        if challenges.is_empty() {
            let scheme = if has(Way::Signature) {
                "Signature"
            } else if has(Way::WsSecurity) {
                "WS-Security"
            } else {
                "Certificate"
            };
            challenges.push(challenge(scheme, &detail));
        }
        Ok(Self { config: config.clone(), detail, challenges })
    }

    pub(crate) fn check(&self, identities: &[Identity], now: Timestamp) -> Result<(), Refusal> {
        let ways = &self.config.any_of;
        let mut fitting =
            identities.iter().filter(|one| ways.iter().any(|way| way.is_of(one))).peekable();
        if fitting.peek().is_none() {
            let title = "this needs a valid credential";
            let refusal = Refusal::deny(StatusCode::UNAUTHORIZED, "authentication-required", title);
            let challenges = self.challenges.iter().cloned();
            return Err(challenges
                .fold(refusal, |refusal, value| refusal.with(header::WWW_AUTHENTICATE, value)));
        }
        let mut in_scope = fitting.filter(|one| one.has(&self.config.scopes)).peekable();
        if in_scope.peek().is_some() {
            let mut saying = in_scope.filter(|one| self.has_claims(one)).peekable();
            if saying.peek().is_some() {
                let step = self.config.step_up.as_ref();
                return match step.filter(|step| !saying.any(|one| step.is_met(one, now))) {
                    Some(step) => Err(step.refusal(&self.detail)),
                    None => Ok(()),
                };
            }
            let title = "this credential says too little about who presents it";
            return Err(Refusal::deny(StatusCode::FORBIDDEN, "insufficient-claims", title));
        }
        let title = "this credential may not be used for that";
        let detail = format!(
            "{}, error=\"insufficient_scope\", scope=\"{}\"",
            self.detail,
            self.config.scopes.join(" ")
        );
        let refusal = Refusal::deny(StatusCode::FORBIDDEN, "insufficient-scope", title);
        Err(refusal.with(header::WWW_AUTHENTICATE, challenge("Bearer", &detail)))
    }
}

impl Required {
    /// Whether it may be met by who a SOAP message is from, which its body tells.
    pub(crate) fn takes_messages(&self) -> bool {
        self.config.any_of.contains(&Way::WsSecurity)
    }

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
            step_up: None,
            resource_metadata: None,
        }
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn identity(kind: PrincipalKind, scopes: &[&str]) -> Identity {
        let empty: Arc<str> = "".into();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let issuer = if kind == PrincipalKind::Subject { "https://idp.example" } else { "" };
        Identity {
            kind,
            issuer: issuer.into(),
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
        let status = |who: &[Identity]| policy.check(who, NOW).err().map(|r| r.status.as_u16());
        assert_eq!(status(&[]), Some(401));
        assert_eq!(status(&[identity(Certificate, &["a"])]), Some(401));
        assert_eq!(status(&[identity(ApiKey, &[])]), Some(403));
        assert_eq!(status(&[identity(ApiKey, &["b", "a"])]), None);
        assert_eq!(status(&[identity(Subject, &["a"])]), None);
        assert_eq!(status(&[identity(ApiKey, &[]), identity(Subject, &["a"])]), None);
        let certificate = Required::compile(&config(&[Way::Certificate]), true).expect("compiles");
        assert!(certificate.check(&[identity(Certificate, &["a"])], NOW).is_ok());
    }

    #[test]
    fn a_password_is_no_token_and_a_token_no_password() {
        let token = identity(PrincipalKind::Subject, &["a"]);
        let user = Identity { issuer: "".into(), ..token.clone() };
        for (way, [with_token, with_password]) in
            [(Way::Jwt, [true, false]), (Way::Basic, [false, true])]
        {
            let policy = Required::compile(&config(&[way]), false).expect("compiles");
            assert_eq!(policy.check(std::slice::from_ref(&token), NOW).is_ok(), with_token);
            assert_eq!(policy.check(std::slice::from_ref(&user), NOW).is_ok(), with_password);
        }
        let both = Required::compile(&config(&[Way::Basic, Way::Jwt]), false).expect("compiles");
        let refusal = both.check(&[], NOW).expect_err("refused");
        let challenges: Vec<_> = refusal.fields.iter().map(|(_, value)| value.clone()).collect();
        assert_eq!(
            challenges,
            ["Bearer realm=\"shop\"", "Basic realm=\"shop\", charset=\"UTF-8\""]
        );
    }

    #[test]
    fn who_a_message_is_from_is_known_by_no_other_way() {
        use PrincipalKind::{Certificate, Client};
        let message = |kind| Identity { issuer: "ws-security".into(), ..identity(kind, &["a"]) };
        let passes = |way, who: &Identity| {
            let policy = Required::compile(&config(&[way]), true).expect("compiles");
            policy.check(std::slice::from_ref(who), NOW).is_ok()
        };
        for who in [message(Certificate), message(Client)] {
            assert!(passes(Way::WsSecurity, &who));
            for way in [Way::Certificate, Way::Signature, Way::Basic, Way::Jwt, Way::ApiKey] {
                assert!(!passes(way, &who), "{way:?}");
            }
        }
        let token =
            Identity { issuer: "ws-security".into(), ..identity(PrincipalKind::Subject, &["a"]) };
        for who in [token, identity(Certificate, &["a"]), identity(Client, &["a"])] {
            assert!(!passes(Way::WsSecurity, &who));
        }
    }

    #[test]
    fn challenges_are_well_formed() {
        let policy = Required::compile(&config(&[Way::Jwt]), false).expect("compiles");
        let refusal = policy.check(&[], NOW).expect_err("refused");
        assert_eq!(
            refusal.fields,
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"shop\""))]
        );
        let refusal =
            policy.check(&[identity(PrincipalKind::Subject, &[])], NOW).expect_err("refused");
        let expected = "Bearer realm=\"shop\", error=\"insufficient_scope\", scope=\"a\"";
        assert_eq!(refusal.fields[0].1, expected);
    }

    #[test]
    fn clients_are_told_where_to_read_on_and_what_is_missing() {
        let url = "https://api.example/.well-known/oauth-protected-resource";
        let step_up = StepUp { acr_values: vec!["mfa".to_owned()], max_age_seconds: None };
        let config = AuthenticationConfig {
            step_up: Some(step_up),
            resource_metadata: Some(url.to_owned()),
            ..config(&[Way::Jwt])
        };
        let policy = Required::compile(&config, false).expect("compiles");
        let shown = |who: &[Identity]| {
            let refusal = policy.check(who, NOW).expect_err("refused");
            (refusal.status.as_u16(), refusal.fields[0].1.to_str().expect("text").to_owned())
        };
        let begin = format!("Bearer realm=\"shop\", resource_metadata=\"{url}\"");
        assert_eq!(shown(&[]), (401, begin.clone()));
        let (status, value) = shown(&[identity(PrincipalKind::Subject, &[])]);
        assert!(status == 403 && value.starts_with(&begin), "{value}");
        let expected =
            format!("{begin}, error=\"insufficient_user_authentication\", acr_values=\"mfa\"");
        assert_eq!(shown(&[identity(PrincipalKind::Subject, &["a"])]), (401, expected));
        for url in ["http://a.example", "https://a\"b", "https://a b", "x"] {
            let resource_metadata = Some(url.to_owned());
            let config = AuthenticationConfig { resource_metadata, ..config.clone() };
            assert!(Required::compile(&config, true).is_err(), "{url}");
        }
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
