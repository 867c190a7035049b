//! What a gateway is told: plain values, already read and typed. The file they come from is the
//! business of the command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

pub use bartizan_model::address::Network;

pub use care::{Balance, Breaker, Canary, HashOn, HealthCheck, Mirror, RetryBudget, Slow};
pub use egress::{Credential, Egress};

use crate::head::{HeadLimits, tap::ClientDeadlines};

mod care;
mod egress;

/// The whole configuration of a gateway. It is compiled before it is used: what cannot be compiled
/// is refused as a whole ([`ConfigError`]), and a running gateway keeps what it has.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect. Cannot be changed by a reload, except for certificates.
    pub listeners: Vec<Listener>,
    /// Where requests go; the first that matches is taken.
    pub services: Vec<Service>,
    /// Proxies for what services call outside.
    pub egress: Vec<Egress>,
    /// Sizes and counts.
    pub limits: Limits,
    /// Times.
    pub deadlines: Deadlines,
    /// Peers whose `Forwarded`, `X-Forwarded-*`, `X-Request-Id` and PROXY headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// The field in which they name the client.
    pub client_field: ClientField,
    /// What upstreams are told about the client.
    pub forwarded: ForwardedFields,
    /// Where a line for each exchange goes.
    pub access_log: AccessLog,
    /// Methods that are served beside the registered ones, with case; `*` for all. Others are refused
    /// with 501.
    pub methods: Vec<String>,
}

impl Config {
    /// One listener in front of one upstream, everything else by default.
    #[must_use]
    pub fn simple(listen: SocketAddr, upstream: impl Into<String>) -> Self {
        Self {
            listeners: vec![Listener::plain(listen)],
            services: vec![Service::to(upstream)],
            egress: Vec::new(),
            limits: Limits::default(),
            deadlines: Deadlines::default(),
            trusted_proxies: Vec::new(),
            client_field: ClientField::default(),
            forwarded: ForwardedFields::default(),
            access_log: AccessLog::Off,
            methods: Vec::new(),
        }
    }
}

/// The field in which trusted proxies name the client. The other one is not read and not passed on:
/// most proxies pass on what clients write into a field that they do not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientField {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A socket that accepts clients.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Certificates; `None` serves cleartext.
    pub tls: Option<ServerTls>,
    /// Whether every connection begins with a PROXY protocol header (version 1 or 2). Peers that
    /// are not trusted are then refused.
    pub proxy_protocol: bool,
    /// Whether HTTP/2 is served: by ALPN over TLS, by prior knowledge over cleartext.
    pub http2: bool,
}

impl Listener {
    /// Cleartext, HTTP/1.1 and HTTP/2.
    #[must_use]
    pub const fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None, proxy_protocol: false, http2: true }
    }
}

/// Certificates of a listener, chosen by the server name of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// At least one. Who names no server, or one that no certificate is for, gets the first that is
    /// for any name, else the first.
    pub certificates: Vec<Certificate>,
    /// Certificates that clients are asked for. Whether they are cannot be changed by a reload.
    pub clients: Option<ClientTls>,
}

/// Certificates of clients. Who shows one has to show a good one, whether one is needed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls {
    /// PEM file with the authorities that are believed; read again at each reload.
    pub authorities: PathBuf,
    /// Whether there is no connection without one.
    pub required: bool,
    /// Files with revocation lists (RFC 5280 §5), PEM or DER; read again at each reload. When any is
    /// named, there has to be a list of every authority that signs a certificate of a chain, and one
    /// whose next update is overdue refuses. Of several of one authority the newest counts.
    pub revocation_lists: Vec<PathBuf>,
    /// Kinds of names by which a certificate says who holds it; the first of which it has any counts.
    pub names: Vec<NameKind>,
    /// Trust domains of SPIFFE ids; any that the authorities sign when empty.
    pub trust_domains: Vec<String>,
}

/// A name in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// The SPIFFE id: its one URI, of the scheme `spiffe`.
    Spiffe,
    /// Its one alternative name that is a host.
    Dns,
    /// The common name of its subject.
    CommonName,
}

/// A certificate chain and its key, in PEM files. They are read again at each reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Server names it is for, `*.` allowed for the first label; empty for any.
    pub names: Vec<String>,
    /// The chain, leaf first.
    pub chain: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A group of upstreams that answer the same requests.
