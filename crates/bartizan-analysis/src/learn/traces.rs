//! Which endpoints call which, told by trace context (W3C Trace Context, section 3.2).
//!
//! An exchange that happened within another one of the same trace, and was asked for by another
//! address, was made for its sake: `GET /orders` of a client, and while it is answered `GET /stock` of
//! the service that answers. Clients choose trace ids, but not from where a service asks: one client
//! alone cannot make two endpoints look as if one called the other. Sources without times, durations or
//! addresses tell nothing here.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{Exchange, HashKey, Timestamp};
use serde::{Deserialize, Serialize};

use super::services::{Call, Network};
use crate::recent::RecentMap;

/// Most traces that are open at one time; the one without news for longest is closed for another.
const MAX_TRACES: usize = 2_048;
/// Most exchanges of one trace that are compared.
const MAX_SPANS: usize = 16;
/// Most pairs of a caller and what it calls.
const MAX_PAIRS: usize = 20_000;
/// Most bytes of a `traceparent` that are read: what version 00 has.
const TRACEPARENT_BYTES: usize = 55;

/// Which endpoints call which.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Traces {
    open: RecentMap<u64, Vec<Span>>,
    /// By leaf of the caller and of what it called.
    pairs: BTreeMap<(u32, u32), u64>,
    /// Exchanges that called two endpoints or more, by leaf.
    fans: BTreeMap<u32, u64>,
    /// Calls and exchanges that there was no room for.
    more: u64,
}

/// An exchange that a trace shows to be a call of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedCall {
    /// Leaf of what called.
    pub caller: u32,
    /// Leaf of what was called.
    pub called: u32,
    /// When, how long and how it ended.
    pub call: Call,
    /// Which of the calls of its network it was counted as before.
    pub network: Option<Network>,
    /// How it is counted.
    pub count: TracedAs,
}

/// How a call that a trace shows is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TracedAs {
    /// Nobody was known to have made it before.
    New,
    /// It was counted for another caller that is farther away, see [`TracedAs::TakenBack`].
    Moved,
    /// Not made by this caller: a nearer one came to light.
    TakenBack,
}

/// An exchange of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Span {
    leaf: u32,
    begin: Timestamp,
    end: Timestamp,
    /// Hash of the address that asked.
    asker: u64,
    call: Call,
    network: Option<Network>,
}

impl Span {
    const fn micros(&self) -> i64 {
        self.end.micros() - self.begin.micros()
    }

    fn called_by(&self, caller: &Self, count: TracedAs) -> TracedCall {
        TracedCall {
            caller: caller.leaf,
            called: self.leaf,
            call: self.call,
            network: self.network,
            count,
        }
    }

    /// Whether the other one was made for the sake of this one.
    fn has_called(&self, other: &Self) -> bool {
        let is_within = self.begin <= other.begin && other.end <= self.end;
        let is_longer = self.begin < other.begin || other.end < self.end;
        is_within && is_longer && self.asker != other.asker && self.leaf != other.leaf
    }
}

impl Traces {
    /// Learns from an exchange of the endpoint with this leaf, which counts as a call of its network; the
    /// calls that it shows.
    pub fn observe(
        &mut self,
        exchange: &Exchange,
        leaf: u32,
        network: Option<Network>,
        key: &HashKey,
    ) -> Vec<TracedCall> {
        let header = exchange.request.headers.get("traceparent");
        let Some(trace) = header.and_then(trace_id) else { return Vec::new() };
        let (Some(begin), Some(ms), Some(ip)) =
            (exchange.time, exchange.duration_ms, exchange.client.ip)
        else {
            return Vec::new();
        };
        // What cannot be a duration is none; a day is longer than any exchange.
        let micros = (ms.clamp(0.0, 86_400_000.0) * 1e3) as i64;
        let end = Timestamp::from_micros(begin.micros().saturating_add(micros));
        let asker = key.hash("trace-asker", ip.to_canonical().to_string().as_bytes()).first8();
        let new = Span { leaf, begin, end, asker, call: Call::of(exchange), network };
        let trace = key.hash("trace", trace.as_bytes()).first8();
        let spans = self.open.entry(trace, MAX_TRACES, Vec::new);
        if spans.len() >= MAX_SPANS {
            self.more += 1;
            return Vec::new();
        }
        let (pairs, fans) = join(spans, &new);
        let calls = direct(spans, &new);
        spans.push(new);
        for pair in pairs {
            let is_full = self.pairs.len() >= MAX_PAIRS && !self.pairs.contains_key(&pair);
            if is_full {
                self.more += 1;
            } else {
                *self.pairs.entry(pair).or_default() += 1;
            }
        }
        for leaf in fans {
            if self.fans.len() < MAX_PAIRS || self.fans.contains_key(&leaf) {
                *self.fans.entry(leaf).or_default() += 1;
            }
        }
        calls
    }

