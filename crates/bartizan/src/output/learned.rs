//! Documents that tell what was learned of one host, in the format of its protocol.

use std::collections::BTreeMap;

use bartizan_model::{Endpoint, Protocol, Sketch};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{graphql, openapi, proto};

/// The format of such a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// All that is called by method and path, as OpenAPI 3.1.
    #[default]
    Openapi,
    /// What is called over GraphQL, as a schema in its definition language.
    Graphql,
    /// What is called over gRPC, as a sketch of a file of protocol buffers.
    Proto,
}

impl Learned {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Openapi => "application/json",
            Self::Graphql => "application/graphql; charset=utf-8",
            Self::Proto => "text/plain; charset=utf-8",
        }
    }

    /// Hosts of which such a document can be written, the busiest first, with their requests.
    #[must_use]
    pub fn hosts(self, endpoints: &[Endpoint]) -> Vec<(&str, u64)> {
        let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
        for endpoint in endpoints.iter().filter(|endpoint| self.tells(endpoint)) {
            *hosts.entry(&endpoint.host).or_default() += endpoint.requests;
        }
        let mut hosts: Vec<_> = hosts.into_iter().collect();
        hosts.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
        hosts
    }

    /// Packages of a host, the busiest first, with their requests; none for other formats.
    #[must_use]
    pub fn packages<'e>(self, endpoints: &'e [Endpoint], host: &str) -> Vec<(&'e str, u64)> {
        if self != Self::Proto {
            return Vec::new();
        }
        let mut packages: BTreeMap<&str, u64> = BTreeMap::new();
        for endpoint in endpoints.iter().filter(|one| one.host == host && self.tells(one)) {
            if let Some(method) = proto::Called::of(endpoint) {
                *packages.entry(method.package).or_default() += endpoint.requests;
            }
        }
        let mut packages: Vec<_> = packages.into_iter().collect();
        packages.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
        packages
    }

    /// What nobody called says nothing about itself.
    fn tells(self, endpoint: &Endpoint) -> bool {
        // What was only ever refused says nothing about itself.
        let is_granted = |(status, _): &(u16, u64)| *status < 400;
        let is_called = endpoint.requests > 0 && endpoint.statuses.iter().any(is_granted);
        is_called
            && match self {
                Self::Openapi => true,
                Self::Graphql => endpoint.protocol == Protocol::Graphql,
                Self::Proto => proto::Called::of(endpoint).is_some(),
            }
    }

    /// The document of a host; of one of its packages for [`Learned::Proto`].
    #[must_use]
    pub fn document(self, endpoints: &[Endpoint], host: &str, package: &str) -> String {
        let known: Vec<&Endpoint> =
            endpoints.iter().filter(|one| one.host == host && self.tells(one)).collect();
        match self {
            Self::Openapi => openapi::text(&known, host),
            Self::Graphql => graphql::text(&known, host),
            Self::Proto => proto::text(&known, host, package),
        }
    }
}

/// The first line of a document in a language with comments; the host is text of others.
pub(super) fn heading(mark: &str, endpoints: &[&Endpoint], host: &str) -> String {
    let requests: u64 = endpoints.iter().map(|endpoint| endpoint.requests).sum();
    let learned: u64 =
        endpoints.iter().filter_map(|one| one.sketch.as_ref()).map(Sketch::calls).sum();
    let host = if host.is_empty() { "a host without a name" } else { host };
    format!(
        "{mark} Learned from {learned} of {requests} calls to {} by Bartizan {}: what was seen, not what is promised.\n",
        super::visible::visible(host, 200),
        env!("CARGO_PKG_VERSION"),
    )
}
