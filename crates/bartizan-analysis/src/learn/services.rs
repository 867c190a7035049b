//! Who calls which endpoint, as far as traces, certificates of a mesh, tracing and addresses tell.
//!
//! A link is a caller and an endpoint. Only an exchange that was granted makes one, so that scanners fill
//! nothing; afterwards failures count too. Bounded: the link that was unused for longest is forgotten for
//! another one. From links the graph of services is made when results are asked for.

use bartizan_model::{Exchange, HashKey, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    traces::{TracedAs, TracedCall},
    workload,
};
use crate::{
    catalog::{NetworkKind, Networks},
    recent::RecentMap,
};

/// Most links; some 200 bytes each.
pub const MAX_LINKS: usize = 20_000;
/// Durations from half a millisecond to 16 seconds are told apart, two steps for each doubling.
const STEPS: usize = 32;
const FIRST_OCTAVE: u32 = 9;

/// Whose network a caller is of, of whom nothing else is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Network {
    /// Anybody's.
    Public,
    /// A partner's.
    Partner,
    /// One's own.
    Private,
}

impl From<NetworkKind> for Network {
    fn from(kind: NetworkKind) -> Self {
        match kind {
            NetworkKind::Public => Self::Public,
            NetworkKind::Partner => Self::Partner,
            NetworkKind::Private => Self::Private,
        }
    }
}

/// Who called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Asker {
    /// The service behind an endpoint, by its leaf: a trace shows it.
    Endpoint(u32),
    /// A workload, by the name that a mesh or tracing gives it.
    Workload(SmolStr),
    /// Somebody of a network.
    Network(Network),
}

impl Asker {
    /// The leaf of the endpoint that asked.
    #[must_use]
    pub const fn leaf(&self) -> Option<u32> {
        match self {
            Self::Endpoint(leaf) => Some(*leaf),
            Self::Workload(_) | Self::Network(_) => None,
        }
    }

    /// Different askers have different keys; names of workloads are hashed, as others may choose them.
    fn key(&self, key: &HashKey) -> u64 {
        const TOP: u64 = 1 << 63;
        match self {
            Self::Network(network) => *network as u64,
            Self::Endpoint(leaf) => 1 << 32 | u64::from(*leaf),
            Self::Workload(name) => TOP | key.hash("workload", name.as_bytes()).first8(),
        }
    }
}

/// When a call was, how long it took and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    time: Option<Timestamp>,
    /// Step of its duration.
    step: Option<u8>,
    granted: bool,
    failed: bool,
}

impl Call {
    /// Of an exchange.
    #[must_use]
    pub fn of(exchange: &Exchange) -> Self {
        let response = exchange.response.as_ref();
        Self {
            time: exchange.time,
            step: exchange.duration_ms.and_then(step),
            granted: response.is_some_and(bartizan_model::Response::is_success),
            failed: response.is_some_and(|it| it.status == 0 || it.status >= 500),
        }
    }
}

/// Which step a duration belongs to, in whole numbers so that every machine agrees.
fn step(ms: f64) -> Option<u8> {
    (ms.is_finite() && ms >= 0.0).then(|| {
        // Beyond the last step all are the same.
        let micros = (ms.min(1e9) * 1e3) as u64;
        let octave = micros.max(1).ilog2();
        let is_upper = u128::from(micros) * u128::from(micros) >= 1 << (2 * octave + 1);
        let steps = octave.saturating_sub(FIRST_OCTAVE) * 2 + u32::from(is_upper);
        let first = if octave < FIRST_OCTAVE { 0 } else { steps };
        first.min(STEPS as u32 - 1) as u8
    })
}

/// The calls of a link, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// How many.
    pub calls: u64,
    /// Of these, answered with a server error or not at all.
    pub failures: u64,
    /// First call.
    pub first_seen: Option<Timestamp>,
    /// Last call.
    pub last_seen: Option<Timestamp>,
    durations: [u32; STEPS],
}

impl Calls {
    fn add(&mut self, call: Call) {
        self.calls += 1;
        self.failures += u64::from(call.failed);
        if let Some(time) = call.time {
            self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
            self.last_seen = Some(self.last_seen.map_or(time, |last| last.max(time)));
        }
        if let Some(slot) = call.step.and_then(|step| self.durations.get_mut(usize::from(step))) {
            *slot = slot.saturating_add(1);
        }
    }

