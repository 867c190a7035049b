//! Where exchanges of an endpoint came from, which way, and what answered them. Bounded, and merges.

use std::{borrow::Borrow, hash::BuildHasher as _, net::IpAddr};

use bartizan_model::{Access, Exchange, Flow, host::is_public_name};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use super::{Distinct, workload};
use crate::catalog::{Catalog, NetworkKind};

/// Most upstreams, instances and server names each that are told apart per endpoint.
pub const MAX_NAMES: usize = 16;
/// Seeds the hash of hosts, which are only counted by it.
const HOST_SEED: u64 = 0x686f_7374;
/// Longest name, in bytes: a host name (RFC 1035 §2.3.4) with a port.
const MAX_NAME_BYTES: usize = 260;

/// Where exchanges of an endpoint came from, which way, and what answered them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Exchanges whose caller had a public address.
    pub public: u64,
    /// Exchanges whose caller had an address of a partner.
    pub partner: u64,
    /// Exchanges whose caller had a private address.
    pub private: u64,
    /// Exchanges that were recorded where they were answered, or that an address of ours answered.
    pub served: u64,
    /// Exchanges of callers of ours that an address of others answered.
    pub abroad: u64,
    /// Exchanges over TLS.
    pub encrypted: u64,
    /// Exchanges in plain text.
    pub plain: u64,
    /// Workloads that answered, as a mesh or tracing names them; of exchanges that were granted.
    pub workloads: Seen<String>,
    /// Exchanges that came through a gateway.
    pub through: u64,
    /// Exchanges that came past every gateway.
    pub past: u64,
    /// Upstreams that an inline gateway asked.
    pub upstreams: Seen<String>,
    /// Addresses and ports that answered.
    pub instances: Seen<(IpAddr, Option<u16>)>,
    /// Server names that clients asked for by TLS, of exchanges that were granted.
    pub tls_names: Seen<String>,
    /// Where the host of the endpoint is a pattern, the hosts of exchanges that were granted. Boxed, as most have
    /// none.
    pub hosts: Option<Box<HostsSeen>>,
}

/// Hosts of a pattern.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostsSeen {
    /// The first of them, with exchanges.
    pub some: Seen<String>,
    /// How many there are.
    pub distinct: Distinct,
}

impl Whereabouts {
    /// Learns from one exchange, which was granted or not.
    pub fn learn(&mut self, exchange: &Exchange, granted: bool, catalog: &Catalog) {
        let passed = catalog.gateways.passed(exchange);
        let from = exchange.client.ip.map(|ip| catalog.networks.kind(ip));
        // Who asks where a client of ours is recorded is one of ours, whatever its address is.
        let caller = from
            .filter(|from| exchange.flow != Some(Flow::Outbound) || *from == NetworkKind::Private);
        match caller {
            Some(NetworkKind::Public) => self.public += 1,
            Some(NetworkKind::Partner) => self.partner += 1,
            Some(NetworkKind::Private) => self.private += 1,
            None => {}
        }
        match side(exchange, from, passed, catalog) {
            Some(Flow::Inbound) => self.served += 1,
            Some(Flow::Outbound) => self.abroad += 1,
            None => {}
        }
        match (exchange.request.scheme.as_str(), &exchange.tls) {
            ("https" | "wss", _) | (_, Some(_)) => self.encrypted += 1,
            ("http" | "ws", None) => self.plain += 1,
            _ => {}
        }
        match passed {
            Some(true) => self.through += 1,
            Some(false) => self.past += 1,
            None => {}
        }
        let fits = |name: &&str| !name.is_empty() && name.len() <= MAX_NAME_BYTES;
        match exchange.upstream.as_deref().filter(fits) {
            // The server is the gateway itself then.
            Some(upstream) => self.upstreams.add(upstream, 1),
            None => exchange.server.iter().for_each(|server| self.instances.add(server, 1)),
        }
        let name = exchange.tls.as_ref().and_then(|tls| tls.sni.as_deref());
        if let Some(name) = name.filter(fits).filter(|_| granted) {
            self.tls_names.add(name, 1);
        }
        if let Some(name) = workload::callee(exchange, from).filter(|_| granted) {
            self.workloads.add(name.as_str(), 1);
        }
    }

    /// Counts exchanges that were granted at one of the hosts of a pattern.
    pub fn add_host(&mut self, host: &str, exchanges: u64) {
        if !host.is_empty() && host.len() <= MAX_NAME_BYTES {
            let hosts = self.hosts.get_or_insert_default();
            hosts.some.add(host, exchanges);
            hosts.distinct.add(FixedState::with_seed(HOST_SEED).hash_one(host));
        }
    }