    /// Each caller with what it called, by leaf, and in how many exchanges.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        self.pairs.iter().map(|((caller, called), count)| (*caller, *called, *count))
    }

    /// Whether one exchange of an endpoint called two others or more.
    #[must_use]
    pub fn fans_out(&self, leaf: u32) -> bool {
        self.fans.contains_key(&leaf)
    }

    /// Calls and exchanges that there was no room for.
    #[must_use]
    pub const fn more(&self) -> u64 {
        self.more
    }
}

/// What a further exchange of a trace tells: who called what, and who called a second endpoint by it.
fn join(spans: &[Span], new: &Span) -> (BTreeSet<(u32, u32)>, BTreeSet<u32>) {
    let mut pairs = BTreeSet::new();
    let mut fans = BTreeSet::new();
    for outer in spans.iter().filter(|outer| outer.has_called(new)) {
        let before: BTreeSet<u32> =
            spans.iter().filter(|one| outer.has_called(one)).map(|one| one.leaf).collect();
        if !before.contains(&new.leaf) {
            pairs.insert((outer.leaf, new.leaf));
            if before.len() == 1 {
                fans.insert(outer.leaf);
            }
        }
    }
    let called: BTreeSet<u32> =
        spans.iter().filter(|one| new.has_called(one)).map(|one| one.leaf).collect();
    if called.len() > 1 {
        fans.insert(new.leaf);
    }
    pairs.extend(called.into_iter().map(|called| (new.leaf, called)));
    (pairs, fans)
}

/// The nearest of those that an exchange was made for: the shortest.
fn nearest<'s>(spans: &'s [Span], of: &Span) -> Option<&'s Span> {
    spans.iter().filter(|one| one.has_called(of)).min_by_key(|one| one.micros())
}

/// Who called whom without another one between, as far as a further exchange of a trace changes that.
fn direct(spans: &[Span], new: &Span) -> Vec<TracedCall> {
    let mut out = Vec::new();
    if let Some(caller) = nearest(spans, new) {
        out.push(new.called_by(caller, TracedAs::New));
    }
    for span in spans.iter().filter(|span| new.has_called(span)) {
        match nearest(spans, span) {
            None => out.push(span.called_by(new, TracedAs::New)),
            Some(farther) if new.micros() < farther.micros() => {
                out.push(span.called_by(farther, TracedAs::TakenBack));
                out.push(span.called_by(new, TracedAs::Moved));
            }
            Some(_) => {}
        }
    }
    out
}

