//! Upstreams: connections, choice, health.

pub(crate) mod choose;
pub(crate) mod connection;
pub(crate) mod exchange;
pub(crate) mod heard;
pub(crate) mod lines;
pub(crate) mod pool;

pub(crate) use choose::Group;
pub(crate) use connection::UpstreamBody;
pub(crate) use pool::{Tls, Upstream};
