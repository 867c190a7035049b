//! One request and its response: what every source produces and the judgement reads.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{ids::ExchangeId, time::Timestamp, verdict::PolicyDecision};

/// One request and its response (one call for gRPC; one message for a WebSocket).
///
/// Whatever the source could not see is `None` or [`BodyState::NotCaptured`]: the judgement answers
/// *not evaluated* there, never *pass*.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// As its source named it; sources number exchanges that have no id.
    pub id: ExchangeId,
    /// When the request arrived.
    pub time: Option<Timestamp>,
    /// Who connected.
    pub client: Client,
    /// What was asked.
    pub request: Request,
    /// What was answered, when an answer was seen.
    pub response: Option<Response>,
    /// From the first byte of the request to the last of the response, in milliseconds.
    pub duration_ms: Option<f64>,
    /// Name of the source, for example a file name.
    pub source: Option<String>,
    /// The address and port that answered.
    pub server: Option<(IpAddr, Option<u16>)>,
    /// The upstream that an inline gateway asked, as `host:port` or as its configuration names it.
    pub upstream: Option<String>,
    /// TLS of the client's connection; `None` when the source does not say.
    pub tls: Option<Tls>,
    /// Messages of a WebSocket or a stream, in order.
    pub messages: Vec<Message>,
    /// Which way it went, where the source knows by how it records.
    pub flow: Option<Flow>,
    /// The workload that asked, as a mesh or tracing names it: `shop/orders`.
    pub caller: Option<String>,
    /// The workload that answered, named in the same way.
    pub callee: Option<String>,
    /// Whether it came through a gateway, where whoever put several sources together knows that; else what is
    /// configured about gateways tells.
    pub through_gateway: Option<bool>,
    /// Template of the path by which whoever answered found what to do, as its source names it: `/orders/{id}`,
    /// `/orders/:id`.
    pub route: Option<String>,
    /// Environment that the source names.
    pub environment: Option<String>,
    /// Protocol that the source names, for example `grpc` or `websocket`.
    pub protocol: Option<String>,
    /// Connection that the source names.
    pub connection_id: Option<String>,
    /// Request id that the source names, for example of the front server.
    pub request_id: Option<String>,
    /// Trailer fields of the response.
    pub trailers: Headers,
    /// What inline policies decided about it, in order, when that was more than to let it pass.
    pub policies: Vec<PolicyDecision>,
}

/// Which way an exchange went, as seen by who runs the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Recorded where it was answered: by the server, or a proxy or gateway in front of it.
    Inbound,
    /// Recorded where it was asked: by a client of ours.
    Outbound,
}

impl Flow {
    /// The word used in exchanges as JSON lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The value of a word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound].into_iter().find(|flow| flow.as_str() == text)
    }
}

/// The peer of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Address, as the source believes it.
    pub ip: Option<IpAddr>,
    /// Port.
    pub port: Option<u16>,
    /// JA4 fingerprint of the TLS ClientHello.
    pub ja4: Option<String>,
    /// Subject of a verified client certificate.
    pub certificate_subject: Option<String>,
    /// User name that the front server authenticated (access logs: `remote_user`).
    pub user: Option<String>,
}

/// TLS of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// For example `1.3`.
    pub version: Option<String>,
    /// Server name of the ClientHello.
    pub sni: Option<String>,
    /// Cipher suite as the source names it.
    pub cipher: Option<String>,
}

/// How much of a body the source saw.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum BodyState {
    /// All of it (an empty body is complete too).
    #[default]
    Complete,
    /// A beginning of it.
    Truncated,
    /// Nothing is known: the source does not record bodies.
    NotCaptured,
}

