//! What an operation is given: who calls, and what they sent, read into types.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use bartizan_store::{Cursor, PageRequest};
use schemars::JsonSchema;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer as _, value::StrDeserializer},
};

use super::{Api, access::Caller, problem::Problem};

/// Largest body of a request, in bytes.
const BODY_BYTES: usize = 64 * 1024;
/// Longest query, in bytes.
const QUERY_BYTES: usize = 8 * 1024;
/// Most items of one answer.
const MAX_ITEMS: u32 = 500;

/// A call of an operation.
#[derive(Clone, Debug)]
pub(super) struct Call<Q, B, O = ()> {
    pub(super) api: Api,
    /// Who calls. Operations that need nobody have nobody.
    pub(super) caller: Option<Caller>,
    /// What stands in the path for `{…}`; empty without one.
    pub(super) id: String,
    pub(super) query: Q,
    pub(super) body: B,
    /// Which part of a list; `O` is the type of its orders.
    pub(super) part: Part<O>,
    /// Where the request came from.
    pub(super) peer: Option<std::net::IpAddr>,
}

impl<Q, B, O> Call<Q, B, O> {
    /// Who calls.
    pub(super) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(Problem::unauthenticated)
    }
}

/// What a query may hold beside what its operation declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Takes {
    /// `limit`, `after` and `fields`.
    pub(super) part: bool,
    /// `sort`.
    pub(super) order: bool,
    /// `format`.
    pub(super) format: bool,
}

/// Which part of a list is wanted, and what of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Part<O = ()> {
    limit: Option<u32>,
    after: Option<String>,
    order: O,
    pub(super) fields: Option<Vec<String>>,
    pub(super) format: Format,
}

/// What a list is given as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// A part of it, as JSON.
    #[default]
    Json,
    /// All of it, as lines of a table.
    Csv,
}

impl<O: Clone> Part<O> {
    /// For the store.
    pub(super) fn page(&self) -> PageRequest<O> {
        let after = self.after.clone().map(Cursor::from_text);
        PageRequest { limit: self.limit.unwrap_or(100), after, order: self.order.clone() }
    }
}

impl<O> Part<O> {
    /// Whether nothing but the order was asked for.
    pub(super) fn is_whole(&self) -> bool {
        self.limit.is_none() && self.after.is_none() && self.fields.is_none()
    }

    /// Goes on behind `after`, with so many items.
    pub(super) fn go_on(&mut self, after: Option<String>, limit: u32) {
        (self.after, self.limit) = (after, Some(limit));
    }
}

/// Reads a query. What says which part of a list is wanted is taken out first.
pub(super) fn query<Q: DeserializeOwned, O: DeserializeOwned + Default>(
    text: &str,
    takes: Takes,
) -> Result<(Q, Part<O>), Problem> {
    if text.len() > QUERY_BYTES {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "the query is too long"));
    }
    let mut part = Part::default();
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match name.as_ref() {
            "limit" if takes.part => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_ITEMS).contains(limit));
                let refused = || Problem::invalid("`limit` is a number from 1 to 500");
                part.limit = Some(limit.ok_or_else(refused)?);
            }
            // Empty ones are as good as missing.
            "after" | "fields" if takes.part && value.is_empty() => {}
            "sort" if takes.order && value.is_empty() => {}
            "format" if takes.format && value.is_empty() => {}
            "after" if takes.part => part.after = Some(value.into_owned()),
            "fields" if takes.part => {
                part.fields = Some(value.split(',').map(str::to_owned).collect());
            }
            "sort" if takes.order => part.order = word("sort", &value)?,
            "format" if takes.format => part.format = word("format", &value)?,
            _ => {
                rest.append_pair(&name, &value);
            }
        }
    }
    let query = serde_html_form::from_str(&rest.finish());
    Ok((query.map_err(|error| Problem::invalid(format!("the query: {error}")))?, part))
}

/// One of the words that a parameter may be.
fn word<T: DeserializeOwned>(name: &str, value: &str) -> Result<T, Problem> {
    let deserializer: StrDeserializer<'_, serde::de::value::Error> = value.into_deserializer();
    T::deserialize(deserializer)
        .map_err(|error| Problem::invalid(format!("the query: `{name}`: {error}")))
}

/// Reads a body of JSON.
pub(super) fn body<B: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<B, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json");
        return Err(problem);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string());
    let read = read.and_then(|value| reader.end().map(|()| value).map_err(|e| e.to_string()));
    read.map_err(|error| Problem::invalid(format!("the body: {error}")))
}

/// The bytes of a body.
pub(super) async fn bytes(body: Body) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, BODY_BYTES).await.map_err(|_| {
        let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        problem.because("at most 64 KiB are read")
    })
}
