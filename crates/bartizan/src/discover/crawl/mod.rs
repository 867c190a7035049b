//! `discover crawl`: what a server publishes about its API, asked for politely.
//!
//! [`Plan`] decides what to ask next and reads what comes back; it has neither sockets nor a clock. What it
//! decides are paths, never addresses: [`Fetcher`] has one place to connect to, so that no link, redirect
//! or sitemap can lead a request to another host. Everything that is answered is hostile text: each file
//! below `read` bounds what it takes, and nothing in there recurses.

mod address;
mod fetch;
mod paths;
mod plan;
mod read;
mod record;
mod reflection;
mod robots;

use std::collections::BTreeMap;

use bartizan_model::Headers;
use hyper::body::Bytes;
use serde::Serialize;

pub use self::{
    address::{MAX_REFERENCE, Origin, Resolved},
    fetch::{ANSWER_SECONDS, Fetched, Fetcher, HEAD_BYTES, INTROSPECTION},
    plan::{
        Ask, MAX_BODY_BYTES, MAX_FAILURES, MAX_QUEUE, MAX_ROUTES, MAX_TOTAL_BYTES, Options, Plan,
        Reach, ReadAnswer, Reading, Role,
    },
};
use super::checks::CodeFinding;
pub(super) use fetch::{exchange, fields};
pub use reflection::{
    Asking, MAX_FILE_BYTES, MAX_FILES, MAX_SERVICES, ReadReflection, Reflected, Reflection, Spoken,
    Talk,
};

/// Most other origins that are listed; all are counted.
pub const MAX_ELSEWHERE: usize = 100;

/// One answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields.
    pub headers: Headers,
    /// Body, or the beginning of it.
    pub body: Bytes,
    /// Whether it goes on behind what was read.
    pub is_cut: bool,
}

/// Where a route was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenIn {
    /// A specification describes it.
    Specification,
    /// A script asks for it.
    Script,
    /// A source that a script was made from asks for it.
    SourceMap,
    /// A page links to it, or has a form for it.
    Page,
    /// `robots.txt` has a rule for it.
    Robots,
    /// A sitemap lists it.
    Sitemap,
    /// The server answered there, or another answer names it.
    Answer,
}

impl SeenIn {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Specification => "specification",
            Self::Script => "script",
            Self::SourceMap => "source_map",
            Self::Page => "page",
            Self::Robots => "robots",
            Self::Sitemap => "sitemap",
            Self::Answer => "answer",
        }
    }
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// OpenAPI 2.0 to 3.2.
    Openapi,
    /// AsyncAPI 2 and 3.
    Asyncapi,
    /// A schema of GraphQL, or the answer to an introspection query.
    Graphql,
    /// WSDL 1.1 and 2.0.
    Wsdl,
    /// What gRPC tells by server reflection.
    Grpc,
    /// A source map with sources in it.
    SourceMap,
    /// `robots.txt` (RFC 9309).
    Robots,
    /// A sitemap or an index of them.
    Sitemap,
    /// `security.txt` (RFC 9116).
    SecurityTxt,
    /// Metadata of OpenID Connect or OAuth 2.0.
    OpenidConfiguration,
    /// A list of APIs (RFC 9727).
    ApiCatalog,
    /// A page of documentation.
    Documentation,
}

impl DocumentKind {
    /// As people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Openapi => "OpenAPI",
            Self::Asyncapi => "AsyncAPI",
            Self::Graphql => "GraphQL",
            Self::Wsdl => "WSDL",
            Self::Grpc => "gRPC",
            Self::SourceMap => "source map",
            Self::Robots => "robots.txt",
            Self::Sitemap => "sitemap",
            Self::SecurityTxt => "security.txt",
            Self::OpenidConfiguration => "OpenID configuration",
            Self::ApiCatalog => "API catalogue",
            Self::Documentation => "documentation",
        }
    }
}

/// What ended a crawl before everything was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// `--max-requests`.
    MaxRequests,
    /// `--max-seconds`.
    MaxSeconds,
    /// [`MAX_TOTAL_BYTES`].
    MaxBytes,
    /// [`MAX_FAILURES`] requests in a row were not answered.
    NoAnswer,
    /// Ctrl-C.
    Interrupted,
}

impl Limit {
    /// What happened, as a sentence without its end.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::MaxRequests => "It ended at the most requests that were allowed (--max-requests)",
            Self::MaxSeconds => "It ended at the most seconds that were allowed (--max-seconds)",
            Self::MaxBytes => "It ended after 64 MiB of answers (max_bytes)",
            Self::NoAnswer => "It ended because five requests in a row were not answered",
            Self::Interrupted => "It was interrupted",
        }
    }
}

/// What a crawl found.
#[derive(Clone, Debug, Serialize)]
pub struct Crawled {
    /// The URL that was named.
    pub target: String,
    /// Counts.
    pub summary: Summary,
    /// What ended it before everything was asked.
    pub ended_by: Option<Limit>,
    /// What was left out, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Documents that tell of the API.
    pub documents: Vec<Document>,
    /// Routes, by path and method.
    pub routes: Vec<Route>,
    /// Secrets in scripts and in the sources of their maps, the worst first. A place is a URL and a line.
    pub findings: Vec<CodeFinding>,
    /// What `robots.txt` says, as far as it is about paths.
    pub hints: Vec<Hint>,
    /// Other origins that links, redirects and scripts name. None of them was asked.
    pub elsewhere: Elsewhere,
}

/// Counts of a [`Crawled`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Requests that were sent.
    pub requests: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Bytes of bodies that were read.
    pub bytes: u64,
    /// Pages for people that were read; they are no routes.
    pub pages: u64,
    /// What was known and not asked any more when it ended.
    pub not_asked: u64,
    /// Whether paths that do not exist are answered like ones that do. Then only what differs from that
    /// answer counts.
    pub answers_everything: bool,
}

/// A document that tells of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Where it is.
    pub url: String,
    /// Operations of a specification, routes of a source map.
    pub operations: Option<u64>,
}

/// A route that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Method in upper case, or `?` where it is not known.
    pub method: String,
    /// Path with `{name}` parameters.
    pub path: String,
    /// Where it is known from.
    pub known_by: Vec<SeenIn>,
    /// Status of the answer, if it was asked.
    pub status: Option<u16>,
    /// URL of where it was found first.
    pub found_at: String,
}

/// A rule of `robots.txt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// `allow` or `disallow`.
    pub rule: &'static str,
    /// Path or pattern as written.
    pub path: String,
}

/// Other origins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// How often one was named.
    pub count: u64,
    /// At most [`MAX_ELSEWHERE`] of them, in order.
    pub origins: Vec<String>,
}
