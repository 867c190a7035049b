//! Fields of messages on their way through: what is of the connection stays behind, what clients
//! claim about themselves is replaced by what we know.

use std::net::IpAddr;

use bartizan_model::webhook::REPLAY_FIELD;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{BufMut, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header, request, uri::PathAndQuery};

use super::client::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};
use crate::{
    call::Call,
    config::{ClientField, UpstreamProtocol},
    head::{
        h2,
        validate::{has_other_marks, is_end_to_end, is_lookalike},
    },
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Removes the fields that are of the connection (RFC 9110 §7.6.1), with those that `Connection`
/// names, and those that `also` names.
pub(crate) fn remove_connection(headers: &mut HeaderMap, also: impl Fn(&str) -> bool) {
    let mut gone: Vec<HeaderName> = Vec::new();
    for name in headers.keys() {
        let is_of_connection = matches!(
            name.as_str(),
            "connection"
                | "keep-alive"
                | "proxy-connection"
                | "transfer-encoding"
                | "upgrade"
                | "te"
        );
        if is_of_connection || also(name.as_str()) {
            gone.push(name.clone());
        }
    }
    for value in headers.get_all(header::CONNECTION) {
        for option in value.as_bytes().split(|b| *b == b',') {
            let option = option.trim_ascii();
            // Usual and without a field of that name.
            if option.eq_ignore_ascii_case(b"close") || option.eq_ignore_ascii_case(b"keep-alive") {
                continue;
            }
            gone.extend(HeaderName::from_bytes(option).ok());
        }
    }
    for name in gone {
        headers.remove(name);
    }
}

/// Prepares the head of a request for its upstream.
pub(crate) fn to_upstream(parts: &mut request::Parts, call: &Call, protocol: UpstreamProtocol) {
    let settings = &call.snapshot.forwarded;
    let is_trusted = call.is_trusted;
    let headers = &mut parts.headers;
    let wants_trailers = headers.get(header::TE).is_some_and(|te| {
        te.as_bytes().split(|b| *b == b',').any(|coding| coding.trim_ascii() == b"trailers")
    });
    let believes = |field| is_trusted && call.snapshot.client_field == field;
    remove_connection(headers, |name| match name {
        "expect" => true,
        "forwarded" => !believes(ClientField::Forwarded),
        "x-forwarded-for" => !believes(ClientField::XForwardedFor),
        "x-real-ip" => !is_trusted,
        name => !is_trusted && (name.starts_with("x-forwarded-") || is_about_certificate(name)),
    });
    if wants_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    join_cookies(headers);
    if settings.x_forwarded {
        x_forwarded(headers, call);
    }
    if settings.forwarded {
        forwarded(headers, call);
    }
    if settings.client_certificate {
        client_certificate(headers, call);
    }
    if settings.request_id {
        headers.insert(X_REQUEST_ID, call.ids.request_value());
    } else if !is_trusted {
        headers.remove(X_REQUEST_ID);
    }
    if !settings.trace && !is_trusted {
        headers.remove(TRACEPARENT);
        headers.remove(TRACESTATE);
    }
    if settings.trace {
        let (trace, goes_on) = call.ids.traceparent(headers.get(TRACEPARENT));
        if !goes_on {
            headers.remove(TRACESTATE);
        }
        headers.insert(TRACEPARENT, trace);
    }
    call.edits_to_upstream().apply(headers);
    mark_replay(headers, call);
    address(parts, call, protocol);
}

/// Tells the upstream of a replay, and of nothing else that somebody says is one.
fn mark_replay(headers: &mut HeaderMap, call: &Call) {
    headers.remove(REPLAY_FIELD);
    let replay = call.link.peer.replay.as_ref();
    if let Some(id) = replay.and_then(|replay| HeaderValue::from_str(replay.id()).ok()) {
        headers.insert(REPLAY_FIELD, id);
    }
}

/// HTTP/2 may send cookies in several fields, HTTP/1 may not (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut cookies = headers.get_all(header::COOKIE).iter();
    if cookies.next().is_none() || cookies.next().is_none() {
        return;
    }
    let mut joined = BytesMut::new();
    for cookie in headers.get_all(header::COOKIE) {
        if !joined.is_empty() {
            joined.put_slice(b"; ");
        }
        joined.put_slice(cookie.as_bytes());
    }
    if let Ok(joined) = HeaderValue::from_maybe_shared(joined.freeze()) {
        headers.insert(header::COOKIE, joined);
    }
}

