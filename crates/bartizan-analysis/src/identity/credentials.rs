//! Finds the credentials that a request carries and whom they name. Nothing is verified here.

use bartizan_model::{AuthType, Exchange, HashKey, PrincipalKind, Root, Side, redact};
use bartizan_protocols::{Codec, NodeRef, Value, decode::Decoded};

use super::{Credential, Named, names};
use crate::snapshot::Snapshot;

/// Most credentials taken from one request.
pub const MAX_CREDENTIALS: usize = 16;

/// The credentials of a request, the strongest first: certificate, `Authorization`, API keys and
/// tokens in headers, query, then session cookies.
#[must_use]
pub fn extract(exchange: &Exchange, decoded: &Decoded, snapshot: &Snapshot) -> Vec<Credential> {
    let key = &snapshot.key;
    let view = &decoded.view;
    let mut out = Vec::new();
    if let Some(subject) = &exchange.client.certificate_subject {
        out.push(named(
            "connection",
            "certificate",
            AuthType::Certificate,
            PrincipalKind::Certificate,
            key,
            subject,
        ));
    }
    if let Some(headers) = view.root(Side::Request, Root::Header) {
        for header in headers.children() {
            from_header(header, key, &mut out);
        }
    }
    if let Some(user) = exchange.client.user.as_deref().filter(|_| out.is_empty()) {
        // The front server authenticated it; a log does not say how.
        out.push(named(
            "connection",
            "remote_user",
            AuthType::Other,
            PrincipalKind::Subject,
            key,
            user,
        ));
    }
    if let Some(query) = view.root(Side::Request, Root::Query) {
        for parameter in query.children() {
            from_parameter(parameter, key, &mut out);
        }
    }
    if let Some(cookies) = view.root(Side::Request, Root::Cookie) {
        for cookie in cookies.children() {
            from_cookie(cookie, key, &mut out);
        }
    }
    out.truncate(MAX_CREDENTIALS);
    out
}

fn named(
    location: &'static str,
    name: &str,
    auth_type: AuthType,
    kind: PrincipalKind,
    key: &HashKey,
    who: &str,
) -> Credential {
    Credential {
        auth_type,
        location,
        name: name.into(),
        token: key.hash("credential", who.as_bytes()),
        names: Some(who_is(kind, key, "", who)),
        jwt: None,
    }
}

fn who_is(kind: PrincipalKind, key: &HashKey, issuer: &str, name: &str) -> Named {
    let mut value = Vec::with_capacity(issuer.len() + name.len() + 1);
    value.extend_from_slice(issuer.as_bytes());
    value.push(0);
    value.extend_from_slice(name.as_bytes());
    Named { kind, hash: key.hash("principal", &value), shape: redact::shape(name).into() }
}

fn from_header(header: NodeRef<'_>, key: &HashKey, out: &mut Vec<Credential>) {
    let name = header.key();
    let value = header.raw();
    if value.is_empty() || out.len() >= MAX_CREDENTIALS {
        return;
    }
    if name == "authorization" || name == "proxy-authorization" {
        from_authorization(header, value.trim(), key, out);
    } else if names::is_key_name(name) && names::is_credential_like(strip_bearer(value)) {
        out.push(token(header, "header", strip_bearer(value), AuthType::ApiKey, key));
    }
}

fn strip_bearer(value: &str) -> &str {
    match value.trim().split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
        _ => value.trim(),
    }
}

fn from_authorization(header: NodeRef<'_>, value: &str, key: &HashKey, out: &mut Vec<Credential>) {
    let (scheme, rest) = match value.split_once(' ') {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.trim()),
        // Some APIs put the bare key there.
        None if names::is_secret_like(value) => (String::new(), value),
        None => return,
    };
    let credential = match scheme.as_str() {
        "basic" => {
            let mut found = token(header, "header", rest, AuthType::Basic, key);
            found.names =
                basic_user(rest).map(|user| who_is(PrincipalKind::Subject, key, "", &user));
            found
        }
        "bearer" | "token" | "jwt" => token(header, "header", rest, AuthType::Bearer, key),
        "" | "apikey" | "api-key" | "key" => token(header, "header", rest, AuthType::ApiKey, key),
        "digest" => {
            let mut found = token(header, "header", rest, AuthType::Digest, key);
            found.names =
                quoted_field(rest, "username").map(|u| who_is(PrincipalKind::Subject, key, "", u));
            found
        }
        "signature" | "hmac" => token(header, "header", rest, AuthType::Signature, key),
        s if s.starts_with("aws4-") || s.contains("hmac") => {
            let mut found = token(header, "header", rest, AuthType::Signature, key);
            let client = rest.split("Credential=").nth(1).and_then(|c| c.split(['/', ',']).next());
            found.names = client.map(|c| who_is(PrincipalKind::Client, key, "", c));
            found
        }
        _ => token(header, "header", rest, AuthType::Other, key),
    };
    out.push(credential);
}

