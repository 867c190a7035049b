//! Access tokens that live too long.

use bartizan_model::{
    Attack, Confidence, Cwe, Duration, Evidence, Input, ItemMeta, Outcome, Owasp, Severity, Side,
    Status, finding::Failure,
};
use bartizan_protocols::Value;

use crate::checks::{
    CheckItem, Expected, Run, Subject,
    example::{SIGNATURE, example, get, jwt, post},
    scope::{self, Answer},
    token::Token,
    words::contains,
};

/// Longest lifetime of an access token that passes.
const LONGEST_SECONDS: i64 = 24 * 3_600;
/// Beyond this it is no longer a matter of hygiene.
const GRAVE_SECONDS: i64 = 30 * 24 * 3_600;

/// The item.
pub static CHECK: CheckItem = CheckItem {
    meta: ItemMeta {
        code: "BZ-C007",
        name: "jwt-long-lifetime",
        title: "JSON Web Token lives longer than a day",
        severity: Severity::Low,
        confidence: Confidence::High,
        status: Status::Stable,
        owasp: Some(Owasp::Api2),
        cwe: &[Cwe(613)],
        attack: &[Attack("T1550.001")],
        inputs: &[Input::RequestHead, Input::Status, Input::ResponseBody, Input::Time],
        what: "Fails when a token that the API accepted or issued expires more than 24 hours after `iat` \
               (else `nbf`, else the time of the exchange); medium beyond 30 days. Refresh tokens, \
               by claim or field name, do not count; tokens without `exp` are the matter of BZ-C006.",
        why: "The longer a token lives, the longer a stolen one can be used; most APIs cannot revoke one.",
        fix: "Issue access tokens for minutes to an hour and renew them with a refresh token that is bound \
              to the client and rotated.",
        references: &["RFC 8725 section 3.10", "RFC 9700 section 2.2"],
    },
    run: Run::Host(|subject| scope::settle(look(subject))),
    examples: &[
        example("a year", Expected::Fail, || {
            let claims = r#"{"sub":"u1","iat":1795341600,"exp":1826877600}"#;
            let token = jwt(r#"{"alg":"ES256"}"#, claims, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("an hour", Expected::Pass, || {
            let claims = r#"{"sub":"u1","iat":1795341600,"exp":1795345200}"#;
            let token = jwt(r#"{"alg":"ES256"}"#, claims, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            request.header("authorization", &format!("Bearer {token}")).json(200, "{}").one()
        }),
        example("a refresh token may live longer", Expected::NotApplicable, || {
            let claims = r#"{"sub":"u1","typ":"Refresh","iat":1795341600,"exp":1826877600}"#;
            let token = jwt(r#"{"alg":"ES256"}"#, claims, SIGNATURE);
            let body = format!(r#"{{"refresh_token":"{token}"}}"#);
            post("https://api.example.com/oauth/token", "{}").json(200, &body).one()
        }),
        example("neither the token nor the source tells a time", Expected::NotEvaluated, || {
            let token = jwt(r#"{"alg":"ES256"}"#, r#"{"sub":"u1","exp":1826877600}"#, SIGNATURE);
            let request = get("https://api.example.com/v1/me");
            let request = request.header("authorization", &format!("Bearer {token}"));
            let mut exchange = request.json(200, "{}").build();
            exchange.time = None;
            vec![exchange]
        }),
    ],
};

fn look(subject: &Subject<'_>) -> Answer {
    let mut longest: Option<(i64, Token<'_>)> = None;
    let mut unknown = false;
    for token in subject.working_tokens()? {
        let claims = Claims::of(token);
        let Some(exp) = claims.exp.filter(|_| !claims.refresh) else { continue };
        match claims.issued.or_else(|| subject.exchange.time.map(|time| time.seconds())) {
            Some(from) => {
                let lifetime = exp.saturating_sub(from);
                if longest.is_none_or(|(most, _)| lifetime > most) {
                    longest = Some((lifetime, *token));
                }
            }
            None => unknown = true,
        }
    }
    match longest {
        Some((lifetime, token)) if lifetime > LONGEST_SECONDS => {
            let note = format!(
                "the token lives {}, longer than {}",
                Duration::seconds(lifetime),
                Duration::seconds(LONGEST_SECONDS)
            );
            let evidence = Evidence::at(token.side(), token.instance(), note)
                .in_exchange(&subject.exchange.id);
            Ok(Outcome::Fail(Box::new(Failure {
                severity: (lifetime > GRAVE_SECONDS).then_some(Severity::Medium),
                evidence: vec![evidence],
                ..Failure::default()
            })))
        }
        Some(_) => Ok(Outcome::Pass),
        None if unknown => Err(Outcome::NotEvaluated(Input::Time)),
        None => Err(Outcome::NotApplicable),
    }
}

/// What a token says about its life, seconds since 1970.
#[derive(Default)]
struct Claims {
    exp: Option<i64>,
    /// `iat`, else `nbf`.
    issued: Option<i64>,
    /// Whether it is a refresh token, by a claim or the name of its field.
    refresh: bool,
}

impl Claims {
    fn of(token: &Token<'_>) -> Self {
        let named = |word| contains(token.name(), word);
        let mut claims = Self {
            refresh: named("refresh")
                || (token.side() == Side::Response && named("remember"))
                || token.header("typ").is_some_and(says_refresh),
            ..Self::default()
        };
        let (mut iat, mut nbf) = (None, None);
        for claim in token.claims() {
            match claim.key() {
                "exp" => claims.exp = claims.exp.or(seconds(claim.value())),
                "iat" => iat = iat.or(seconds(claim.value())),
                "nbf" => nbf = nbf.or(seconds(claim.value())),
                "typ" | "type" | "token_type" | "token_use" => {
                    claims.refresh |= says_refresh(claim.value());
                }
                _ => {}
            }
        }
        claims.issued = iat.or(nbf);
        claims
    }
}

fn seconds(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(value),
        Value::Number(value) if value.abs() < 1e15 => Some(value as i64),
        _ => None,
    }
}

fn says_refresh(value: Value<'_>) -> bool {
    matches!(value, Value::Text(text) if contains(text, "refresh") || text.eq_ignore_ascii_case("offline"))
}
