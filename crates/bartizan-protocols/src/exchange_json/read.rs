//! From the shape of a line to an exchange.

use std::{borrow::Cow, fmt, net::IpAddr};

use bartizan_model::{
    BodyState, Client, Exchange, ExchangeId, Flow, HeaderState, Headers, Message, Request,
    Response, Timestamp, Tls,
};
use base64::Engine as _;
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{
    LineError,
    wire::{WireClient, WireData, WireExchange, WireMessage},
};
use crate::embedded::STANDARD;

pub(super) fn exchange(wire: WireExchange<'_>) -> Result<Exchange, LineError> {
    let server = wire.server.and_then(|s| Some((address(s.ip)?, port(s.port))));
    let messages = wire.messages.unwrap_or_default();
    Ok(Exchange {
        id: ExchangeId::from_text(word(wire.id).unwrap_or_default()),
        time: time(wire.time)?,
        client: wire.client.map(client).unwrap_or_default(),
        request: request(wire.request.ok_or(LineError::MissingRequest)?)?,
        response: wire.response.map(response).transpose()?,
        duration_ms: number(wire.duration_ms),
        source: owned(wire.source),
        server,
        upstream: owned(wire.upstream),
        tls: wire.tls.map(|tls| Tls {
            version: owned(tls.version),
            sni: owned(tls.sni),
            cipher: owned(tls.cipher),
        }),
        messages: messages.into_iter().map(message).collect::<Result<_, _>>()?,
        // Others may mean something else by these names: what is no such word is passed over.
        flow: word(wire.direction).and_then(|flow| Flow::parse(&flow)),
        caller: word(wire.caller),
        callee: word(wire.callee),
        through_gateway: None,
        route: None,
        environment: owned(wire.environment),
        protocol: owned(wire.protocol),
        connection_id: word(wire.connection_id),
        request_id: word(wire.request_id),
        trailers: wire.trailers.map(headers).transpose()?.unwrap_or_default(),
        // Of a gateway of ours; whatever others mean by that name is passed over.
        policies: wire
            .policies
            .and_then(|policies| serde_json::from_str(policies.get()).ok())
            .unwrap_or_default(),
    })
}

fn client(wire: WireClient<'_>) -> Client {
    Client {
        ip: address(wire.ip),
        port: port(wire.port),
        ja4: owned(wire.ja4),
        certificate_subject: owned(wire.certificate_subject),
        user: owned(wire.user),
    }
}

fn request(wire: WireMessage<'_>) -> Result<Request, LineError> {
    // Any other word than `complete` is read with care: as if something were missing.
    let header_state = match (wire.header_state.as_deref(), wire.headers.is_some()) {
        (Some("complete"), _) | (None, true) => HeaderState::Complete,
        _ => HeaderState::Incomplete,
    };
    let headers = wire.headers.map(headers).transpose()?.unwrap_or_default();
    let method = wire.method.filter(|m| !m.is_empty()).ok_or(LineError::MissingMethod)?;
    let url = wire.url.filter(|url| !url.is_empty());
    let parts = match (&url, &wire.target) {
        (Some(url), _) => {
            split_url(&method, url, headers.get("host")).ok_or(LineError::InvalidUrl)?
        }
        (None, Some(_)) => UrlParts::default(),
        (None, None) => return Err(LineError::MissingUrl),
    };
    let (body, body_state) =
        body(wire.body, wire.body_base64.as_deref(), wire.body_state.as_deref(), &headers)?;
    Ok(Request {
        method: method.into_owned(),
        scheme: wire.scheme.map_or(parts.scheme, Cow::into_owned),
        authority: wire.authority.map_or(parts.authority, Cow::into_owned),
        target: wire.target.map_or(parts.target, Cow::into_owned),
        http_version: owned(wire.http_version),
        headers,
        header_state,
        body,
        body_state,
        trailers: wire.trailers.map(self::headers).transpose()?.unwrap_or_default(),
    })
}

fn response(wire: WireMessage<'_>) -> Result<Response, LineError> {
    let headers_captured = wire.headers.is_some();
    let headers = wire.headers.map(headers).transpose()?.unwrap_or_default();
    let (body, body_state) =
        body(wire.body, wire.body_base64.as_deref(), wire.body_state.as_deref(), &headers)?;
    let status = word(wire.status).and_then(|status| status.parse().ok());
    Ok(Response {
        status: status.filter(|status| *status <= 999).ok_or(LineError::InvalidStatus)?,
        headers,
        headers_captured,
        body,
        body_state,
        body_bytes: wire.body_bytes,
    })
}

fn message(wire: WireData<'_>) -> Result<Message, LineError> {
    let from_client = matches!(
        wire.direction.as_deref(),
        Some("client" | "request" | "send" | "outgoing" | "client_to_server")
    );
    let text = wire.text.unwrap_or(wire.data_base64.is_none());
    let data = content(wire.data, wire.data_base64.as_deref())?.unwrap_or_default();
    Ok(Message { from_client, time: time(wire.time)?, data, text })
}

/// What a URL says about scheme, authority and target.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UrlParts {
    pub(super) scheme: String,
    pub(super) authority: String,
    pub(super) target: String,
}

