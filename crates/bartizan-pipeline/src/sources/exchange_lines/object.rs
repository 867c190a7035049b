//! One exchange from one JSON object.

use bartizan_model::{
    BodyState, Client, Exchange, ExchangeId, Headers, Request, Response, Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::{
    skip::SkipReason,
    target::{http_version, is_token, split_url},
};

/// Reads an exchange in the form of `--capture`. Unknown members are ignored.
pub(super) fn read_line(text: &[u8]) -> Result<Exchange, SkipReason> {
    let value: Value = serde_json::from_slice(text).map_err(|_| SkipReason::NotJson)?;
    let object = value.as_object().ok_or(SkipReason::EntryNotObject)?;
    let request = object.get("request").and_then(Value::as_object);
    let from = request.ok_or(SkipReason::MissingRequest)?;
    let url = split_url(text_of(from, "url").unwrap_or_default())?;
    let method = text_of(from, "method").ok_or(SkipReason::MissingMethod)?;
    if !is_token(method) {
        return Err(SkipReason::InvalidMethod);
    }
    let headers = headers(from.get("headers"));
    let (body, body_state) = body(from);
    let authority = if url.authority.is_empty() {
        headers.get("host").unwrap_or("").to_lowercase()
    } else {
        url.authority
    };
    Ok(Exchange {
        id: ExchangeId::from_text(text_of(object, "id").unwrap_or_default()),
        time: text_of(object, "time").and_then(Timestamp::parse),
        client: object.get("client").and_then(Value::as_object).map(client).unwrap_or_default(),
        request: Request {
            method: method.to_owned(),
            scheme: url.scheme,
            authority,
            target: url.target,
            http_version: text_of(from, "http_version").and_then(http_version),
            headers,
            body,
            body_state,
        },
        response: object.get("response").and_then(Value::as_object).map(response),
        duration_ms: object.get("duration_ms").and_then(Value::as_f64),
        ..Exchange::default()
    })
}

fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

fn client(from: &Map<String, Value>) -> Client {
    Client {
        ip: text_of(from, "ip").and_then(|ip| ip.parse().ok()),
        port: from.get("port").and_then(Value::as_u64).and_then(|p| p.try_into().ok()),
        ..Client::default()
    }
}

fn response(from: &Map<String, Value>) -> Response {
    let (body, body_state) = body(from);
    let status = from.get("status").and_then(Value::as_u64).and_then(|s| s.try_into().ok());
    Response {
        status: status.unwrap_or(0),
        headers: headers(from.get("headers")),
        headers_captured: from.contains_key("headers"),
        body,
        body_state,
        body_bytes: None,
    }
}

fn body(from: &Map<String, Value>) -> (Bytes, BodyState) {
    let bytes = match (text_of(from, "body_base64"), text_of(from, "body")) {
        (Some(text), _) => STANDARD.decode(text).ok().map(Bytes::from),
        (None, text) => text.map(|text| Bytes::copy_from_slice(text.as_bytes())),
    };
    bytes.map_or((Bytes::new(), BodyState::Complete), |bytes| (bytes, BodyState::Complete))
}

fn headers(from: Option<&Value>) -> Headers {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match from {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|pair| Some((text(pair.get(0)?)?, text(pair.get(1)?)?)))
            .collect(),
        Some(Value::Object(map)) => {
            map.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
        }
        _ => Headers::new(),
    }
}
