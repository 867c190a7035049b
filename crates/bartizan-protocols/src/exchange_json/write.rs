//! From an exchange to its line.

use bartizan_model::{BodyState, Exchange, HeaderState, Headers, Message, Request, Response};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::read::{UrlParts, split_url};
use crate::embedded::STANDARD;

/// Appends the line of an exchange, without a line end, such that [`super::parse_line`] gives the
/// same exchange back. Nothing is redacted: the caller tokenises before, unless clear text was
/// asked for.
///
/// A duration that is not finite is left out.
pub fn write_line(out: &mut String, exchange: &Exchange) {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            line.insert(key.to_owned(), value);
        }
    };
    if !exchange.id.as_str().is_empty() {
        put("id", exchange.id.as_str().into());
    }
    put("time", exchange.time.map(|time| time.to_string()).into());
    put("client", client(exchange));
    put("request", request(&exchange.request));
    put("response", exchange.response.as_ref().map_or(Value::Null, response));
    put("duration_ms", json!(exchange.duration_ms));
    put("source", json!(exchange.source));
    put(
        "server",
        exchange.server.map_or(Value::Null, |(ip, port)| json!({"ip": ip, "port": port})),
    );
    put("upstream", json!(exchange.upstream));
    put("tls", json!(exchange.tls));
    put("direction", json!(exchange.flow));
    put("caller", json!(exchange.caller));
    put("callee", json!(exchange.callee));
    put("protocol", json!(exchange.protocol));
    put("connection_id", json!(exchange.connection_id));
    put("request_id", json!(exchange.request_id));
    put("environment", json!(exchange.environment));
    if !exchange.messages.is_empty() {
        put("messages", exchange.messages.iter().map(message).collect());
    }
    if !exchange.trailers.is_empty() {
        put("trailers", headers(&exchange.trailers));
    }
    if !exchange.policies.is_empty() {
        put("policies", json!(exchange.policies));
    }
    out.push_str(&Value::Object(line).to_string());
}

fn client(exchange: &Exchange) -> Value {
    let client = &exchange.client;
    if *client == Default::default() {
        return Value::Null;
    }
    json!({
        "ip": client.ip,
        "port": client.port,
        "ja4": client.ja4,
        "certificate_subject": client.certificate_subject,
        "user": client.user,
    })
}

fn request(request: &Request) -> Value {
    let mut out = Map::new();
    out.insert("method".to_owned(), request.method.as_str().into());
    let parts = UrlParts {
        scheme: request.scheme.clone(),
        authority: request.authority.clone(),
        target: request.target.clone(),
    };
    let url = match request.scheme.as_str() {
        "" => request.target.clone(),
        scheme => {
            // `*` and other targets that are no path are no part of a URL (RFC 9112 §3.3).
            let path = if request.target.starts_with('/') { request.target.as_str() } else { "" };
            format!("{scheme}://{}{path}", request.authority)
        }
    };
    let read = split_url(&request.method, &url, request.headers.get("host"));
    if let Some(read) = &read {
        out.insert("url".to_owned(), url.into());
        // What a URL cannot say is said beside it.
        for (key, theirs, ours) in [
            ("scheme", &read.scheme, &parts.scheme),
            ("authority", &read.authority, &parts.authority),
            ("target", &read.target, &parts.target),
        ] {
            if theirs != ours {
                out.insert(key.to_owned(), ours.as_str().into());
            }
        }
    } else {
        out.insert("scheme".to_owned(), parts.scheme.into());
        out.insert("authority".to_owned(), parts.authority.into());
        out.insert("target".to_owned(), parts.target.into());
    }
    if let Some(version) = &request.http_version {
        out.insert("http_version".to_owned(), version.as_str().into());
    }
    if request.header_state == HeaderState::Complete || !request.headers.is_empty() {
        out.insert("headers".to_owned(), headers(&request.headers));
    }
    if request.header_state == HeaderState::Incomplete && !request.headers.is_empty() {
        out.insert("header_state".to_owned(), "incomplete".into());
    }
    body(&mut out, &request.body, request.body_state);
    if !request.trailers.is_empty() {
        out.insert("trailers".to_owned(), headers(&request.trailers));
    }
    Value::Object(out)
}

fn response(response: &Response) -> Value {
    let mut out = Map::new();
    out.insert("status".to_owned(), response.status.into());
    if response.headers_captured || !response.headers.is_empty() {
        out.insert("headers".to_owned(), headers(&response.headers));
    }
    body(&mut out, &response.body, response.body_state);
    if let Some(bytes) = response.body_bytes {
        out.insert("body_bytes".to_owned(), bytes.into());
    }
    Value::Object(out)
}

fn body(out: &mut Map<String, Value>, body: &Bytes, state: BodyState) {
    if state != BodyState::NotCaptured || !body.is_empty() {
        content(out, "body", body);
    }
    match state {
        BodyState::Complete => None,
        BodyState::Truncated => out.insert("body_state".to_owned(), "truncated".into()),
        BodyState::NotCaptured => out.insert("body_state".to_owned(), "not_captured".into()),
    };
}

fn content(out: &mut Map<String, Value>, key: &str, bytes: &Bytes) {
    match std::str::from_utf8(bytes) {
        Ok(text) => out.insert(key.to_owned(), text.into()),
        Err(_) => out.insert(format!("{key}_base64"), STANDARD.encode(bytes).into()),
    };
}

fn message(message: &Message) -> Value {
    let mut out = Map::new();
    let direction = if message.from_client { "client" } else { "server" };
    out.insert("direction".to_owned(), direction.into());
    if let Some(time) = message.time {
        out.insert("time".to_owned(), time.to_string().into());
    }
    content(&mut out, "data", &message.data);
    out.insert("text".to_owned(), message.text.into());
    Value::Object(out)
}

fn headers(headers: &Headers) -> Value {
    headers.iter().map(|(name, value)| json!([name, value])).collect()
}