/// Whether the source records the header fields of requests.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HeaderState {
    /// All of them: what is not here was not sent.
    #[default]
    Complete,
    /// None, or a few named ones (access logs): that no credential is here says nothing.
    Incomplete,
}

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Method as sent; case kept (RFC 9110 §9.1: methods are case-sensitive).
    pub method: String,
    /// `http`, `https`, `ws`, `wss` or empty when the source does not say.
    pub scheme: String,
    /// Host and port as named by the request (`:authority`, `Host` or the URL); lower case; empty
    /// when the source does not say.
    pub authority: String,
    /// Path and query exactly as sent, beginning with `/` (or `*`).
    pub target: String,
    /// For example `1.1`, `2`.
    pub http_version: Option<String>,
    /// Header fields in order.
    pub headers: Headers,
    /// Whether these are all that were sent.
    pub header_state: HeaderState,
    /// Body bytes as transferred, still content-encoded unless the source decoded them (then the
    /// source removes `content-encoding`).
    pub body: Bytes,
    /// How much of the body is here.
    pub body_state: BodyState,
    /// Trailer fields, which came behind the body.
    pub trailers: Headers,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// Status code; 0 when the source saw that no answer came.
    pub status: u16,
    /// Header fields in order.
    pub headers: Headers,
    /// Whether the source records response headers at all (access logs do not).
    pub headers_captured: bool,
    /// Body bytes as transferred, see [`Request::body`].
    pub body: Bytes,
    /// How much of the body is here.
    pub body_state: BodyState,
    /// Size of the body in bytes as the source reports it, when the body itself is not here.
    pub body_bytes: Option<u64>,
}

impl Response {
    /// Size of the body in bytes: as reported, else as captured; `None` when nothing is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.body_bytes
            .or_else(|| (self.body_state == BodyState::Complete).then_some(self.body.len() as u64))
    }

    /// As [`is_success`] of its status.
    #[must_use]
    pub fn is_success(&self) -> bool {
        is_success(self.status)
    }
}

/// Whether a status says that the request was granted: 200 to 299, and 101, with which an API
/// accepts a WebSocket (RFC 6455 §4.2.2).
#[must_use]
pub const fn is_success(status: u16) -> bool {
    matches!(status, 101 | 200..=299)
}

/// One message of a WebSocket or stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// True when the client sent it.
    pub from_client: bool,
    /// When it was sent.
    pub time: Option<Timestamp>,
    /// Text or binary payload.
    pub data: Bytes,
    /// True for a text message.
    pub text: bool,
}

/// Header fields in the order of the message; names compare without case (RFC 9110 §5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first value of `name`, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// All values of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether a field of that name is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The media type of `content-type`: lower case, without parameters; empty when absent.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.get("content-type").unwrap_or("");
        value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(n, v)| (n.into(), v.into())).collect())
    }
}

impl Request {
    /// Host without port, lower case, without a trailing dot and brackets kept for IPv6.
    #[must_use]
    pub fn host(&self) -> &str {
        let bytes = self.authority.as_bytes();
        let start = bytes.iter().rposition(|b| *b == b'@').map_or(0, |at| at + 1);
        let host = &self.authority[start..];
        let port = host.bytes().rev().take_while(u8::is_ascii_digit).count();
        let host = host[..host.len() - port].strip_suffix(':').unwrap_or(host);
        host.strip_suffix('.').unwrap_or(host)
    }

    /// The path: the target up to `?` or `#`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or("")
    }

    /// The query without `?`; `None` when there is none.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        let target = self.target.split('#').next().unwrap_or("");
        target.split_once('?').map(|(_, query)| query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_without_port_user_and_dot() {
        for (authority, host) in [
            ("api.example.com", "api.example.com"),
            ("api.example.com:8443", "api.example.com"),
            ("api.example.com.", "api.example.com"),
            ("user@api.example.com:80", "api.example.com"),
            ("[::1]:3000", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            let request = Request { authority: authority.to_owned(), ..Request::default() };
            assert_eq!(request.host(), host, "{authority}");
        }
    }

    #[test]
    fn target_splits_into_path_and_query() {
        let request = Request { target: "/a/b?x=1?y#f?z".to_owned(), ..Request::default() };
        assert_eq!((request.path(), request.query()), ("/a/b", Some("x=1?y")));
        let request = Request { target: "/a#b?c".to_owned(), ..Request::default() };
        assert_eq!((request.path(), request.query()), ("/a", None));
    }

    #[test]
    fn headers_compare_without_case_and_keep_order() {
        let headers = Headers::from_iter([("Set-Cookie", "a"), ("x", "1"), ("set-cookie", "b")]);
        assert_eq!(headers.get_all("SET-COOKIE").collect::<Vec<_>>(), ["a", "b"]);
        let headers = Headers::from_iter([("Content-Type", "Application/JSON; charset=utf-8")]);
        assert_eq!(headers.media_type(), "application/json");
    }
}