    /// Of what was counted here before. When the first and last calls were stays.
    fn take_back(&mut self, call: Call) {
        self.calls = self.calls.saturating_sub(1);
        self.failures = self.failures.saturating_sub(u64::from(call.failed));
        if let Some(slot) = call.step.and_then(|step| self.durations.get_mut(usize::from(step))) {
            *slot = slot.saturating_sub(1);
        }
    }

    /// Takes in the calls of another link.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        let times = [self.first_seen, other.first_seen];
        self.first_seen = times.into_iter().flatten().min();
        self.last_seen = self.last_seen.max(other.last_seen);
        for (mine, theirs) in self.durations.iter_mut().zip(&other.durations) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// Duration that such a share of the calls does not exceed, in milliseconds: the middle of its step.
    /// `None` where no duration is known.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.durations.iter().map(|count| u64::from(*count)).sum();
        let wanted = (all as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let at = self.durations.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        })?;
        let micros = f64::from(1 << FIRST_OCTAVE) * 2f64.powf(at as f64 / 2.0 + 0.25);
        Some((micros / 10.0).round() / 100.0)
    }
}

/// A caller and an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Who calls.
    pub asker: Asker,
    /// What is called.
    pub leaf: u32,
    /// Its calls.
    pub calls: Calls,
}

/// Who calls which endpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Services {
    links: RecentMap<(u64, u32), Box<Link>>,
}

impl Services {
    /// Learns from an exchange of the endpoint with this leaf. The network that it counts for, where nothing
    /// nearer tells who called.
    pub fn observe(
        &mut self,
        exchange: &Exchange,
        leaf: u32,
        networks: &Networks,
        key: &HashKey,
    ) -> Option<Network> {
        let from = exchange.client.ip.map(|ip| networks.kind(ip));
        let is_outbound = exchange.flow == Some(bartizan_model::Flow::Outbound);
        let ours = is_outbound.then_some(NetworkKind::Private);
        let network = from.or(ours).map(Network::from);
        let workload = workload::caller(exchange, from).map(Asker::Workload);
        let is_named = workload.is_some();
        if let Some(asker) = workload.or(network.map(Asker::Network)) {
            self.add(asker, leaf, Call::of(exchange), key);
        }
        network.filter(|_| !is_named)
    }

    /// Takes in a call that a trace shows. It does not count for its network any more.
    pub fn take_traced(&mut self, traced: &TracedCall, key: &HashKey) {
        let TracedCall { caller, called, call, network, count } = traced;
        let asker = Asker::Endpoint(*caller);
        if *count == TracedAs::TakenBack {
            self.take_back(&asker, *called, *call, key);
            return;
        }
        self.add(asker, *called, *call, key);
        if let (TracedAs::New, Some(network)) = (count, network) {
            self.take_back(&Asker::Network(*network), *called, *call, key);
        }
    }

    fn add(&mut self, asker: Asker, leaf: u32, call: Call, key: &HashKey) {
        let at = (asker.key(key), leaf);
        if call.granted || self.links.get(&at).is_some() {
            let new = || Box::new(Link { asker, leaf, calls: Calls::default() });
            self.links.entry(at, MAX_LINKS, new).calls.add(call);
        }
    }

    fn take_back(&mut self, asker: &Asker, leaf: u32, call: Call, key: &HashKey) {
        let at = (asker.key(key), leaf);
        if self.links.get(&at).is_some() {
            let new = || Box::new(Link { asker: asker.clone(), leaf, calls: Calls::default() });
            self.links.entry(at, MAX_LINKS, new).calls.take_back(call);
        }
    }

