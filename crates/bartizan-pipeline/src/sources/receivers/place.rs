//! Where receivers take from.

use std::{fmt, net::SocketAddr};

use super::config::{CompiledReceiver, Way};

/// Where a receiver takes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address that it listens on.
    Socket {
        /// The address.
        address: SocketAddr,
        /// Whether senders speak TLS.
        is_encrypted: bool,
    },
    /// An interface that it captures from.
    Interface(String),
}

impl Place {
    /// Whether there is only one of it: the system does not choose the port.
    pub(super) const fn is_fixed(&self) -> bool {
        !matches!(self, Self::Socket { address, .. } if address.port() == 0)
    }

    /// Whether it takes traffic beyond this machine in the clear.
    #[must_use]
    pub const fn is_exposed(&self) -> bool {
        match self {
            Self::Socket { address, is_encrypted } => !address.ip().is_loopback() && !*is_encrypted,
            Self::Interface(_) => false,
        }
    }

    /// Whether this is the same place, however it is spoken there.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Socket { address: one, .. }, Self::Socket { address: two, .. }) => one == two,
            _ => self == other,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { address, .. } => write!(f, "{address}"),
            Self::Interface(name) => write!(f, "interface {name}"),
        }
    }
}

impl CompiledReceiver {
    /// Where it is told to take from.
    pub(super) fn place(&self) -> Place {
        match &self.way {
            Way::Listens(listening) => {
                let is_encrypted = listening.tls.is_some();
                Place::Socket { address: listening.address, is_encrypted }
            }
            Way::Captures(options) => Place::Interface(options.interface.clone()),
        }
    }
}
