//! The inline gateway: where it listens, where requests go, how large and slow they may be.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::certificates::{CertificateConfig, ClientsConfig, NameConfig, OwnCertificateConfig};
use super::{
    egress::EgressConfig,
    upstreams::{
        Balance, BreakerConfig, CanaryConfig, HealthConfig, MirrorConfig, RetryBudgetConfig,
    },
};

const MIB: u32 = 1024 * 1024;

/// The inline gateway (`bartizan serve`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where clients connect. `--listen` replaces them by one in cleartext.
    pub listeners: Vec<ListenerConfig>,
    /// Where requests go; the first that matches is taken. `--upstream` replaces them by one.
    pub services: Vec<ServiceConfig>,
    /// Proxies through which services call outside, where only hosts that are listed can be reached.
    pub egress: Vec<EgressConfig>,
    /// Addresses and networks whose `Forwarded`, `X-Forwarded-*`, `X-Request-Id` and PROXY headers
    /// are believed, for example `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// The field in which trusted proxies name the client. The other one is not read and not passed
    /// on: most proxies pass on what clients write into a field that they do not know.
    pub client_field: ClientFieldConfig,
    /// Methods that are served beside those that are registered (RFC 9110, WebDAV and others), for
    /// example `PURGE`; `*` for all. Case counts. Others are refused with 501: many upstreams read
    /// `post` as `POST`, and rules that are for `POST` do not.
    pub methods: Vec<String>,
    /// Largest sizes and counts.
    pub limits: GatewayLimits,
    /// Longest times.
    pub deadlines: GatewayDeadlines,
    /// What upstreams are told about the client.
    pub forwarded: ForwardedConfig,
    /// Where a JSON line for each exchange goes: `off`, `stdout`, or `file: PATH`, which is opened anew
    /// at each reload (SIGHUP), so that it can be rotated. Queries are left out.
    pub access_log: AccessLogConfig,
    /// Most finished exchanges that wait for the judgement. What does not fit is passed on all the
    /// same, not judged, and counted.
    pub waiting_exchanges: u32,
    /// Most mebibytes of bodies that wait for the judgement.
    pub waiting_mebibytes: u32,
    /// When the gateway is asked to stop, how many seconds it goes on as before, while `/readyz` says 503:
    /// the time that load balancers need to see that and to send no more connections. A second signal
    /// ends it. Kubernetes takes a stopping pod out of its services at the same time as it sends the
    /// signal: 5 to 15 there, and `drain_seconds` beside it within `terminationGracePeriodSeconds`.
    pub drain_delay_seconds: u32,
    /// When the gateway is stopped, how many seconds exchanges under way may take to end. A second signal
    /// cuts them off.
    pub drain_seconds: u32,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listeners: vec![ListenerConfig::default()],
            services: Vec::new(),
            egress: Vec::new(),
            trusted_proxies: Vec::new(),
            client_field: ClientFieldConfig::default(),
            methods: Vec::new(),
            limits: GatewayLimits::default(),
            deadlines: GatewayDeadlines::default(),
            forwarded: ForwardedConfig::default(),
            access_log: AccessLogConfig::default(),
            waiting_exchanges: 10_000,
            waiting_mebibytes: 256,
            drain_delay_seconds: 0,
            drain_seconds: 30,
        }
    }
}

/// A field that names the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientFieldConfig {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A socket that accepts clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerConfig {
    /// Address and port.
    pub address: String,
    /// Certificates, chosen by the server name of the client. Who names no server, or one that no
    /// certificate is for, gets the first without names, else the first. Without any, cleartext is
    /// served.
    pub certificates: Vec<CertificateConfig>,
    /// Certificates that clients are asked for (mTLS); needs `certificates`. To ask for them, or no
    /// longer, the gateway has to be started anew; what is in here is read again at each reload, and
    /// counts for open connections too.
    pub clients: Option<ClientsConfig>,
    /// Whether every connection begins with a PROXY protocol header (version 1 or 2) of a trusted
    /// proxy.
    pub proxy_protocol: bool,
    /// Whether HTTP/2 is served: by ALPN over TLS, by prior knowledge over cleartext.
    pub http2: bool,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8080".to_owned(),
            certificates: Vec::new(),
            clients: None,
            proxy_protocol: false,
            http2: true,
        }
    }
}

