//! Whose network an address is of, and whether it is a gateway's.

use std::net::IpAddr;

use bartizan_model::{Exchange, address::Network};

use super::Glob;

/// Most networks of one kind.
pub const MAX_NETWORKS: usize = 1_024;
/// How exchanges of the inline gateway name their source.
pub const INLINE: &str = "gateway";

/// Networks that no configuration has to name: RFC 1918, loopback, RFC 3927 (link-local), RFC 6598
/// (shared address space), RFC 4193 (unique local), IPv6 loopback and link-local.
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "::1/128",
    "fe80::/10",
];

/// Whose network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NetworkKind {
    /// A partner's.
    Partner,
    /// One's own.
    Private,
    /// Anybody's.
    Public,
}

/// Networks by whose they are. Of two that hold an address the narrower counts; of two of the same size
/// the partner's, then the private one.
#[derive(Clone, Debug)]
pub struct Networks {
    /// Narrowest first.
    known: Vec<(Network, NetworkKind)>,
}

impl Default for Networks {
    fn default() -> Self {
        Self::new(std::iter::empty())
    }
}

impl Networks {
    /// The given ones beside those that are private everywhere.
    #[must_use]
    pub fn new(given: impl Iterator<Item = (Network, NetworkKind)>) -> Self {
        let everywhere = PRIVATE.iter().filter_map(|text| Network::parse(text));
        let mut known: Vec<_> =
            everywhere.map(|network| (network, NetworkKind::Private)).chain(given).collect();
        known.sort_by_key(|(network, kind)| (128 - network.prefix(), *kind));
        Self { known }
    }

    /// Whose network an address is of; one of none of them is public.
    #[must_use]
    pub fn kind(&self, address: IpAddr) -> NetworkKind {
        let found = self.known.iter().find(|(network, _)| network.contains(address));
        found.map_or(NetworkKind::Public, |(_, kind)| *kind)
    }
}

/// What tells that an exchange came through a gateway.
#[derive(Clone, Debug, Default)]
pub struct Gateways {
    /// Sources that record at a gateway.
    pub sources: Vec<Glob>,
    /// Addresses of gateways as the APIs behind them see them.
    pub addresses: Vec<Network>,
}

impl Gateways {
    /// Whether an exchange came through a gateway: the inline one and named sources record there, and who put
    /// sources together may know it; of any other source the address of the client tells, where addresses of
    /// gateways are known.
    #[must_use]
    pub fn passed(&self, exchange: &Exchange) -> Option<bool> {
        if exchange.through_gateway.is_some() {
            return exchange.through_gateway;
        }
        let at_gateway = |source: &str| {
            source == INLINE || self.sources.iter().any(|pattern| pattern.fits(source))
        };
        if exchange.source.as_deref().is_some_and(at_gateway) {
            return Some(true);
        }
        let client = exchange.client.ip.filter(|_| !self.addresses.is_empty())?;
        Some(self.addresses.iter().any(|network| network.contains(client)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).expect("a network")
    }

    #[test]
    fn every_range_is_honoured_and_the_narrowest_counts() {
        use NetworkKind::{Partner, Private, Public};
        let given = [
            ("203.0.113.0/24", Partner),
            ("203.0.113.128/25", Private),
            ("198.51.100.7", Partner),
            ("2001:db8:5::/48", Partner),
            ("10.9.0.0/16", Public),
            ("192.0.2.0/24", Private),
            ("10.0.0.0/8", Partner),
        ];
        let networks = Networks::new(given.iter().map(|(text, kind)| (network(text), *kind)));
        for (address, kind) in [
            ("203.0.113.7", Partner),
            ("203.0.113.200", Private),
            ("198.51.100.7", Partner),
            ("198.51.100.8", Public),
            ("::ffff:198.51.100.7", Partner),
            ("2001:db8:5::1", Partner),
            ("2001:db8:6::1", Public),
            ("10.9.1.1", Public),
            ("10.8.1.1", Partner),
            ("192.0.2.9", Private),
            ("172.31.255.255", Private),
            ("100.127.0.1", Private),
            ("169.254.1.1", Private),
            ("fd00::1", Private),
            ("fe80::1", Private),
            ("::1", Private),
            ("8.8.8.8", Public),
            ("2a00::1", Public),
        ] {
            assert_eq!(networks.kind(address.parse().expect("an address")), kind, "{address}");
        }
    }

    #[test]
    fn without_knowledge_the_way_is_not_told() {
        let exchange = |source: &str, ip: Option<&str>| Exchange {
            source: Some(source.to_owned()),
            client: bartizan_model::Client {
                ip: ip.map(|ip| ip.parse().expect("an address")),
                ..Default::default()
            },
            ..Exchange::default()
        };
        let none = Gateways::default();
        assert_eq!(none.passed(&exchange("gateway", None)), Some(true));
        assert_eq!(none.passed(&exchange("mirror.pcap", Some("10.0.0.5"))), None);
        let known = Gateways {
            sources: vec![Glob::new("kong-*").expect("a pattern")],
            addresses: vec![network("10.0.0.5")],
        };
        assert_eq!(known.passed(&exchange("kong-1.json", Some("8.8.8.8"))), Some(true));
        assert_eq!(known.passed(&exchange("mirror.pcap", Some("10.0.0.5"))), Some(true));
        assert_eq!(known.passed(&exchange("mirror.pcap", Some("10.0.0.6"))), Some(false));
        assert_eq!(known.passed(&exchange("mirror.pcap", None)), None);
    }
}