/// A token as credential. A JWT names its subject or client; another bearer token or key names
/// itself.
fn token(
    node: NodeRef<'_>,
    location: &'static str,
    value: &str,
    plain: AuthType,
    key: &HashKey,
) -> Credential {
    let hash = key.hash("credential", value.as_bytes());
    let mut found = Credential {
        auth_type: plain,
        location,
        name: node.key().into(),
        token: hash,
        names: None,
        jwt: None,
    };
    if let Some(jwt) = jwt_below(node) {
        found.auth_type = AuthType::Jwt;
        found.jwt = Some(jwt.id());
        found.names = jwt_names(jwt, key);
    }
    if found.names.is_none() {
        let kind = match plain {
            AuthType::ApiKey => Some(PrincipalKind::ApiKey),
            AuthType::Bearer | AuthType::Other => Some(PrincipalKind::Token),
            _ => None,
        };
        found.names = kind.map(|kind| Named { kind, hash, shape: redact::shape(value).into() });
    }
    found
}

/// The decoded JWT directly below a text.
fn jwt_below(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    node.children().find(|child| child.codec() == Some(Codec::Jwt))
}

fn claim<'a>(payload: NodeRef<'a>, name: &str) -> Option<&'a str> {
    let node = payload.children().find(|child| child.key() == name)?;
    match node.value() {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Integer(_) => Some(node.raw()),
        _ => None,
    }
}

/// Whom a JWT names: `sub` within `iss` (RFC 7519 §4.1.2), else `client_id` (RFC 9068 §2.2), `azp`,
/// or a common private claim.
fn jwt_names(jwt: NodeRef<'_>, key: &HashKey) -> Option<Named> {
    let payload = jwt.children().find(|child| child.key() == "payload")?;
    let issuer = claim(payload, "iss").unwrap_or("");
    let subject = ["sub", "user_id", "userId", "uid", "preferred_username", "username", "email"];
    if let Some(name) = subject.iter().find_map(|name| claim(payload, name)) {
        return Some(who_is(PrincipalKind::Subject, key, issuer, name));
    }
    let client = ["client_id", "azp", "cid"].iter().find_map(|name| claim(payload, name))?;
    Some(who_is(PrincipalKind::Client, key, issuer, client))
}

fn basic_user(encoded: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded.get(..encoded.len().min(1024))?)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let user = text.split_once(':')?.0;
    (!user.is_empty()).then(|| user.to_owned())
}

fn quoted_field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(&format!("{name}=\""))? + name.len() + 2;
    text.get(at..)?.split('"').next()
}

fn from_parameter(parameter: NodeRef<'_>, key: &HashKey, out: &mut Vec<Credential>) {
    let value = parameter.raw();
    let name = parameter.key();
    // A bare `key` is an API key by wide convention, but only with a value that looks random.
    let bare_key = name == "key" && value.len() >= 20 && value.bytes().any(|b| b.is_ascii_digit());
    if (bare_key || names::is_key_name(name))
        && names::is_secret_like(value)
        && out.len() < MAX_CREDENTIALS
    {
        out.push(token(parameter, "query", value, AuthType::ApiKey, key));
    }
}

fn from_cookie(cookie: NodeRef<'_>, key: &HashKey, out: &mut Vec<Credential>) {
    let value = cookie.raw();
    if names::is_session_cookie(cookie.key())
        && names::is_credential_like(value)
        && out.len() < MAX_CREDENTIALS
    {
        let mut found = token(cookie, "cookie", value, AuthType::SessionCookie, key);
        if found.jwt.is_some() {
            found.auth_type = AuthType::Jwt;
        }
        out.push(found);
    }
}

/// The session token of a request: a session cookie, else the bearer token.
#[must_use]
pub fn session_of(credentials: &[Credential]) -> Option<&Credential> {
    let cookie = credentials.iter().find(|c| c.location == "cookie");
    cookie.or_else(|| {
        credentials.iter().find(|c| matches!(c.auth_type, AuthType::Jwt | AuthType::Bearer))
    })
}
