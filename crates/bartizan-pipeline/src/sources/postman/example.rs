//! One saved answer of a Postman collection to one exchange.

use std::{borrow::Cow, collections::HashMap};

use bartizan_model::{BodyState, Exchange, HeaderState, Headers, Request, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::super::{
    skip::SkipReason,
    target::{is_token, percent_encode, split_url},
};

/// Most variables, and most fields of one list.
const FIELDS: usize = 10_000;
/// Most variables in one text.
const USES: usize = 100;
/// Largest request, or list of fields, that is read, in bytes: as a tree it is many times that.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// Longest text that variables may make, in bytes.
const FILLED_BYTES: usize = 1024 * 1024;

/// Values of the collection's variables.
#[derive(Debug, Default)]
pub(super) struct Variables(HashMap<String, String>);

impl Variables {
    pub(super) fn read(list: Option<&RawValue>) -> Self {
        let list = tree(list.map(RawValue::get)).unwrap_or_default();
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let pairs = list.iter().take(FIELDS).filter_map(|variable| {
            let name = variable.get("key").or_else(|| variable.get("id"))?.as_str()?;
            let value = scalar(variable.get("value")?)?;
            (!value.is_empty()).then(|| (name.to_owned(), value))
        });
        Self(pairs.collect())
    }

    /// Puts values in for `{{name}}`, once: what a value holds stays.
    fn fill<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0.is_empty() || !text.contains("{{") {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        for _ in 0..USES {
            let Some((before, after)) = rest.split_once("{{") else { break };
            let Some((name, behind)) = after.split_once("}}") else { break };
            let Some(value) = self.0.get(name.trim()) else {
                out.push_str(before);
                out.push_str("{{");
                rest = after;
                continue;
            };
            if out.len() + value.len() > FILLED_BYTES {
                break;
            }
            out.push_str(before);
            out.push_str(value);
            rest = behind;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Saved<'a> {
    #[serde(rename = "originalRequest", borrow, default)]
    original: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    header: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(rename = "responseTime", borrow, default)]
    time: Option<&'a RawValue>,
}

/// A part as a tree, null when it is none.
fn tree(part: Option<&str>) -> Result<Value, SkipReason> {
    match part {
        Some(text) if text.len() > PART_BYTES => Err(SkipReason::EntryTooLarge),
        Some(text) => serde_json::from_str(text).map_err(|_| SkipReason::WrongShape),
        None => Ok(Value::Null),
    }
}

/// Reads a saved answer and its request. The exchange has no id and no source name yet.
pub(super) fn read(
    response: &str,
    request: Option<&str>,
    variables: &Variables,
) -> Result<Exchange, SkipReason> {
    let saved: Saved<'_> = serde_json::from_str(response).map_err(|_| SkipReason::WrongShape)?;
    let part = |raw: Option<&RawValue>| tree(raw.map(RawValue::get));
    // What was sent for this answer, else what the collection would send.
    let asked = match part(saved.original)? {
        asked @ (Value::Object(_) | Value::String(_)) => asked,
        _ => tree(request)?,
    };
    if asked.is_null() {
        return Err(SkipReason::MissingRequest);
    }
    let (code, time) = (part(saved.code)?, part(saved.time)?);
    let status = code.as_u64().and_then(|code| u16::try_from(code).ok());
    let status = status.filter(|status| (1..1000).contains(status));
    let headers = fields(&part(saved.header)?, variables);
    let (body, body_state) = match saved.body {
        // A saved answer without a body is one that had none.
        None => (Bytes::new(), BodyState::Complete),
        Some(text) => match serde_json::from_str::<String>(text.get()) {
            Ok(text) => (Bytes::from(text), BodyState::Complete),
            Err(_) => (Bytes::new(), BodyState::NotCaptured),
        },
    };
    Ok(Exchange {
        request: read_request(&asked, variables)?,
        response: Some(Response {
            status: status.ok_or(SkipReason::InvalidStatus)?,
            headers_captured: !headers.is_empty(),
            headers,
            body,
            body_state,
            ..Response::default()
        }),
        duration_ms: time.as_f64().filter(|ms| *ms >= 0.0 && ms.is_finite()),
        ..Exchange::default()
    })
}

fn read_request(asked: &Value, variables: &Variables) -> Result<Request, SkipReason> {
    // A request may be nothing but its URL, and a URL an object or text.
    let url = if asked.is_string() { asked } else { asked.get("url").unwrap_or(&Value::Null) };
    let raw = url
        .as_str()
        .or_else(|| url.get("raw")?.as_str())
        .map_or_else(|| joined(url), str::to_owned);
    let filled = with_path_values(&variables.fill(&raw), url);
    // A base address without a value: the host is open.
    let open = filled.strip_prefix("{{").and_then(|rest| rest.split_once("}}"));
    let url = match open {
        Some((_, rest)) if rest.is_empty() || rest.starts_with(['/', '?']) => {
            split_url(if rest.is_empty() { "/" } else { rest })?
        }
        _ => split_url(&filled).map(|mut url| {
            // `https://{{host}}/…`: no host is named there.
            if url.authority.contains("{{") {
                url.authority.clear();
            }
            url
        })?,
    };
    let method = asked.get("method").and_then(Value::as_str).unwrap_or("GET").trim();
    if !is_token(method) {
        return Err(SkipReason::InvalidMethod);
    }
    let mut headers = fields(asked.get("header").unwrap_or(&Value::Null), variables);
    let (body, body_state) =
        body(asked.get("body").unwrap_or(&Value::Null), &mut headers, variables);
    Ok(Request {
        method: method.to_owned(),
        scheme: url.scheme,
        authority: url.authority,
        target: url.target,
        headers,
        header_state: HeaderState::Incomplete,
        body,
        body_state,
        ..Request::default()
    })
}

/// A URL that has parts only.
fn joined(url: &Value) -> String {
    let parts = |key: &str, between: &str| match url.get(key) {
        Some(Value::Array(list)) => {
            let list: Vec<_> = list.iter().take(FIELDS).filter_map(Value::as_str).collect();
            list.join(between)
        }
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let (host, path) = (parts("host", "."), parts("path", "/"));
    let protocol = url.get("protocol").and_then(Value::as_str).unwrap_or("https");
    let port = url.get("port").and_then(Value::as_str).map(|port| format!(":{port}"));
    if host.is_empty() {
        return if path.is_empty() { String::new() } else { format!("/{path}") };
    }
    let scheme = if host.starts_with("{{") { String::new() } else { format!("{protocol}://") };
    format!("{scheme}{host}{}/{}", port.unwrap_or_default(), path.trim_start_matches('/'))
}

/// Puts the values of path variables in for `:name`.
fn with_path_values(text: &str, url: &Value) -> String {
    let Some(list) = url.get("variable").and_then(Value::as_array) else { return text.to_owned() };
    let values: HashMap<&str, String> = list
        .iter()
        .take(FIELDS)
        .filter_map(|variable| {
            let value = scalar(variable.get("value")?).filter(|value| !value.is_empty())?;
            Some((variable.get("key")?.as_str()?, value))
        })
        .collect();
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, query) = text.split_at(end);
    let segments: Vec<Cow<'_, str>> = path
        .split('/')
        .map(|segment| match segment.strip_prefix(':').and_then(|name| values.get(name)) {
            Some(value) => Cow::Owned(in_segment(value)),
            None => Cow::Borrowed(segment),
        })
        .collect();
    format!("{}{query}", segments.join("/"))
}

/// A value as one segment holds it.
fn in_segment(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '/' | '?' | '#') {
            percent_encode(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out);
        } else {
            out.push(c);
        }
    }
    out
}