/// Splits an absolute URL, a path, `*`, or the authority of a CONNECT request. `None` for anything
/// else. Path and query stay as they are.
pub(super) fn split_url(method: &str, url: &str, host: Option<&str>) -> Option<UrlParts> {
    let host = host.unwrap_or("").trim().to_ascii_lowercase();
    if url.starts_with('/') || url == "*" {
        return Some(UrlParts { scheme: String::new(), authority: host, target: url.to_owned() });
    }
    if method == "CONNECT" && !url.contains('/') {
        let authority = url.to_ascii_lowercase();
        return Some(UrlParts { scheme: String::new(), authority, target: url.to_owned() });
    }
    let (scheme, rest) = url.split_once("://")?;
    let regular = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if scheme.is_empty() || !regular {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    Some(UrlParts {
        scheme: scheme.to_ascii_lowercase(),
        authority: authority.to_ascii_lowercase(),
        target,
    })
}

/// The body, and how much of it is here.
fn body(
    body: Option<&RawValue>,
    base64: Option<&str>,
    state: Option<&str>,
    headers: &Headers,
) -> Result<(Bytes, BodyState), LineError> {
    let bytes = content(body, base64)?;
    let state = match state {
        Some("complete") => BodyState::Complete,
        Some("truncated") => BodyState::Truncated,
        Some("not_captured") => BodyState::NotCaptured,
        Some(_) => return Err(LineError::InvalidBodyState),
        None if bytes.is_none() && announces_body(headers) => BodyState::NotCaptured,
        None => BodyState::Complete,
    };
    Ok((bytes.unwrap_or_default(), state))
}

fn announces_body(headers: &Headers) -> bool {
    let length = headers.get("content-length").and_then(|v| v.trim().parse::<u64>().ok());
    length.is_some_and(|length| length > 0) || headers.contains("transfer-encoding")
}

/// Text or base64; any other JSON value stands for its text. `null` is nothing.
fn content(raw: Option<&RawValue>, base64: Option<&str>) -> Result<Option<Bytes>, LineError> {
    if let Some(base64) = base64 {
        let bytes = STANDARD.decode(base64).map_err(|_| LineError::InvalidBase64)?;
        return Ok(Some(bytes.into()));
    }
    let Some(raw) = raw.map(RawValue::get).filter(|raw| *raw != "null") else { return Ok(None) };
    let text = if raw.starts_with('"') {
        serde_json::from_str(raw).map_err(|_| LineError::NotJson)?
    } else {
        raw.to_owned()
    };
    Ok(Some(text.into()))
}

/// A list of pairs, of `{name, value}` objects, or an object whose values may be lists.
fn headers(raw: &RawValue) -> Result<Headers, LineError> {
    let mut headers = Headers::new();
    if raw.get().starts_with('{') {
        let fields = serde_json::from_str(raw.get()).map_err(|_| LineError::InvalidHeaders)?;
        let Members(fields) = fields;
        for (name, value) in fields {
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            for value in values {
                let value = field_text(value).ok_or(LineError::InvalidHeaders)?;
                headers.push(name.clone(), value);
            }
        }
        return Ok(headers);
    }
    let fields = serde_json::from_str(raw.get()).map_err(|_| LineError::InvalidHeaders)?;
    let fields: Option<Vec<Value>> = fields;
    for field in fields.unwrap_or_default() {
        let [name, value] = match field {
            Value::Array(pair) => pair.try_into().map_err(|_| LineError::InvalidHeaders)?,
            Value::Object(mut field) => {
                ["name", "value"].map(|key| field.remove(key).unwrap_or_default())
            }
            _ => return Err(LineError::InvalidHeaders),
        };
        let name = field_text(name).ok_or(LineError::InvalidHeaders)?;
        headers.push(name, field_text(value).ok_or(LineError::InvalidHeaders)?);
    }
    Ok(headers)
}

/// The members of an object in order, those with the same name too.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

fn field_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}

/// A text or number as text; nothing for `null` and other types.
fn word(raw: Option<&RawValue>) -> Option<String> {
    match serde_json::from_str(raw?.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(raw: Option<&RawValue>) -> Option<f64> {
    let number = word(raw)?.trim().parse::<f64>().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn port(raw: Option<&RawValue>) -> Option<u16> {
    word(raw)?.trim().parse().ok()
}

/// An address, also with a port or in brackets.
fn address(raw: Option<&RawValue>) -> Option<IpAddr> {
    let text = word(raw)?;
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
}

/// RFC 3339, or a number since 1970 in seconds, milliseconds or microseconds.
fn time(raw: Option<&RawValue>) -> Result<Option<Timestamp>, LineError> {
    let Some(text) = word(raw) else { return Ok(None) };
    let text = text.trim();
    if matches!(text, "" | "-") {
        return Ok(None);
    }
    if let Some(time) = Timestamp::parse(text) {
        return Ok(Some(time));
    }
    let number: f64 = text.parse().map_err(|_| LineError::InvalidTime)?;
    // Each bound is the year 5138 in the smaller unit and 1973 in the larger one.
    let micros = match number.abs() {
        size if size < 1e11 => number * 1e6,
        size if size < 1e14 => number * 1e3,
        size if size < 1e17 => number,
        _ => return Err(LineError::InvalidTime),
    };
    Ok(Some(Timestamp::from_micros(micros.round() as i64)))
}