/// The trace id of a `traceparent` field: 32 hexadecimal digits in lower case, not all zero.
fn trace_id(header: &str) -> Option<&str> {
    let header = header.trim().get(..TRACEPARENT_BYTES)?;
    let mut parts = header.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let is_id = |text: &str, digits: usize| {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        text.len() == digits && text.bytes().all(is_hex) && text.bytes().any(|b| b != b'0')
    };
    let is_version = version.len() == 2 && version != "ff";
    (is_version && is_id(trace, 32) && is_id(parent, 16)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Request};

    use super::*;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn exchange(trace: &str, ip: &str, begin: i64, ms: f64) -> Exchange {
        Exchange {
            time: Some(Timestamp::from_micros(begin * 1_000)),
            duration_ms: Some(ms),
            client: Client { ip: Some(ip.parse().expect("an address")), ..Client::default() },
            request: Request {
                headers: [("traceparent", trace)].into_iter().collect(),
                ..Request::default()
            },
            ..Exchange::default()
        }
    }

    fn learned(exchanges: &[(u32, Exchange)]) -> Traces {
        let (mut traces, key) = (Traces::default(), HashKey::new([3; 32]));
        exchanges.iter().for_each(|(leaf, exchange)| {
            traces.observe(exchange, *leaf, None, &key);
        });
        traces
    }

    #[test]
    fn calls_within_a_call_are_its_own_in_whatever_order_they_come() {
        let outer = (1, exchange(TRACE, "203.0.113.9", 0, 100.0));
        let stock = (2, exchange(TRACE, "10.0.0.1", 10, 20.0));
        let price = (3, exchange(TRACE, "10.0.0.1", 40, 20.0));
        let orders = [
            [outer.clone(), stock.clone(), price.clone()],
            [stock.clone(), price.clone(), outer.clone()],
            [stock, outer, price],
        ];
        for order in orders {
            let traces = learned(&order);
            let pairs: Vec<_> = traces.pairs().collect();
            assert_eq!(pairs, [(1, 2, 1), (1, 3, 1)]);
            assert!(traces.fans_out(1) && !traces.fans_out(2));
        }
    }

    #[test]
    fn one_client_alone_links_nothing() {
        let traces = learned(&[
            (1, exchange(TRACE, "203.0.113.9", 0, 100.0)),
            (2, exchange(TRACE, "203.0.113.9", 10, 20.0)),
            (3, exchange(TRACE, "203.0.113.9", 40, 20.0)),
        ]);
        assert_eq!(traces.pairs().count(), 0);
        let traces = learned(&[
            (1, exchange(TRACE, "203.0.113.9", 0, 10.0)),
            (2, exchange(TRACE, "10.0.0.1", 20, 5.0)),
            (3, exchange("00-1", "10.0.0.1", 1, 5.0)),
        ]);
        assert_eq!(traces.pairs().count(), 0, "one after the other, and of no trace");
    }

    #[test]
    fn repeated_calls_of_one_endpoint_are_no_fan() {
        let traces = learned(&[
            (1, exchange(TRACE, "203.0.113.9", 0, 100.0)),
            (2, exchange(TRACE, "10.0.0.1", 10, 5.0)),
            (2, exchange(TRACE, "10.0.0.1", 20, 5.0)),
        ]);
        assert_eq!(traces.pairs().collect::<Vec<_>>(), [(1, 2, 1)]);
        assert!(!traces.fans_out(1));
    }

    #[test]
    fn only_the_nearest_caller_called_in_whatever_order_they_come() {
        let edge = (1, exchange(TRACE, "203.0.113.9", 0, 100.0));
        let orders = (2, exchange(TRACE, "10.0.0.1", 10, 60.0));
        let stock = (3, exchange(TRACE, "10.0.0.2", 20, 10.0));
        let key = HashKey::new([3; 32]);
        for order in [[0, 1, 2], [2, 1, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [1, 2, 0]] {
            let all = [&edge, &orders, &stock];
            let mut traces = Traces::default();
            let mut counts: BTreeMap<(u32, u32), i32> = BTreeMap::new();
            for at in order {
                let (leaf, exchange) = all[at];
                for call in traces.observe(exchange, *leaf, None, &key) {
                    let change = if call.count == TracedAs::TakenBack { -1 } else { 1 };
                    *counts.entry((call.caller, call.called)).or_default() += change;
                }
            }
            counts.retain(|_, count| *count != 0);
            assert_eq!(counts, [((1, 2), 1), ((2, 3), 1)].into(), "{order:?}");
        }
    }

    #[test]
    fn hostile_traces_are_bounded() {
        let (mut traces, key) = (Traces::default(), HashKey::new([3; 32]));
        for leaf in 0..100 {
            traces.observe(&exchange(TRACE, "10.0.0.1", 0, f64::NAN), leaf, None, &key);
        }
        assert_eq!(traces.more(), 100 - MAX_SPANS as u64);
        for number in 1..2 * MAX_TRACES {
            let trace = format!("00-{number:032x}-b7ad6b7169203331-01");
            traces.observe(&exchange(&trace, "10.0.0.1", 0, 1e300), 1, None, &key);
        }
        assert_eq!(traces.open.len(), MAX_TRACES);
        for header in ["", "00-", "é", &"é".repeat(60), &"0".repeat(55), &TRACE.to_uppercase()] {
            assert_eq!(trace_id(header), None, "{header}");
        }
    }
}
