//! Upstreams: connections, choice, health, breakers, copies.

pub(crate) mod breaker;
pub(crate) mod caller;
pub(crate) mod choose;
pub(crate) mod connection;
pub(crate) mod exchange;
pub(crate) mod health;
pub(crate) mod heard;
pub(crate) mod lines;
pub(crate) mod mirror;
pub(crate) mod pool;
pub(crate) mod retries;

pub(crate) use choose::Group;
pub(crate) use connection::UpstreamBody;
pub(crate) use pool::{Tls, Upstream};
