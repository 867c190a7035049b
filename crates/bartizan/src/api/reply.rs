//! What operations answer.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;

use super::problem::Problem;
use crate::entity_tag::EntityTag;

/// The kind of most answers.
pub(super) const JSON: &str = "application/json";

/// Answers depend on who asks, and are never of use to somebody else.
pub(super) fn private() -> [(HeaderName, &'static str); 2] {
    [(header::CACHE_CONTROL, "private, no-cache"), (header::VARY, "cookie, authorization")]
}

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

/// Turns an answer into bytes, with a tag by which an unchanged one is told.
pub(super) fn encode<T: Serialize>(
    status: StatusCode,
    reply: Reply<T>,
    asked: &HeaderMap,
) -> Result<Response, Problem> {
    if status == StatusCode::NO_CONTENT {
        return Ok((status, HeaderMap::from_iter(reply.headers)).into_response());
    }
    let bytes = serde_json::to_vec(&reply.body).map_err(|error| Problem::internal(&error))?;
    let mut response = tagged(status, JSON, bytes, asked);
    response.headers_mut().extend(reply.headers);
    Ok(response)
}

/// An answer, unless who asks has it already.
pub(super) fn tagged(
    status: StatusCode,
    kind: &'static str,
    bytes: Vec<u8>,
    asked: &HeaderMap,
) -> Response {
    let tag = EntityTag::of(&bytes);
    let common = [(header::ETAG, tag.as_str())];
    if status == StatusCode::OK && tag.is_known(asked) {
        return (StatusCode::NOT_MODIFIED, common, private()).into_response();
    }
    (status, common, private(), [(header::CONTENT_TYPE, kind)], Body::from(bytes)).into_response()
}
