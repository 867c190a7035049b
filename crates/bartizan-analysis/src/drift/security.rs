//! How callers authenticate beside how they should.

use bartizan_model::{Auth, AuthType, DriftGrade, DriftKind, Endpoint};
use bartizan_protocols::spec::{Requirement, SpecScheme};

use super::{At, Found, Known, MIN_UNUSED_SAMPLES};

pub(super) fn compare(found: &mut Found<'_>, endpoint: &Endpoint, known: Known<'_>) {
    let at = At { part: "request", location: "", place: Some(known.operation.place) };
    if known.operation.secured() == Some(true) {
        anonymous(found, known, at);
        otherwise(found, endpoint, known, at);
    } else if known.operation.security.as_ref().is_none_or(|list| list.is_empty()) {
        unwritten(found, endpoint, at);
    }
}

/// RFC 9110 §11: what asks for credentials must not answer without.
fn anonymous(found: &mut Found<'_>, known: Known<'_>, at: At<'_>) {
    if known.anonymous > 0 {
        found.tell(
            DriftGrade::Breaking,
            DriftKind::AnsweredWithoutAuthentication,
            at,
            &names(known),
            &format!("{} granted without a credential", known.anonymous),
        );
    }
}

/// Requests that were granted by a credential that no scheme names: those with one, less all that may have had a
/// credential that some scheme names.
fn otherwise(found: &mut Found<'_>, endpoint: &Endpoint, known: Known<'_>, at: At<'_>) {
    let schemes: Vec<&SpecScheme> = requirements(known)
        .flat_map(|one| &one.schemes)
        .filter_map(|(name, _)| known.document.schemes.iter().find(|own| own.name == *name))
        .collect();
    let (written, others): (Vec<&Auth>, Vec<&Auth>) =
        endpoint.auth.iter().partition(|auth| schemes.iter().any(|scheme| is_of(auth, scheme)));
    // A scheme that is nowhere described may be anything.
    let named = requirements(known).flat_map(|one| &one.schemes).count();
    if schemes.len() < named || others.is_empty() {
        return;
    }
    let share = |auth: &&Auth| (auth.coverage * endpoint.auth_judged as f64).round() as u64;
    let fitting: u64 = written.iter().map(share).sum();
    let rest = endpoint.auth_judged.saturating_sub(known.anonymous).saturating_sub(fitting);
    // Shares are told to four digits.
    if rest > 0 && rest.saturating_mul(5_000) > endpoint.auth_judged {
        let seen = format!("{rest} granted by {}", ways(others.into_iter()));
        found.tell(DriftGrade::Warning, DriftKind::Authentication, at, &names(known), &seen);
    }
}

/// Where nothing is asked for, and yet every caller has the same kind of credential, it is needed. Cookies come
/// along with whatever a browser asks for.
fn unwritten(found: &mut Found<'_>, endpoint: &Endpoint, at: At<'_>) {
    let is_enough = endpoint.auth_judged >= MIN_UNUSED_SAMPLES;
    let always = endpoint.auth.iter();
    let mut always = always
        .filter(|auth| auth.coverage >= 1.0 && auth.auth_type != AuthType::SessionCookie)
        .filter(|auth| !is_told_by_server(auth))
        .peekable();
    if is_enough && always.peek().is_some() {
        let seen = format!("all granted had {}", ways(always));
        found.tell(DriftGrade::Warning, DriftKind::Authentication, at, "", &seen);
    }
}

fn requirements<'a>(known: Known<'a>) -> impl Iterator<Item = &'a Requirement> {
    known.operation.security.iter().flat_map(|list| list.iter())
}

fn names(known: Known<'_>) -> String {
    let names = requirements(known).map(|one| {
        one.schemes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and ")
    });
    names.collect::<Vec<_>>().join(" or ")
}

/// `basic in header authorization`, several joined by `and`.
fn ways<'a>(all: impl Iterator<Item = &'a Auth>) -> String {
    let one = |auth: &Auth| format!("{} in {} {}", auth.auth_type, auth.location, auth.name);
    all.map(one).collect::<Vec<_>>().join(" and ")
}

/// Whether the front server says who called, and not how it knows.
fn is_told_by_server(auth: &Auth) -> bool {
    auth.auth_type == AuthType::Other && auth.location == "connection"
}