#[derive(Clone, Debug)]
pub struct Service {
    /// Name for logs, metrics and policies; unique.
    pub name: String,
    /// Host names, without port, `*.` allowed for the first label; empty for any.
    pub hosts: Vec<String>,
    /// The path must be it or go on behind it with a slash; `/` for any.
    pub path_prefix: String,
    /// `host:port` each; at least one.
    pub upstreams: Vec<String>,
    /// How one of them is chosen.
    pub balance: Balance,
    /// What they speak.
    pub protocol: UpstreamProtocol,
    /// TLS to the upstreams.
    pub tls: Option<UpstreamTls>,
    /// What happens to a request body above [`Limits::request_body_bytes`].
    pub request_over: OverLimit,
    /// What happens to a response body above [`Limits::response_body_bytes`].
    pub response_over: OverLimit,
    /// Whether WebSocket upgrades are passed on.
    pub websocket: bool,
    /// Whether upstreams are asked if they are well; `None` judges them by connecting only.
    pub health: Option<HealthCheck>,
    /// When one that fails is left alone.
    pub breaker: Option<Breaker>,
    /// How many requests are sent a second time.
    pub retry_budget: RetryBudget,
    /// Upstreams for a part of the callers.
    pub canary: Option<Canary>,
    /// Upstreams that get copies.
    pub mirror: Option<Mirror>,
}

impl Service {
    /// Everything to one upstream over HTTP/1.1.
    #[must_use]
    pub fn to(upstream: impl Into<String>) -> Self {
        Self {
            name: "default".to_owned(),
            hosts: Vec::new(),
            path_prefix: "/".to_owned(),
            upstreams: vec![upstream.into()],
            balance: Balance::RoundRobin,
            protocol: UpstreamProtocol::Http1,
            tls: None,
            request_over: OverLimit::Refuse,
            response_over: OverLimit::Stream,
            websocket: true,
            health: None,
            breaker: None,
            retry_budget: RetryBudget::default(),
            canary: None,
            mirror: None,
        }
    }
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; by prior knowledge over cleartext. What gRPC needs.
    Http2,
}

/// TLS to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamTls {
    /// The name that the certificate must be for.
    pub server_name: String,
    /// PEM file with the authorities that are believed.
    pub authorities: PathBuf,
    /// Our own certificate, for upstreams that ask for one.
    pub certificate: Option<OwnCertificate>,
}

/// A certificate that we show to an upstream, and its key, in PEM files. They are read again at each
/// reload; connections that were made with other ones are not used again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnCertificate {
    /// The chain, leaf first.
    pub chain: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What happens to a body that is too large to be held whole, or that does not end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// The exchange is refused: 413 for requests, 502 for responses.
    Refuse,
    /// It is passed on as it comes, counted as not inspected.
    Stream,
}

/// Sizes and counts. Each is checked, and what happens when it is reached is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of request heads; refused with 414 or 431.
    pub head: HeadLimits,
    /// Most bytes of a request body that are held; above, [`Service::request_over`].
    pub request_body_bytes: usize,
    /// Most bytes of a response body that are held; above, [`Service::response_over`].
    pub response_body_bytes: usize,
    /// Most bytes of all bodies held at one time. Above, requests are refused with 503; responses are
    /// streamed, or refused with 502, as [`Service::response_over`] says.
    pub buffered_bytes: usize,
    /// The same for the bodies of one client: an IPv4 address or an IPv6 /64.
    pub buffered_bytes_per_client: usize,
    /// Most bytes of a streamed body that are kept for the hand-over, which then says *truncated*.
    /// They count as held, and are kept only while half of [`Limits::buffered_bytes`] is free.
    pub captured_bytes: usize,
    /// Most exchanges under way at one time; above, requests are refused with 503.
    pub exchanges: usize,
    /// Most exchanges of one client under way at one time; above, requests are refused with 503.
    pub exchanges_per_client: usize,
    /// Most client connections at one time; more are closed at once.
    pub connections: usize,
    /// Most client connections from one address (an IPv4 address or an IPv6 /64); more are closed at
    /// once. With the PROXY protocol, from one client that the proxy names.
    pub connections_per_address: usize,
    /// Of HTTP/2 connections.
    pub http2: Http2Limits,
    /// Most bytes of a response head.
    pub response_head_bytes: usize,
    /// Most connections to one upstream, those of WebSockets and idle ones among them; above, another
    /// upstream of the service is tried, and then the request is refused with 503.
    pub upstream_connections: usize,
    /// Most idle connections kept for one upstream.
    pub idle_upstream_connections: usize,
    /// Most bytes of one WebSocket frame; above, the connection is closed with 1009.
    pub websocket_frame_bytes: usize,
    /// Most bytes of one WebSocket message; above, the connection is closed with 1009.
    pub websocket_message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            head: HeadLimits::default(),
            request_body_bytes: 8 * MIB,
            response_body_bytes: 8 * MIB,
            buffered_bytes: 512 * MIB,
            buffered_bytes_per_client: 64 * MIB,
            captured_bytes: MIB,
            exchanges: 10_000,
            exchanges_per_client: 2_500,
            connections: 20_000,
            connections_per_address: 5_000,
            http2: Http2Limits::default(),
            response_head_bytes: 64 * 1024,
            upstream_connections: 10_000,
            idle_upstream_connections: 256,
            websocket_frame_bytes: MIB,
            websocket_message_bytes: 4 * MIB,
        }
    }
}

