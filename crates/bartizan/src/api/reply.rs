//! What operations answer.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bartizan_store::{Cursor, Page};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;

/// The answer of an operation that succeeded.
#[derive(Debug)]
pub(super) struct Reply<T> {
    pub(super) body: T,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl<T> Reply<T> {
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<T> From<T> for Reply<T> {
    fn from(body: T) -> Self {
        Self { body, headers: Vec::new() }
    }
}

/// A part of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Listed<T> {
    /// The items, in the order of the list; with `fields`, only these members of each.
    pub(super) items: Vec<T>,
    /// Give this as `after` to go on; `null` at the end.
    pub(super) next: Option<String>,
}

impl<T> Listed<T> {
    /// All there is.
    pub(super) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        let next = page.next.as_ref().map(Cursor::as_str).map(str::to_owned);
        Self { items: page.items, next }
    }
}

/// Turns an answer into bytes, with a tag by which an unchanged one is told.
pub(super) fn encode<T: Serialize>(
    status: StatusCode,
    reply: Reply<T>,
    fields: Option<&[String]>,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    let mut response = if status == StatusCode::NO_CONTENT {
        status.into_response()
    } else {
        let bytes = match fields {
            None => serde_json::to_vec(&reply.body),
            Some(fields) => serde_json::to_value(&reply.body).and_then(|mut value| {
                project(&mut value, fields);
                serde_json::to_vec(&value)
            }),
        };
        let bytes = bytes.map_err(|error| Problem::internal(&error))?;
        tagged(status, bytes, asked)
    };
    response.headers_mut().extend(reply.headers);
    Ok(response)
}

/// Keeps these members of each item.
fn project(list: &mut Value, fields: &[String]) {
    let items = list.get_mut("items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        item.retain(|name, _| fields.iter().any(|field| field == name));
    }
}

fn tagged(status: StatusCode, bytes: Vec<u8>, asked: &HeaderMap) -> Response {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(&bytes);
    let tag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    // Answers depend on who asks, and are never of use to somebody else.
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::VARY, "cookie, authorization".to_owned()),
    ];
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let is_known = known
        .flat_map(|text| text.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    if status == StatusCode::OK && is_known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, common, kind, Body::from(bytes)).into_response()
}