/// Whether a credential that was seen is of a scheme (OpenAPI 3.1.1 §4.8.27, Swagger 2.0 "Security Scheme").
fn is_of(auth: &Auth, scheme: &SpecScheme) -> bool {
    use AuthType::{Basic, Bearer, Certificate, Digest, Jwt};
    let is_header = auth.location == "header" && auth.name.eq_ignore_ascii_case("authorization");
    let is_token = matches!(auth.auth_type, Bearer | Jwt);
    if is_told_by_server(auth) {
        return true;
    }
    match (scheme.kind.as_str(), scheme.scheme.to_ascii_lowercase().as_str()) {
        ("apiKey", _) => {
            auth.location == scheme.location && auth.name.eq_ignore_ascii_case(&scheme.parameter)
        }
        ("http", "basic") | ("basic", _) => auth.auth_type == Basic,
        ("http", "bearer") => is_header && is_token,
        ("http", "digest") => auth.auth_type == Digest,
        ("http", _) => is_header && !is_token && auth.auth_type != Basic,
        // Tokens of both are sent in several ways (RFC 6750 §2).
        ("oauth2" | "openIdConnect", _) => is_token,
        ("mutualTLS", _) => auth.auth_type == Certificate,
        // What the specification of specifications does not know may be anything.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Auth, AuthType};
    use bartizan_protocols::spec::{self, NoFiles};

    use super::super::*;

    const SPEC: &str = r"openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /bearer: {get: {security: [{token: []}], responses: {}}}
  /none: {get: {responses: {}}}
  /free: {get: {security: [{token: []}, {}], responses: {}}}
  /both: {get: {security: [{token: []}, {key: []}], responses: {}}}
  /gone: {get: {security: [{nowhere: []}], responses: {}}}
components:
  securitySchemes:
    token: {type: http, scheme: Bearer}
    key: {type: apiKey, in: header, name: X-Api-Key}
";

    fn auth(auth_type: AuthType, location: &str, name: &str, coverage: f64) -> Auth {
        Auth { auth_type, location: location.to_owned(), name: name.to_owned(), coverage }
    }

    fn drift(path: &str, anonymous: u64, auth: Vec<Auth>) -> Vec<(DriftKind, String, String)> {
        let document = spec::read(SPEC.as_bytes(), &mut NoFiles).expect("reads");
        let found = document.operations.iter().find(|one| one.path == path);
        let operation = found.expect("an operation");
        let endpoint = Endpoint { auth, auth_judged: 100, ..Endpoint::default() };
        let known = Known { anonymous, ..Known::of("s", &document, operation) };
        let drift = compare(&endpoint, known).drift.into_iter();
        drift.map(|one| (one.kind, one.written, one.seen)).collect()
    }

    #[test]
    fn another_way_than_is_written_is_told() {
        let key = |coverage| auth(AuthType::ApiKey, "header", "x-api-key", coverage);
        let token = |coverage| auth(AuthType::Jwt, "header", "authorization", coverage);
        let told = |written: &str, seen: &str| {
            vec![(DriftKind::Authentication, written.to_owned(), seen.to_owned())]
        };
        let seen = "granted by api_key in header x-api-key";
        assert_eq!(drift("/bearer", 0, vec![key(1.0)]), told("token", &format!("100 {seen}")));
        assert_eq!(
            drift("/bearer", 0, vec![token(0.6), key(0.4)]),
            told("token", &format!("40 {seen}"))
        );
        assert_eq!(drift("/bearer", 0, vec![token(1.0), key(0.4)]), [], "it was there as well");
        assert_eq!(drift("/both", 0, vec![token(0.6), key(0.4)]), []);
        assert_eq!(drift("/free", 0, vec![key(1.0)]), [], "nothing has to be there");
        assert_eq!(drift("/gone", 0, vec![key(1.0)]), [], "what is not described may be this");
        let anonymous = drift("/bearer", 40, vec![token(0.6)]);
        assert_eq!(anonymous.len(), 1);
        assert_eq!(anonymous[0].0, DriftKind::AnsweredWithoutAuthentication);
    }

    #[test]
    fn what_all_callers_have_is_missing_in_what_is_written() {
        let basic = |coverage| auth(AuthType::Basic, "header", "authorization", coverage);
        let seen = "all granted had basic in header authorization".to_owned();
        assert_eq!(
            drift("/none", 0, vec![basic(1.0)]),
            [(DriftKind::Authentication, String::new(), seen)]
        );
        assert_eq!(drift("/none", 10, vec![basic(0.9)]), [], "it is not needed");
        let cookie = auth(AuthType::SessionCookie, "cookie", "sid", 1.0);
        assert_eq!(drift("/none", 0, vec![cookie]), []);
    }
}
