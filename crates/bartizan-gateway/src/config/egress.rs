//! A proxy for what services call outside.

use std::{fmt, net::SocketAddr, time::Duration};

use super::Network;

/// A listener for requests that go out: `CONNECT`, and requests that name a whole `http` URL (RFC 9110 §9.3.6, RFC 9112
/// §3.2.2). Only to hosts that are listed, and only to addresses of the public internet, or in networks that are named: a
/// name is resolved once, every address that comes of it is checked, and the connection goes to one that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// Address; port 0 takes a free one. Cannot be changed by a reload.
    pub address: SocketAddr,
    /// Names and addresses, `*.` in front for one more label, with a port; without one 80 and 443 are meant.
    pub hosts: Vec<String>,
    /// Private networks that may be connected to. Those at which clouds answer their machines never are.
    pub networks: Vec<Network>,
    /// Who may ask; without any, everybody who reaches a listener of this machine.
    pub credentials: Vec<Credential>,
    /// Most connections of clients at one time; more are closed at once.
    pub connections: usize,
    /// Most of them from one address, IPv6 by /64.
    pub connections_per_address: usize,
    /// For resolving a name and connecting.
    pub connect: Duration,
    /// Without a byte in either direction, or while a client takes nothing of what it asked for.
    pub idle: Duration,
    /// For a whole request or tunnel.
    pub longest: Duration,
    /// Most bytes that one request or tunnel sends.
    pub request_bytes: u64,
    /// Most bytes that come back.
    pub response_bytes: u64,
}

/// A name with its password, as their hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential([u8; 32]);

impl Credential {
    /// That of a name and its password.
    #[must_use]
    pub fn new(name: &str, password: &[u8]) -> Self {
        Self::of(&[name.as_bytes(), b":", password].concat())
    }

    /// That of what stands behind `Basic`, decoded (RFC 7617).
    pub(crate) fn of(pair: &[u8]) -> Self {
        Self(*blake3::hash(pair).as_bytes())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}