    /// Links with calls, in an order that depends on what was learned alone.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().map(|(_, link)| &**link).filter(|link| link.calls.calls > 0)
    }

    /// Links that were forgotten as there was no room.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.links.evicted()
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Response};

    use super::*;

    fn exchange(ip: &str, status: u16) -> Exchange {
        Exchange {
            client: Client { ip: Some(ip.parse().expect("an address")), ..Client::default() },
            response: Some(Response { status, ..Response::default() }),
            duration_ms: Some(10.0),
            time: Some(Timestamp::from_seconds(5)),
            ..Exchange::default()
        }
    }

    fn key() -> HashKey {
        HashKey::new([3; 32])
    }

    fn told(services: &Services) -> Vec<(&Asker, u32, u64, u64)> {
        let of = |link: &'_ Link| (link.leaf, link.calls.calls, link.calls.failures);
        services.links().map(|link| (&link.asker, of(link).0, of(link).1, of(link).2)).collect()
    }

    #[test]
    fn what_was_never_granted_makes_no_link() {
        let (mut services, networks) = (Services::default(), Networks::default());
        for status in [404, 500, 403] {
            services.observe(&exchange("8.8.8.8", status), 1, &networks, &key());
        }
        assert_eq!(told(&services), []);
        for status in [200, 503, 0, 404] {
            services.observe(&exchange("8.8.8.8", status), 1, &networks, &key());
        }
        assert_eq!(told(&services), [(&Asker::Network(Network::Public), 1, 4, 2)]);
    }

    #[test]
    fn a_workload_that_is_named_is_more_than_its_network() {
        let (mut services, networks) = (Services::default(), Networks::default());
        let named = Exchange { caller: Some("shop/web".to_owned()), ..exchange("10.0.0.1", 200) };
        assert_eq!(services.observe(&named, 1, &networks, &key()), None);
        assert_eq!(told(&services), [(&Asker::Workload("shop/web".into()), 1, 1, 0)]);
    }

    #[test]
    fn what_a_trace_shows_counts_once() {
        let (mut services, networks) = (Services::default(), Networks::default());
        let one = exchange("10.0.0.1", 200);
        let network = services.observe(&one, 2, &networks, &key());
        assert_eq!(network, Some(Network::Private));
        let traced =
            |caller, count| TracedCall { caller, called: 2, call: Call::of(&one), network, count };
        services.take_traced(&traced(1, TracedAs::New), &key());
        assert_eq!(told(&services), [(&Asker::Endpoint(1), 2, 1, 0)]);
        services.take_traced(&traced(1, TracedAs::TakenBack), &key());
        services.take_traced(&traced(3, TracedAs::Moved), &key());
        assert_eq!(told(&services), [(&Asker::Endpoint(3), 2, 1, 0)]);
    }

    #[test]
    fn a_flood_of_callers_is_bounded_and_counted() {
        let (mut services, networks) = (Services::default(), Networks::default());
        for number in 0..MAX_LINKS + 10 {
            let one = Exchange { caller: Some(format!("w{number}")), ..exchange("10.0.0.1", 200) };
            services.observe(&one, 1, &networks, &key());
        }
        assert_eq!((services.links().count(), services.forgotten()), (MAX_LINKS, 10));
        let bytes = postcard::to_stdvec(&services).expect("written");
        let again: Services = postcard::from_bytes(&bytes).expect("read");
        assert!(again.links().eq(services.links()) && again.forgotten() == 10);
    }

    #[test]
    fn durations_are_told_to_within_a_fifth() {
        for ms in [0.6, 1.0, 3.0, 10.0, 47.5, 250.0, 999.0, 4_000.0, 15_000.0] {
            let mut calls = Calls::default();
            let one = Exchange { duration_ms: Some(ms), ..exchange("10.0.0.1", 200) };
            calls.add(Call::of(&one));
            let median = calls.quantile(0.5).expect("a duration");
            assert!((median / ms - 1.0).abs() < 0.2, "{ms}: {median}");
        }
        for ms in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(step(ms), None);
        }
        assert_eq!((step(0.0), step(0.6), step(1e300)), (Some(0), Some(0), Some(31)));
        assert_eq!(Calls::default().quantile(0.5), None);
    }

    #[test]
    fn nine_calls_in_ten_are_not_half_of_them() {
        let mut calls = Calls::default();
        for (ms, count) in [(10.0, 80), (1_000.0, 20)] {
            let one = Exchange { duration_ms: Some(ms), ..exchange("10.0.0.1", 200) };
            (0..count).for_each(|_| calls.add(Call::of(&one)));
        }
        let [median, most] = [0.5, 0.9].map(|share| calls.quantile(share).expect("durations"));
        assert!(median < 13.0 && most > 800.0, "{median} {most}");
    }
}