/// A group of upstreams that answer the same requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// Name for logs, metrics and policies; unique.
    pub name: String,
    /// Host names without port, `*.` allowed for the first label. Without any, all.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The path must be it or go on behind it with a slash.
    #[serde(default = "any_path")]
    pub path_prefix: String,
    /// `http://host:port` or `https://host:port` each, all of one scheme.
    pub upstreams: Vec<String>,
    /// How one of them is chosen.
    #[serde(default)]
    pub balance: Balance,
    /// What they speak.
    #[serde(default)]
    pub protocol: UpstreamProtocol,
    /// PEM file of the authorities whose certificates of `https` upstreams are believed. Default:
    /// those of the system.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// The name that the certificate of an `https` upstream must be for. Default: its host.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Our own certificate, for `https` upstreams that ask for one (mTLS).
    #[serde(default)]
    pub certificate: Option<OwnCertificateConfig>,
    /// What happens to a request whose body is above `limits.request_body_bytes`.
    #[serde(default = "refuse")]
    pub request_over: OverLimit,
    /// What happens to a response whose body is above `limits.response_body_bytes`.
    #[serde(default = "stream")]
    pub response_over: OverLimit,
    /// Whether WebSocket upgrades are passed on.
    #[serde(default = "yes")]
    pub websocket: bool,
    /// Whether upstreams are asked now and then if they are well. Without it only failures to connect leave
    /// one out.
    #[serde(default)]
    pub health: Option<HealthConfig>,
    /// When an upstream that fails is left alone for a while.
    #[serde(default)]
    pub breaker: Option<BreakerConfig>,
    /// How many requests may be sent a second time.
    #[serde(default)]
    pub retry_budget: RetryBudgetConfig,
    /// Upstreams that a part of the callers is sent to.
    #[serde(default)]
    pub canary: Option<CanaryConfig>,
    /// Upstreams that get copies of requests, whose answers nobody sees.
    #[serde(default)]
    pub mirror: Option<MirrorConfig>,
    /// Policies that usually belong together, for this service only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<super::Preset>,
}

fn any_path() -> String {
    "/".to_owned()
}

const fn refuse() -> OverLimit {
    OverLimit::Refuse
}

const fn stream() -> OverLimit {
    OverLimit::Stream
}

const fn yes() -> bool {
    true
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2; by prior knowledge over cleartext. What gRPC needs.
    Http2,
}

/// What happens to a body that is too large to be held whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// The exchange is refused: 413 for requests, 502 for responses.
    Refuse,
    /// It is passed on as it comes, and counted as not inspected.
    Stream,
}

/// Sizes and counts. Each is checked and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayLimits {
    /// Most bytes of a request head; 431 above.
    pub head_bytes: u32,
    /// Most bytes of a request target; 414 above.
    pub target_bytes: u32,
    /// Most header fields of a request; 431 above.
    pub header_fields: u32,
    /// Most bytes of one header field; 431 above.
    pub header_field_bytes: u32,
    /// Most bytes of a request body that are held whole; above, `request_over` of the service.
    pub request_body_bytes: u32,
    /// Most bytes of a response body that are held whole; above, `response_over` of the service.
    pub response_body_bytes: u32,
    /// Most mebibytes of all bodies held at one time. Above, requests are refused with 503; responses
    /// are passed on uninspected and counted, or refused with 502, as `response_over` says.
    pub buffered_mebibytes: u32,
    /// The same for the bodies of one client (an IPv4 address or an IPv6 /64).
    pub buffered_mebibytes_per_client: u32,
    /// Most exchanges under way at one time; above, requests are refused with 503.
    pub exchanges: u32,
    /// Most exchanges of one client under way at one time; above, requests are refused with 503.
    pub exchanges_per_client: u32,
    /// Most connections to one upstream, those of WebSockets and idle ones among them; above, another
    /// upstream of the service is tried, and then the request is refused with 503.
    pub upstream_connections: u32,
    /// Most client connections at one time; more are closed at once.
    pub connections: u32,
    /// Most client connections from one address (an IPv4 address or an IPv6 /64); more are closed at
    /// once. With the PROXY protocol, from one client that the proxy names.
    pub connections_per_address: u32,
    /// Most bytes of a response head; 502 above.
    pub response_head_bytes: u32,
    /// Most idle connections kept for one upstream.
    pub idle_upstream_connections: u32,
    /// Most bytes of a body that is passed on as it comes that are kept for the judgement, which then
    /// says *truncated*. They are kept only while half of `buffered_mebibytes` is free.
    pub captured_bytes: u32,
    /// Most HTTP/2 streams of one connection at one time; more are refused by the protocol.
    pub http2_streams: u32,
    /// Most HTTP/2 streams that a client reset before they were looked at; more close the connection.
    pub http2_reset_streams: u32,
    /// Most HTTP/2 streams that were reset for errors of the client; more close the connection.
    pub http2_error_streams: u32,
    /// Most bytes of one HTTP/2 frame that is taken, 16384 to 16777215; larger ones close the
    /// connection. A head is bounded by `head_bytes`, with all its CONTINUATION frames.
    pub http2_frame_bytes: u32,
    /// Flow-control window of an HTTP/2 stream, in bytes, towards clients and upstreams.
    pub http2_stream_window_bytes: u32,
    /// Flow-control window of an HTTP/2 connection, in bytes, towards clients and upstreams.
    pub http2_connection_window_bytes: u32,
    /// Most bytes that wait to be written for one HTTP/2 stream.
    pub http2_send_buffer_bytes: u32,
    /// Most bytes of one WebSocket frame; above, the connection is closed with 1009.
    pub websocket_frame_bytes: u32,
    /// Most bytes of one WebSocket message; above, the connection is closed with 1009.
    pub websocket_message_bytes: u32,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            target_bytes: 8 * 1024,
            header_fields: 100,
            header_field_bytes: 16 * 1024,
            request_body_bytes: 8 * MIB,
            response_body_bytes: 8 * MIB,
            buffered_mebibytes: 512,
            buffered_mebibytes_per_client: 64,
            exchanges: 10_000,
            exchanges_per_client: 2_500,
            upstream_connections: 10_000,
            connections: 20_000,
            connections_per_address: 5_000,
            response_head_bytes: 64 * 1024,
            idle_upstream_connections: 256,
            captured_bytes: MIB,
            http2_streams: 128,
            http2_reset_streams: 20,
            http2_error_streams: 100,
            http2_frame_bytes: 16 * 1024,
            http2_stream_window_bytes: 256 * 1024,
            http2_connection_window_bytes: MIB,
            http2_send_buffer_bytes: 256 * 1024,
            websocket_frame_bytes: MIB,
            websocket_message_bytes: 4 * MIB,
        }
    }
}

