//! Client connections: accepting, handshakes, and which protocol is spoken.

pub(crate) mod accept;
pub(crate) mod clients;
mod connection;
mod link;
pub(crate) mod proxy_protocol;
mod socket;
pub(crate) mod tls;

pub(crate) use connection::LIBRARY_FIELDS;
pub(crate) use link::{Link, Peer, Upgrade};
pub(crate) use socket::Socket;