/// `[{key, value, disabled}]`, or lines of text in v2.0.
fn fields(list: &Value, variables: &Variables) -> Headers {
    match list {
        Value::Array(list) => list
            .iter()
            .take(FIELDS)
            .filter(|field| field.get("disabled") != Some(&Value::Bool(true)))
            .filter_map(|field| {
                let name = field.get("key")?.as_str()?.trim();
                let value = field.get("value").and_then(scalar).unwrap_or_default();
                (!name.is_empty()).then(|| (name.to_owned(), variables.fill(&value).into_owned()))
            })
            .collect(),
        Value::String(text) => text
            .lines()
            .take(FIELDS)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
        _ => Headers::new(),
    }
}

fn body(from: &Value, headers: &mut Headers, variables: &Variables) -> (Bytes, BodyState) {
    let mode = from.get("mode").and_then(Value::as_str).unwrap_or("");
    let (text, media_type) = match mode {
        "" => return (Bytes::new(), BodyState::Complete),
        "raw" => {
            let text = from.get("raw").and_then(Value::as_str).unwrap_or("");
            let language = from.pointer("/options/raw/language").and_then(Value::as_str);
            let media_type = match language {
                Some("json") => "application/json",
                Some("xml") => "application/xml",
                _ => "",
            };
            (variables.fill(text).into_owned(), media_type)
        }
        "urlencoded" => {
            let pairs = fields(from.get("urlencoded").unwrap_or(&Value::Null), variables);
            (super::super::har::form(pairs.iter()), "application/x-www-form-urlencoded")
        }
        "graphql" => {
            let inner = from.get("graphql").unwrap_or(&Value::Null);
            let query = inner.get("query").cloned().unwrap_or(Value::Null);
            let variables = inner.get("variables").and_then(Value::as_str).unwrap_or("");
            let variables = serde_json::from_str(variables).unwrap_or(Value::Null);
            let body = serde_json::json!({"query": query, "variables": variables});
            (body.to_string(), "application/json")
        }
        // Of files, and of forms that may hold some, the bytes are not there.
        _ => return (Bytes::new(), BodyState::NotCaptured),
    };
    if !headers.contains("content-type") && !media_type.is_empty() {
        headers.push("content-type", media_type);
    }
    (Bytes::from(text), BodyState::Complete)
}
