//! What a service does for its upstreams and with them: health checks, breakers, retries, hashes, canaries, mirrors.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// How an upstream is chosen among those that are healthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Balance {
    /// In turn.
    RoundRobin,
    /// The one with the fewest exchanges under way.
    LeastBusy,
    /// Always the same one for the same value, as long as it is healthy: the one with the highest hash together with
    /// it (rendezvous hashing, Thaler and Ravishankar 1998), so that one upstream more or less moves its own part
    /// only. In turn for requests without the value.
    Hash(HashOn),
}

/// What tells callers apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// The address of the client, IPv6 by /64.
    Address,
    /// The first value of a field.
    Header(HeaderName),
    /// The first value of a cookie.
    Cookie(String),
    /// A segment of the path, counted from 1.
    Segment(usize),
    /// The first principal that was verified.
    Principal,
}

/// Asking upstreams now and then whether they are well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked for by GET: a path, with a query where one is needed.
    pub path: String,
    /// The host that is named; `None` for that of the certificate, else the address.
    pub host: Option<HeaderValue>,
    /// From the end of one check to the next.
    pub interval: Duration,
    /// For a whole check, connecting included.
    pub timeout: Duration,
    /// Good checks in a row after which one that was left out is asked again.
    pub healthy_after: u32,
    /// Failed checks in a row after which one is left out.
    pub unhealthy_after: u32,
    /// Statuses that are good; none for 200 to 299.
    pub statuses: Vec<u16>,
}

/// When an upstream that fails is left alone for a while.
///
/// A failure is a status of 500 and above but 501 and 505, a connection that cannot be opened, an answer that does not
/// come in time or breaks off before its head is there. What clients bring about is none: requests that they
/// broke off, statuses below 500, and whatever became of a request whose body was passed on as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// From that share of failures on, 1 to 100 in a hundred.
    pub failures_percent: u8,
    /// From that share of slow answers on; `None` for however slow.
    pub slow: Option<Slow>,
    /// How far back answers count.
    pub window: Duration,
    /// Fewer answers than that say nothing.
    pub least: u32,
    /// How long it is left alone.
    pub pause: Duration,
    /// How many requests it is tried with then at a time; three at least are waited for, unless each counts.
    pub trials: u32,
    /// Whether all answers count alike. Else each client has one voice besides, however much it asks, and it takes three
    /// that fare badly, so that a few cannot take an upstream from everybody.
    pub counts_each_client: bool,
}

/// Which share of answers may be slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Longer than that to the head of an answer is slow.
    pub after: Duration,
    /// From that share on, 1 to 100 in a hundred.
    pub percent: u8,
}

/// How many requests may be sent a second time, so that an upstream in trouble does not get more of them than before.
/// Those of which nothing was sent do not count: they cost no upstream anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Most in a hundred requests of the last 10 to 20 seconds.
    pub percent: u8,
    /// So many in 10 seconds are let in any case.
    pub least: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20, least: 100 }
    }
}

/// Upstreams that a part of the callers is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// `host:port` each; they are reached as the others are.
    pub upstreams: Vec<String>,
    /// How many of a hundred callers.
    pub percent: u8,
    /// What tells them apart; their address where there is nothing of it.
    pub by: HashOn,
    /// Requests with this field and value are sent there in any case.
    pub header: Option<(HeaderName, HeaderValue)>,
}

/// Upstreams that get copies of requests, whose answers nobody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// `host:port` each; they are reached as the others are.
    pub upstreams: Vec<String>,
    /// How many of a hundred requests.
    pub percent: u8,
    /// Whether requests are copied that may change something: all but GET, HEAD and OPTIONS, and those that name
    /// another method for frameworks (`X-HTTP-Method-Override`, `_method`).
    pub writes: bool,
    /// Most copies that wait; above, they are dropped and counted.
    pub waiting: usize,
    /// Most copies under way at a time.
    pub at_once: usize,
    /// For a whole copy, its answer included.
    pub timeout: Duration,
}
