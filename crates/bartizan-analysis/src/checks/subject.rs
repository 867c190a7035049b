//! The exchange that checks look at, with what many of them ask first answered once.

use std::{net::IpAddr, ops::Deref};

use bartizan_model::{AuthType, Exchange, Input, Outcome, Side};
use bartizan_protocols::{Codec, Format};
use smallvec::SmallVec;

use super::{
    scope::{carries, response},
    token::Token,
    words::contains,
};
use crate::facts::Facts;

/// An exchange under examination: its facts, and answers that many checks share.
pub struct Subject<'a> {
    facts: Facts<'a>,
    /// Host of the request.
    pub(crate) host: &'a str,
    /// Path of the request.
    pub(crate) path: &'a str,
    /// What kind of thing answers.
    pub(crate) kind: Kind,
    /// From where the host can be reached.
    pub(crate) reach: Reach,
    /// Whether the request carries a credential that names or admits somebody.
    pub(crate) is_authenticated: bool,
    /// Whether a decoded token has claims.
    pub(crate) has_token: bool,
    issued: Tokens<'a>,
    sent: Tokens<'a>,
}

type Tokens<'a> = SmallVec<[Token<'a>; 2]>;

impl<'a> Deref for Subject<'a> {
    type Target = Facts<'a>;

    fn deref(&self) -> &Self::Target {
        &self.facts
    }
}

impl<'a> Subject<'a> {
    /// Answers the shared questions about one exchange.
    #[must_use]
    pub fn of(facts: &Facts<'a>) -> Self {
        let Facts { exchange, decoded, credentials, .. } = *facts;
        let (host, path) = (exchange.request.host(), exchange.request.path());
        let mut issued = Tokens::new();
        let mut has_token = false;
        let decoded_tokens = decoded.view.nodes().filter(|node| node.codec() == Some(Codec::Jwt));
        for token in decoded_tokens.filter_map(Token::of) {
            has_token = true;
            if token.side() == Side::Response {
                issued.push(token);
            }
        }
        let sent = credentials.iter().filter_map(|credential| decoded.view.node(credential.jwt?));
        Self {
            facts: *facts,
            host,
            path,
            kind: kind(facts, host, path),
            reach: reach(host),
            is_authenticated: credentials.iter().any(|c| c.auth_type != AuthType::Other),
            has_token,
            issued,
            sent: sent.filter_map(Token::of).collect(),
        }
    }

    /// How the request travelled from the client; *not evaluated* when the source does not say.
    pub(crate) fn transport(&self) -> Result<Transport, Outcome> {
        let request = &self.exchange.request;
        match request.scheme.as_str() {
            "https" | "wss" => Ok(Transport::Encrypted),
            _ if self.exchange.tls.is_some() || is_encrypted_in_front(self.exchange) => {
                Ok(Transport::Encrypted)
            }
            "http" | "ws" => Ok(Transport::Plain),
            _ => Err(Outcome::NotEvaluated(Input::Transport)),
        }
    }

    /// Tokens that count: those issued in a response, and those sent as credentials and accepted.
    /// *Not applicable* when there is none, *not evaluated* when it is not known whether they were
    /// accepted.
    pub(crate) fn working_tokens(&self) -> Result<impl Iterator<Item = &Token<'a>>, Outcome> {
        let accepted = match response(self) {
            Ok(_) => self.is_success(),
            Err(outcome) if self.issued.is_empty() && !self.sent.is_empty() => return Err(outcome),
            Err(_) => false,
        };
        let sent = if accepted { self.sent.as_slice() } else { &[] };
        carries(self, !self.issued.is_empty() || !sent.is_empty())?;
        Ok(self.issued.iter().chain(sent))
    }
}

/// What kind of thing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Structured data for programs.
    Api,
    /// A page for people.
    Page,
    /// A script, style, image or other file.
    Asset,
    /// Nothing tells.
    Unknown,
}

const ASSETS: &[&str] = &[
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "ico",
    "webp",
    "avif",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp4",
    "webm",
    "mp3",
    "pdf",
    "zip",
    "gz",
    "wasm",
    "webmanifest",
    "txt",
    "rss",
    "atom",
];

/// What kind of thing the exchange talks to, by the body that was read, else by its URL.
fn kind(facts: &Facts<'_>, host: &str, path: &str) -> Kind {
    if is_asset(path) {
        return Kind::Asset;
    }
    match facts.decoded.response_format {
        Format::Json | Format::NdJson | Format::Xml | Format::Form | Format::Grpc => {
            return Kind::Api;
        }
        Format::Javascript | Format::Css | Format::Image | Format::Binary => return Kind::Asset,
        Format::Html if facts.decoded.request_format.is_structured() => return Kind::Unknown,
        Format::Html => return Kind::Page,
        _ => {}
    }
    let asked = facts.decoded.request_format;
    let api = matches!(asked, Format::Json | Format::NdJson | Format::Xml | Format::Grpc)
        || is_api_url(host, path);
    if api { Kind::Api } else { Kind::Unknown }
}

fn is_asset(path: &str) -> bool {
    let last = path.bytes().rposition(|b| matches!(b, b'/' | b'.'));
    let Some(extension) = last.and_then(|at| path.get(at..)?.strip_prefix('.')) else {
        return false;
    };
    let file = path.rsplit('/').next().unwrap_or("");
    ASSETS.iter().any(|asset| asset.eq_ignore_ascii_case(extension))
        || ["manifest.json", "sitemap.xml", "asset-manifest.json"].contains(&file)
}

/// Whether host or path are those of an API: `api.…`, `/api/…`, `/v1/…`, `/graphql`, `/rest/…`.
fn is_api_url(host: &str, path: &str) -> bool {
    let version = |s: &str| {
        s.strip_prefix('v')
            .is_some_and(|n| !n.is_empty() && n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    host.split('.').next().is_some_and(|label| label == "api" || label.ends_with("-api"))
        || path.split('/').take(4).any(|s| {
            matches!(s, "api" | "apis" | "graphql" | "rest" | "rpc" | "jsonrpc" | "soap")
                || version(s)
        })
}

/// Whether a connection was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TLS, here or at a front server.
    Encrypted,
    /// Plain text.
    Plain,
}

/// Whether a front server says that it received HTTPS.
fn is_encrypted_in_front(exchange: &Exchange) -> bool {
    let headers = &exchange.request.headers;
    let front = headers.get("x-forwarded-proto").or_else(|| headers.get("x-forwarded-scheme"));
    front.is_some_and(|p| p.split(',').next().unwrap_or("").trim().eq_ignore_ascii_case("https"))
        || headers.get("forwarded").is_some_and(|f| contains(f, "proto=https"))
}

/// From where a host can be reached, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine only.
    Loopback,
    /// A private network.
    Private,
    /// Anywhere.
    Public,
}

fn reach(host: &str) -> Reach {
    if let Some(ip) = address(host) {
        let private = match ip {
            IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        return match ip.is_loopback() {
            true => Reach::Loopback,
            false if private => Reach::Private,
            false => Reach::Public,
        };
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return Reach::Loopback;
    }
    let inside = [".internal", ".local", ".lan", ".corp", ".intranet", ".home.arpa", ".test"];
    // A name without a dot is resolved by a private search list.
    if !host.contains('.') || inside.iter().any(|end| host.ends_with(end)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn address(host: &str) -> Option<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // Names end in a letter and have no colon.
    let possible = bare.contains(':') || bare.bytes().last().is_some_and(|b| b.is_ascii_digit());
    possible.then(|| bare.parse::<IpAddr>().ok()).flatten().map(|ip| ip.to_canonical())
}