/// Limits of one HTTP/2 connection. Header blocks, with all their CONTINUATION frames, are bounded
/// by [`HeadLimits::head_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2Limits {
    /// Most streams at one time; more are refused by the protocol.
    pub streams: u32,
    /// Most streams that a client reset before they were looked at; more close the connection.
    pub reset_streams: usize,
    /// Most streams that we reset for errors of the client; more close the connection.
    pub error_streams: usize,
    /// Flow-control window of a stream, in bytes.
    pub stream_window: u32,
    /// Flow-control window of a connection, in bytes.
    pub connection_window: u32,
    /// Most bytes of a frame that we accept, 16384 to 16777215.
    pub frame_bytes: u32,
    /// Most bytes that wait to be written for one stream.
    pub send_buffer_bytes: usize,
}

impl Default for Http2Limits {
    fn default() -> Self {
        Self {
            streams: 128,
            reset_streams: 20,
            error_streams: 100,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            frame_bytes: 16 * 1024,
            send_buffer_bytes: 256 * 1024,
        }
    }
}

/// Times. All are totals unless they say *idle*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Of client connections.
    pub client: ClientDeadlines,
    /// For a TLS handshake and a PROXY header together.
    pub handshake: Duration,
    /// For a whole request body; 408 above.
    pub request_body: Duration,
    /// Between two pieces of a streamed body, on either side; a client on HTTP/2 that opens no window
    /// for so long loses its connection.
    pub body_idle: Duration,
    /// How long a gRPC request is held in the hope that it ends; then it is streamed.
    pub grpc_gather: Duration,
    /// For a connection to an upstream, TLS included; 502 above.
    pub connect: Duration,
    /// From the last byte of the request to the head of the response; 504 above.
    pub response_head: Duration,
    /// For a whole response body; above, [`Service::response_over`].
    pub response_body: Duration,
    /// For what was held of an answer to reach the client.
    pub answer: Duration,
    /// How long an idle upstream connection is kept.
    pub upstream_idle: Duration,
    /// How long an upstream that refuses connections is left out.
    pub ejection: Duration,
    /// Without a frame on a WebSocket.
    pub websocket_idle: Duration,
    /// How often it is asked whether a WebSocket would still be let in; one that would not is closed
    /// with 1008.
    pub websocket_review: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            client: ClientDeadlines::default(),
            handshake: seconds(10),
            request_body: seconds(60),
            body_idle: seconds(60),
            grpc_gather: Duration::from_millis(20),
            connect: seconds(5),
            response_head: seconds(60),
            response_body: seconds(10),
            answer: seconds(300),
            upstream_idle: seconds(30),
            ejection: seconds(10),
            websocket_idle: seconds(300),
            websocket_review: seconds(5),
        }
    }
}

/// What upstreams are told about the client. What clients that are not trusted say about themselves
/// in these fields does not go on, whether we write them or not; only a valid trace of a client is
/// continued, with a parent of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardedFields {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    pub x_forwarded: bool,
    /// `Forwarded` (RFC 7239).
    pub forwarded: bool,
    /// `traceparent` (W3C Trace Context).
    pub trace: bool,
    /// `X-Request-Id`.
    pub request_id: bool,
    /// `Client-Cert` (RFC 9440): the certificate that the client has shown to us.
    pub client_certificate: bool,
}

impl Default for ForwardedFields {
    fn default() -> Self {
        Self {
            x_forwarded: true,
            forwarded: false,
            trace: true,
            request_id: true,
            client_certificate: false,
        }
    }
}

/// Where a line for each exchange goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Appended to a file.
    File(PathBuf),
}

/// The file in which this system keeps the authorities that it believes, if it is in a known place.
#[must_use]
pub fn system_authorities() -> Option<PathBuf> {
    const PLACES: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
        "/usr/local/share/certs/ca-root-nss.crt",
    ];
    PLACES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A policy that is for none of the services.
    #[error(transparent)]
    Policy(#[from] crate::policy::PolicyError),
    /// A value that cannot be used.
    #[error("`{key}`: {problem}")]
    Value {
        /// Path of the key, for example `services.0.upstreams`.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read or used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A listener that cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A reload that would change the listeners.
    #[error("listeners cannot be changed by a reload")]
    Listeners,
}

impl ConfigError {
    pub(crate) fn value(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Value { key: key.into(), problem: problem.into() }
    }
}