fn x_forwarded(headers: &mut HeaderMap, call: &Call) {
    let peer = &call.link.peer;
    let mut chain = peer.text.clone();
    if call.is_trusted && headers.contains_key(X_FORWARDED_FOR) {
        let mut text = BytesMut::new();
        for value in headers.get_all(X_FORWARDED_FOR) {
            text.put_slice(value.as_bytes());
            text.put_slice(b", ");
        }
        text.put_slice(peer.text.as_bytes());
        chain = HeaderValue::from_maybe_shared(text.freeze()).unwrap_or(chain);
    } else if call.client != peer.address.ip() {
        // Named in the other field.
        let text = format!("{}, {}", call.client, peer.address.ip());
        chain = HeaderValue::try_from(text).unwrap_or(chain);
    }
    headers.insert(X_FORWARDED_FOR, chain);
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(call.scheme));
    if let Some(authority) = &call.authority
        && !(call.is_trusted && headers.contains_key(X_FORWARDED_HOST))
    {
        headers.insert(X_FORWARDED_HOST, authority.clone());
    }
}

/// Whether somebody writes into such a field what it knows of the certificate of a client: RFC 9440, ingress-nginx,
/// `HAProxy`, Apache, AWS, Azure and usual settings of others. `X-Forwarded-Client-Cert` and
/// `X-Forwarded-Tls-Client-Cert` are among those of proxies. Some servers read `_` and other marks as `-`.
fn is_about_certificate(name: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "client-cert",
        "ssl-client-",
        "x-ssl-client-",
        "x-ssl-cert",
        "x-client-cert",
        "x-client-verify",
        "x-tls-client-",
        "x-amzn-mtls-",
        "x-arr-clientcert",
    ];
    let is_it = |name: &str| BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    let is_mark = |c: char| !c.is_ascii_alphanumeric();
    if has_other_marks(name.as_bytes()) { is_it(&name.replace(is_mark, "-")) } else { is_it(name) }
}

/// RFC 9440 §2.2; what anybody else says about it does not go on. The chain is left out.
fn client_certificate(headers: &mut HeaderMap, call: &Call) {
    headers.remove(CLIENT_CERT);
    headers.remove(CLIENT_CERT_CHAIN);
    let Some(shown) = &call.link.peer.certificate else { return };
    let value = format!(":{}:", STANDARD.encode(shown.leaf()));
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(CLIENT_CERT, value);
    }
}

/// RFC 7239.
fn forwarded(headers: &mut HeaderMap, call: &Call) {
    let peer = call.link.peer.address.ip();
    let mut text = String::new();
    if call.client != peer && !headers.contains_key(header::FORWARDED) {
        // Named in the other field.
        text.push_str(&format!("for={}, ", node(call.client)));
    }
    text.push_str(&format!("for={};proto={}", node(peer), call.scheme));
    if let Some(authority) = call.authority() {
        text.push_str(&format!(";host=\"{authority}\""));
    }
    let Ok(value) = HeaderValue::try_from(text) else { return };
    headers.append(header::FORWARDED, value);
}

/// An address as a node (RFC 7239 §6).
fn node(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("\"[{ip}]\"") } else { ip.to_string() }
}

