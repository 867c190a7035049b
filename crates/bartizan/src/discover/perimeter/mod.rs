//! `discover perimeter`: what the listed hosts and networks show to whoever connects.
//!
//! [`Targets`] is the one list of what may be connected to. A name on it is looked up once, and every
//! connection goes to an address that was found then and that nothing in the list excludes. What is found on
//! the way (names in certificates, redirects, links) is listed; no code leads from there to a connection. Every
//! connection passes one [`gate`], which keeps the pace, the number at once, the number in all and the end.
//! What APIs a server shows is decided by [`super::crawl::Plan`], as for a crawl, on a short list of paths.

mod certificate;
mod found;
mod gate;
mod look;
mod ports;
mod record;
mod search;
mod targets;
mod tls;

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

pub use self::{
    certificate::{Certificate, MAX_NAMES, Validity},
    found::{MAX_FOUND_NAMES, MAX_ROUTES, MAX_SERVICES},
    look::{MAX_ANSWER_BYTES, MAX_REQUESTS},
    ports::{MAX_PORTS, Ports, USUAL},
    search::{MAX_ADDRESSES_OF_NAME, PORTS_AT_ONCE, Pace, Progress, search},
    targets::{MAX_ADDRESSES, MAX_FILE_BYTES, Targets},
    tls::Tls,
};
use super::crawl::{Document, Route};

/// What ended a search before everything was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// `--max-connections`.
    MaxConnections,
    /// `--max-seconds`.
    MaxSeconds,
    /// Ctrl-C.
    Interrupted,
}

impl Limit {
    /// What happened, as a sentence without its end.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::MaxConnections => {
                "It ended at the most connections that were allowed (--max-connections)"
            }
            Self::MaxSeconds => "It ended at the most seconds that were allowed (--max-seconds)",
            Self::Interrupted => "It was interrupted",
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Perimeter {
    /// Counts.
    pub summary: Summary,
    /// What ended it before everything was looked at.
    pub ended_by: Option<Limit>,
    /// What was left out, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Open ports, by address, port and name.
    pub services: Vec<Service>,
    /// Names that are not on the list: in certificates, and where redirects lead. None was connected to.
    pub names: Vec<FoundName>,
    /// Listed names that led nowhere, with the reason.
    pub unresolved: BTreeMap<String, String>,
}

/// Counts of a [`Perimeter`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Listed names.
    pub names: u64,
    /// Addresses: those that are listed, and those that listed names lead to.
    pub addresses: u64,
    /// Connections that were begun.
    pub connections: u64,
    /// Ports that take connections.
    pub open: u64,
    /// Ports that refuse them.
    pub closed: u64,
    /// Ports that did not answer in time: something in front of them drops what is sent.
    pub silent: u64,
    /// Ports that could not be tried, for want of a way there.
    pub unreachable: u64,
    /// Ports that were not looked at any more when it ended.
    pub not_tried: u64,
}

/// What a port speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaks {
    /// HTTP over TLS.
    Https,
    /// HTTP in cleartext.
    Http,
    /// TLS, and within it no HTTP/1.1 that was answered in time.
    Tls,
    /// Neither, or nothing in time.
    #[default]
    Unknown,
}

impl Speaks {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Unknown => "unknown",
        }
    }
}

/// An open port, asked for by one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The name on the list, or the address where that is listed.
    pub host: String,
    /// The address that was connected to.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// What it speaks.
    pub speaks: Speaks,
    /// What it said when TLS began; `None` for cleartext.
    pub tls: Option<Tls>,
    /// Status of the answer to `GET /`.
    pub status: Option<u16>,
    /// What calls itself so in `Server`.
    pub server: Option<String>,
    /// The other origin that `/` redirects to; nobody followed.
    pub redirects_to: Option<String>,
    /// Requests that were sent to it.
    pub requests: u64,
    /// Whether paths that do not exist are answered like ones that do.
    pub answers_everything: bool,
    /// Documents that tell of its API.
    pub documents: Vec<Document>,
    /// Paths of its API: those that answered, and those that its documents tell of.
    pub routes: Vec<Route>,
}

impl Service {
    pub(super) fn new(host: &str, address: IpAddr, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            address,
            port,
            speaks: Speaks::Unknown,
            tls: None,
            status: None,
            server: None,
            redirects_to: None,
            requests: 0,
            answers_everything: false,
            documents: Vec::new(),
            routes: Vec::new(),
        }
    }

    /// Host and port, an IPv6 address in brackets.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Where a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    /// A certificate is for it.
    Certificate,
    /// A redirect leads there.
    Redirect,
}

impl FoundIn {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Redirect => "redirect",
        }
    }
}

/// A name that is not on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundName {
    /// The name, an address, or a name with `*` as its first part.
    pub name: String,
    /// Where it was found.
    pub found_in: Vec<FoundIn>,
    /// Host and port that named it first.
    pub found_at: String,
    /// How often it was named.
    pub count: u64,
}