/// Times in seconds. All are totals unless they say otherwise; 0 is refused where it would end
/// everything at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayDeadlines {
    /// For a whole request head, on HTTP/2 from its first frame to its last; 408 above, on HTTP/2 the
    /// connection is closed.
    pub request_head: u32,
    /// For a whole request body; 408 above.
    pub request_body: u32,
    /// For the TLS handshake and the PROXY header of a client together; then the connection is closed.
    pub handshake: u32,
    /// Without a request on a client connection.
    pub idle: u32,
    /// Without progress while an answer is written; then the connection is closed.
    pub write_stall: u32,
    /// For what was held of an answer to reach the client; then the connection is closed.
    pub answer: u32,
    /// Between two pieces of a body that is passed on as it comes.
    pub body_idle: u32,
    /// For a connection to an upstream, TLS included; 502 above.
    pub connect: u32,
    /// From the last byte of the request to the head of the response; 504 above.
    pub response_head: u32,
    /// For a whole response body; above, `response_over` of the service.
    pub response_body: u32,
    /// How long an idle connection to an upstream is kept; 0 keeps none.
    pub upstream_idle: u32,
    /// How long an upstream is left out that refused connections three times in a row; 0 leaves none
    /// out. When all of a service are, they are asked all the same.
    pub ejection: u32,
    /// In milliseconds: how long a gRPC request is held in the hope that it ends; then it is passed on
    /// as it comes.
    pub grpc_gather_milliseconds: u32,
    /// Without a frame on a WebSocket.
    pub websocket_idle: u32,
    /// How often it is asked, beside at each reload, whether an open WebSocket would still be let in:
    /// by address, key, token and required authentication. One that would not is closed (1008).
    pub websocket_review: u32,
}

impl Default for GatewayDeadlines {
    fn default() -> Self {
        Self {
            request_head: 10,
            request_body: 60,
            handshake: 10,
            idle: 60,
            write_stall: 30,
            answer: 300,
            body_idle: 60,
            connect: 5,
            response_head: 60,
            response_body: 10,
            upstream_idle: 30,
            ejection: 10,
            grpc_gather_milliseconds: 20,
            websocket_idle: 300,
            websocket_review: 5,
        }
    }
}

/// What upstreams are told about the client. What clients that are not trusted say about themselves
/// in these fields does not go on, whether we write them or not; only a valid trace of a client is
/// continued, with a parent of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardedConfig {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    pub x_forwarded: bool,
    /// `Forwarded` (RFC 7239).
    pub forwarded: bool,
    /// `traceparent` (W3C Trace Context).
    pub trace: bool,
    /// `X-Request-Id`.
    pub request_id: bool,
    /// `Client-Cert` (RFC 9440) with the certificate that the client has shown to the listener. Whether
    /// or not: what clients that are not trusted say in this field, or in others in which proxies tell of
    /// certificates (`X-Forwarded-Client-Cert`, `SSL-Client-*`, `X-SSL-Client-*` and more), does not go on.
    pub client_certificate: bool,
}

impl Default for ForwardedConfig {
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

/// Where a JSON line for each exchange goes: nowhere, standard output, or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessLogConfig {
    /// Nowhere.
    #[default]
    Off,
    /// Standard output.
    Stdout,
    /// Appended to this file, which is opened again at each reload.
    File(PathBuf),
}

/// The administration listener: health and metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Address and port. Loopback unless the network is protected otherwise.
    pub listen: String,
    /// Host names that may be used beside the address itself (a defence against DNS rebinding).
    pub hosts: Vec<String>,
    /// Most connections at one time; one more closes the oldest, so that whoever comes is answered.
    pub connections: u32,
    /// How many seconds a request may take, from its first byte to the beginning of its answer, how long
    /// nothing of the answer may be taken, and how long a connection is kept without a request; then it
    /// is closed.
    pub request_seconds: u32,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9900".to_owned(),
            hosts: vec!["localhost".to_owned()],
            connections: 64,
            request_seconds: 10,
        }
    }
}