    /// Takes in what was learned elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.public += other.public;
        self.partner += other.partner;
        self.private += other.private;
        self.served += other.served;
        self.abroad += other.abroad;
        self.encrypted += other.encrypted;
        self.plain += other.plain;
        self.workloads.merge(&other.workloads);
        self.through += other.through;
        self.past += other.past;
        self.upstreams.merge(&other.upstreams);
        self.instances.merge(&other.instances);
        self.tls_names.merge(&other.tls_names);
        if let Some(theirs) = &other.hosts {
            let ours = self.hosts.get_or_insert_default();
            ours.some.merge(&theirs.some);
            ours.distinct.merge(&theirs.distinct);
        }
    }

    /// How often there was no room to tell apart an upstream, instance or server name. Hosts of a pattern are many,
    /// and counted by themselves.
    #[must_use]
    pub const fn more(&self) -> u64 {
        self.upstreams.more + self.instances.more + self.tls_names.more + self.workloads.more
    }

    /// Who can reach it as far as addresses tell, and the counts that say so. The farthest counts.
    #[must_use]
    pub fn access(&self) -> Option<(Access, String)> {
        let access = match (self.public, self.partner, self.private) {
            (0, 0, 0) => return None,
            (0, 0, _) => Access::Private,
            (0, ..) => Access::Partner,
            _ => Access::Public,
        };
        let kinds = [(self.public, "public"), (self.partner, "partner"), (self.private, "private")];
        let counts: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, kind)| format!("{count} from {kind} addresses"))
            .collect();
        Some((access, format!("exchanges: {}", counts.join(", "))))
    }
}

/// Whether an exchange was answered by ours ([`Flow::Inbound`]) or by others for callers of ours
/// ([`Flow::Outbound`]); `None` where nothing tells.
fn side(
    exchange: &Exchange,
    from: Option<NetworkKind>,
    passed: Option<bool>,
    catalog: &Catalog,
) -> Option<Flow> {
    let answered = exchange.server.map(|(ip, _)| catalog.networks.kind(ip));
    let is_behind_a_gateway = exchange.upstream.is_some() || passed == Some(true);
    let is_recorded_there = exchange.flow == Some(Flow::Inbound);
    if is_recorded_there || is_behind_a_gateway || answered == Some(NetworkKind::Private) {
        return Some(Flow::Inbound);
    }
    let is_asked_by_ours =
        exchange.flow == Some(Flow::Outbound) || from == Some(NetworkKind::Private);
    // Whose address answered tells most; where none is known, the name that who called asked for.
    let is_of_others = answered.is_some()
        || (exchange.flow == Some(Flow::Outbound) && is_public_name(exchange.request.host()));
    (is_asked_by_ours && is_of_others).then_some(Flow::Outbound)
}

/// How often each of a few things was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// In the order they were first seen.
    things: Vec<(T, u64)>,
    /// Exchanges with things beyond [`MAX_NAMES`].
    more: u64,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { things: Vec::new(), more: 0 }
    }
}

impl<T> Seen<T> {
    /// Whether nothing was told apart.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Counts a thing.
    pub fn add<Q>(&mut self, thing: &Q, count: u64)
    where
        T: Borrow<Q>,
        Q: ToOwned<Owned = T> + PartialEq + ?Sized,
    {
        let is_full = self.things.len() >= MAX_NAMES;
        let known = self.things.iter_mut().find(|(known, _)| Borrow::<Q>::borrow(known) == thing);
        match known {
            Some((_, seen)) => *seen += count,
            None if is_full => self.more += count,
            None => {
                // Most endpoints have one, and a list grows by four.
                self.things.reserve_exact(1);
                self.things.push((thing.to_owned(), count));
            }
        }
    }

    /// Takes in what was seen elsewhere.
    pub fn merge(&mut self, other: &Self)
    where
        T: Clone + PartialEq,
    {
        for (thing, count) in &other.things {
            self.add::<T>(thing, *count);
        }
        self.more += other.more;
    }

