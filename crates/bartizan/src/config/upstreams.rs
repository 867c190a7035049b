//! What a service does for its upstreams and with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an upstream is chosen among those that are healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// In turn.
    #[default]
    RoundRobin,
    /// The one with the fewest exchanges under way.
    LeastBusy,
    /// Always the same one for the same value, as long as it is healthy, and another one for as few values as
    /// possible when there is one more or less (rendezvous hashing). In turn for requests without the value.
    Hash(HashOn),
}

/// What tells callers apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HashOn {
    /// The address of the client, IPv6 by /64.
    #[default]
    Address,
    /// The first value of the header field of that name.
    Header(String),
    /// The value of the cookie of that name.
    Cookie(String),
    /// The segment of the path of that number, counted from 1.
    Segment(u16),
    /// Who was verified first by policies: a key, a token, a certificate.
    Principal,
}

/// Asking upstreams now and then whether they are well. One that failed several times in a row is left out; when all are,
/// they are asked all the same. Nothing that clients do has an influence on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthConfig {
    /// What is asked for by GET: a path, with a query where one is needed.
    pub path: String,
    /// The host that is named in checks. Default: `server_name`, else the address of the upstream.
    #[serde(default)]
    pub host: Option<String>,
    /// Seconds from the end of a check to the next one, 1 to 3600.
    #[serde(default = "ten")]
    pub interval_seconds: u32,
    /// Most seconds that a check takes, connecting included, 1 to 3600.
    #[serde(default = "two")]
    pub timeout_seconds: u32,
    /// Good checks in a row after which one that was left out is asked again.
    #[serde(default = "two")]
    pub healthy_after: u32,
    /// Failed checks in a row after which one is left out.
    #[serde(default = "three")]
    pub unhealthy_after: u32,
    /// Statuses that are good. Default: 200 to 299.
    #[serde(default)]
    pub statuses: Vec<u16>,
}

const fn ten() -> u32 {
    10
}

const fn two() -> u32 {
    2
}

const fn three() -> u32 {
    3
}

/// When an upstream that fails is left alone for a while, and then tried with a few requests. Where all upstreams of a
/// service are, its requests are answered with 503 and `Retry-After`.
///
/// A failure is a status of 500 and above but 501 and 505, a connection that cannot be opened, an answer that does not come
/// in time or breaks off before its head is there. What clients bring about is none: requests that they break off,
/// statuses below 500, and whatever becomes of a request whose body is passed on as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// From that share of failures on, in a hundred.
    pub failures_percent: u8,
    /// An answer is slow whose head takes longer than that. Default: none is.
    pub slow_milliseconds: Option<u32>,
    /// From that share of slow answers on, in a hundred.
    pub slow_percent: u8,
    /// How many seconds back answers count, 1 to 3600.
    pub window_seconds: u32,
    /// Fewer answers than that say nothing.
    pub least: u32,
    /// How many seconds it is left alone, 1 to 3600.
    pub pause_seconds: u32,
    /// How many requests it is tried with then, at a time. Three at least are waited for, unless `counts_each_client`.
    pub trials: u32,
    /// Whether all answers count alike. By default the shares must be reached twice: of all answers, and with one voice
    /// for each client (an IPv4 address or an IPv6 /48), however much it asks; and at least three clients must fare
    /// that badly. So a few cannot take an upstream from everybody. Where all requests come from one or two addresses (a
    /// proxy that is not trusted, one service that calls another) there is nobody else: set it there.
    pub counts_each_client: bool,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_percent: 50,
            slow_milliseconds: None,
            slow_percent: 80,
            window_seconds: 10,
            least: 20,
            pause_seconds: 10,
            trials: 5,
            counts_each_client: false,
        }
    }
}

/// How many requests may be sent a second time, so that an upstream in trouble does not get several times as many of them
/// as before. Only what is idempotent is sent again, or what an upstream says that it left, and only before a byte came in
/// answer. Those of which nothing was sent do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryBudgetConfig {
    /// Most in a hundred requests of the last 10 to 20 seconds.
    pub percent: u8,
    /// So many in 10 seconds are let in any case.
    pub least: u32,
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self { percent: 20, least: 100 }
    }
}

/// Upstreams that a part of the callers is sent to, always the same ones. While none of them is healthy the others are
/// asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryConfig {
    /// `http://host:port` or `https://host:port` each, of the same scheme as the others and reached as they are.
    pub upstreams: Vec<String>,
    /// How many of a hundred callers.
    #[serde(default)]
    pub percent: u8,
    /// What tells callers apart. Their address where a request has nothing of it.
    #[serde(default)]
    pub by: HashOn,
    /// Requests with this field are sent there in any case. Everybody can write fields.
    #[serde(default)]
    pub header: Option<FieldConfig>,
}

/// A header field with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldConfig {
    /// Its name.
    pub name: String,
    /// Its value, as a whole; case counts.
    pub value: String,
}

/// Upstreams that get copies of requests, credentials among them, marked by `X-Bartizan-Mirror: 1`, which clients cannot
/// set then. What policies refuse is not copied. Nobody waits for a copy: what finds no room is dropped and counted, and
/// answers are thrown away. Bodies that are passed on as they come, and WebSockets, are not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// `http://host:port` or `https://host:port` each, of the same scheme as the others and reached as they are.
    pub upstreams: Vec<String>,
    /// How many of a hundred requests, evenly spread.
    #[serde(default = "all")]
    pub percent: u8,
    /// Whether requests are copied that may change something: all but GET, HEAD and OPTIONS, and those that name
    /// another method for frameworks (`X-HTTP-Method-Override`, `_method`).
    #[serde(default)]
    pub writes: bool,
    /// Most copies that wait, 1 to 100000.
    #[serde(default = "waiting")]
    pub waiting: u32,
    /// Most copies under way at a time, 1 to 100000.
    #[serde(default = "at_once")]
    pub at_once: u32,
    /// Most seconds that a copy takes, its answer included, 1 to 3600.
    #[serde(default = "ten")]
    pub timeout_seconds: u32,
}

const fn all() -> u8 {
    100
}

const fn waiting() -> u32 {
    1_000
}

const fn at_once() -> u32 {
    32
}