/// Gives the target the form that the protocol wants.
fn address(parts: &mut request::Parts, call: &Call, protocol: UpstreamProtocol) {
    let target = parts.uri.path_and_query().cloned();
    let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
    match protocol {
        UpstreamProtocol::Http1 => {
            parts.version = Version::HTTP_11;
            if parts.uri.authority().is_some() {
                parts.uri = Uri::from(target);
            }
            if let Some(authority) = &call.authority
                && !parts.headers.contains_key(header::HOST)
            {
                parts.headers.insert(header::HOST, authority.clone());
            }
        }
        UpstreamProtocol::Http2 => {
            parts.version = Version::HTTP_2;
            parts.headers.remove(header::HOST);
            let authority = call.authority().unwrap_or_default();
            let uri =
                Uri::builder().scheme(call.scheme).authority(authority).path_and_query(target);
            if let Ok(uri) = uri.build() {
                parts.uri = uri;
            }
        }
    }
}

/// Prepares the head of a response for the client.
pub(crate) fn to_client(headers: &mut HeaderMap, call: &Call) {
    remove_connection(headers, |_| false);
    call.edits_to_client().apply(headers);
}

/// Fields that tell a client how to treat a response as a whole (RFC 9110 §6.5.1), beside those that
/// frame, route or authenticate: nobody has looked at them when they come behind the body.
const OF_HEADS_ONLY: [HeaderName; 14] = [
    header::SET_COOKIE,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::AGE,
    header::VARY,
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::CONTENT_RANGE,
    header::WWW_AUTHENTICATE,
    header::PROXY_AUTHENTICATE,
    header::STRICT_TRANSPORT_SECURITY,
    header::CONTENT_SECURITY_POLICY,
    header::CONTENT_DISPOSITION,
];

/// Removes from the trailers of a response what may only stand in a head; `true` when there was any.
/// The response was executed, so it is not refused for them.
pub(crate) fn trailers_to_client(trailers: &mut HeaderMap) -> bool {
    let is_of_heads = |name: &&HeaderName| {
        let text = name.as_str();
        is_end_to_end(text.as_bytes())
            || is_lookalike(text.as_bytes())
            || h2::is_of_connection(text)
            || text.starts_with("access-control-")
            || OF_HEADS_ONLY.contains(name)
    };
    let gone: Vec<HeaderName> = trailers.keys().filter(is_of_heads).cloned().collect();
    for name in &gone {
        trailers.remove(name);
    }
    !gone.is_empty()
}

/// Writes a stated length without zeros before it, which some read as octal (RFC 9110 §8.6 has
/// decimal digits only).
pub(crate) fn write_length_anew(headers: &mut HeaderMap) {
    let length =
        headers.get(header::CONTENT_LENGTH).filter(|value| value.as_bytes().starts_with(b"0"));
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_connection_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "5"),
            ("te", "gzip"),
            ("accept", "*/*"),
            ("x-real-ip", "6.6.6.6"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_connection(&mut headers, |name| name == "x-real-ip");
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn trailers_of_answers_say_nothing_about_the_whole() {
        let mut trailers = HeaderMap::new();
        for name in ["set-cookie", "content_length", "access-control-allow-origin", "x-sum", "te"] {
            trailers.insert(name, HeaderValue::from_static("1"));
        }
        assert!(trailers_to_client(&mut trailers));
        assert_eq!(trailers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-sum"]);
        assert!(!trailers_to_client(&mut trailers));
    }

    #[test]
    fn claims_about_certificates_are_known() {
        for name in [
            "client-cert",
            "client-cert-chain",
            "ssl-client-cert",
            "ssl-client-verify",
            "ssl_client_s_dn",
            "ssl.client.s.dn",
            "x-ssl-client-cn",
            "x-client-certificate",
            "x-amzn-mtls-clientcert-leaf",
            "x-arr-clientcert",
        ] {
            assert!(is_about_certificate(name), "{name}");
        }
        for name in ["client-id", "x-client-version", "ssl", "x-ssl"] {
            assert!(!is_about_certificate(name), "{name}");
        }
    }

    #[test]
    fn cookies_are_joined() {
        let mut headers = HeaderMap::new();
        for cookie in ["a=1", "b=2"] {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(header::COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }
}