    /// Each with its count, those seen most first.
    pub fn listed(&self, name: impl Fn(&T) -> String) -> Vec<(String, u64)> {
        let mut out: Vec<_> =
            self.things.iter().map(|(thing, count)| (name(thing), *count)).collect();
        out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        out
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::Tls;

    use super::*;

    #[test]
    fn a_flood_of_names_is_bounded_and_counted() {
        let mut seen = Whereabouts::default();
        let catalog = Catalog::default();
        for number in 0..1_000 {
            let exchange = Exchange {
                upstream: Some(format!("10.0.0.{number}:80")),
                tls: Some(Tls { sni: Some(format!("h{number}")), ..Tls::default() }),
                ..Exchange::default()
            };
            seen.learn(&exchange, true, &catalog);
        }
        assert_eq!(seen.upstreams.listed(String::clone).len(), MAX_NAMES);
        assert_eq!(seen.more(), 2 * (1_000 - MAX_NAMES as u64));
        let mut twice = seen.clone();
        twice.merge(&seen);
        assert_eq!(twice.more(), 2 * seen.more());
        assert_eq!(twice.tls_names.listed(String::clone)[0].1, 2);
    }

    #[test]
    fn hosts_of_a_pattern_are_counted_and_a_few_are_kept() {
        let mut seen = Whereabouts::default();
        for number in 0..40 {
            seen.add_host(&format!("t{number}.api.example.com"), 1);
        }
        seen.add_host("t0.api.example.com", 2);
        seen.add_host(&"a".repeat(1_000), 1);
        let mut twice = seen.clone();
        twice.merge(&seen);
        let hosts = twice.hosts.as_deref().expect("hosts");
        assert_eq!(hosts.some.listed(String::clone).len(), MAX_NAMES);
        assert_eq!(hosts.some.listed(String::clone)[0], ("t0.api.example.com".to_owned(), 6));
        assert_eq!((hosts.distinct.count(), twice.more()), (40, 0));
    }

    #[test]
    fn a_call_abroad_is_told_from_one_that_was_answered_here() {
        let catalog = Catalog::default();
        let seen = |from: Option<&str>, to: Option<&str>, flow| {
            let ip = |text: &str| text.parse().expect("an address");
            let exchange = Exchange {
                client: bartizan_model::Client { ip: from.map(ip), ..Default::default() },
                server: to.map(|to| (ip(to), Some(443))),
                flow,
                ..Exchange::default()
            };
            let mut seen = Whereabouts::default();
            seen.learn(&exchange, true, &catalog);
            (seen.served, seen.abroad)
        };
        let (inner, outer) = (Some("10.0.0.7"), Some("8.8.4.4"));
        assert_eq!(seen(inner, outer, None), (0, 1));
        assert_eq!(seen(None, outer, Some(Flow::Outbound)), (0, 1));
        assert_eq!(seen(inner, outer, Some(Flow::Inbound)), (1, 0), "the log of a server of ours");
        assert_eq!(seen(inner, inner, None), (1, 0));
        assert_eq!(seen(outer, inner, None), (1, 0));
        for (from, to, flow) in [
            (outer, outer, None),
            (inner, None, None),
            (None, outer, None),
            (None, None, Some(Flow::Outbound)),
        ] {
            assert_eq!(seen(from, to, flow), (0, 0), "{from:?} {to:?} {flow:?}: nothing tells");
        }
    }

    #[test]
    fn without_an_address_the_name_that_was_asked_for_tells_of_others() {
        let abroad = |host: &str, flow| {
            let mut exchange = Exchange { flow, ..Exchange::default() };
            exchange.request.authority = host.to_owned();
            let mut seen = Whereabouts::default();
            seen.learn(&exchange, true, &Catalog::default());
            seen.abroad
        };
        let out = Some(Flow::Outbound);
        assert_eq!(abroad("hooks.example.com", out), 1);
        for (host, flow) in [("hooks.example.com", None), ("stock", out), ("a.internal:80", out)] {
            assert_eq!(abroad(host, flow), 0, "{host} {flow:?}");
        }
    }

    #[test]
    fn a_client_of_ours_with_a_public_address_is_no_caller_from_elsewhere() {
        let seen = |flow| {
            let client =
                bartizan_model::Client { ip: "8.8.8.8".parse().ok(), ..Default::default() };
            let mut exchange = Exchange { client, flow, ..Exchange::default() };
            exchange.request.authority = "hooks.example.com".to_owned();
            let mut seen = Whereabouts::default();
            seen.learn(&exchange, true, &Catalog::default());
            (seen.public, seen.abroad)
        };
        assert_eq!(seen(Some(Flow::Outbound)), (0, 1));
        assert_eq!(seen(None), (1, 0));
    }

    #[test]
    fn the_farthest_caller_decides_and_nobody_tells_nothing() {
        assert_eq!(Whereabouts::default().access(), None);
        let seen = |public, partner, private| {
            let seen = Whereabouts { public, partner, private, ..Whereabouts::default() };
            seen.access().expect("callers")
        };
        assert_eq!(seen(0, 0, 2).0, Access::Private);
        assert_eq!(seen(0, 1, 2).0, Access::Partner);
        let (access, what) = seen(3, 1, 0);
        assert_eq!(access, Access::Public);
        assert_eq!(what, "exchanges: 3 from public addresses, 1 from partner addresses");
    }
}
