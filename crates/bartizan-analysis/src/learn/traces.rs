//! Which endpoints call which, told by trace context, in the fields of several tracers.
//!
//! An exchange that happened within another one of the same trace, and was asked for by another
//! address, was made for its sake: `GET /orders` of a client, and while it is answered `GET /stock` of
//! the service that answers. Clients choose trace ids, but not from where a service asks: one client
//! alone cannot make two endpoints look as if one called the other. Where no address is told, as in many
//! traces of OpenTelemetry, the span that it was made in has to be that of the other exchange, which its
//! answer names. Sources without times and durations tell nothing here.

mod context;

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
    /// Hash of the address that asked, where it is told.
    asker: Option<u64>,
    /// The span that it is, and that it was made in.
    own: Option<u64>,
    parent: Option<u64>,
    call: Call,
    network: Option<Network>,
}

impl Span {
    const fn micros(&self) -> i64 {
        self.end.micros() - self.begin.micros()
    }

    /// How far it is from what was made for its sake; less is nearer.
    fn distance(&self, other: &Self) -> (bool, i64) {
        (!self.is_parent_of(other), self.micros())
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

    /// Whether the other one says that it was made in this one.
    fn is_parent_of(&self, other: &Self) -> bool {
        self.own.is_some() && self.own == other.parent
    }

    /// Whether the other one was made for the sake of this one.
    fn has_called(&self, other: &Self) -> bool {
        let (Some(mine), Some(theirs)) = (self.asker, other.asker) else {
            return self.is_parent_of(other) && self.leaf != other.leaf;
        };
        let is_within = self.begin <= other.begin && other.end <= self.end;
        let is_longer = self.begin < other.begin || other.end < self.end;
        is_within && is_longer && mine != theirs && self.leaf != other.leaf
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
        let Some(context) = context::of_request(&exchange.request.headers) else {
            return Vec::new();
        };
        let (Some(begin), Some(ms)) = (exchange.time, exchange.duration_ms) else {
            return Vec::new();
        };
        let own = exchange.response.as_ref().and_then(|answer| context::own_span(&answer.headers));
        let address = exchange.client.ip.map(|ip| ip.to_canonical().to_string());
        if address.is_none() && own.is_none() && context.parent.is_none() {
            return Vec::new();
        }
        // What cannot be a duration is none; a day is longer than any exchange.
        let micros = (ms.clamp(0.0, 86_400_000.0) * 1e3) as i64;
        let end = Timestamp::from_micros(begin.micros().saturating_add(micros));
        let asker = address.map(|ip| key.hash("trace-asker", ip.as_bytes()).first8());
        let parent = context.parent;
        let new = Span { leaf, begin, end, asker, own, parent, call: Call::of(exchange), network };
        let trace = key.hash("trace", context.trace.as_bytes()).first8();
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

/// The nearest of those that an exchange was made for: the one that it names, else the shortest.
fn nearest<'s>(spans: &'s [Span], of: &Span) -> Option<&'s Span> {
    let callers = spans.iter().filter(|one| one.has_called(of));
    callers.min_by_key(|one| one.distance(of))
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
            Some(farther) if new.distance(span) < farther.distance(span) => {
                out.push(span.called_by(farther, TracedAs::TakenBack));
                out.push(span.called_by(new, TracedAs::Moved));
            }
            Some(_) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Request, Response};

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
    }

    /// An exchange without an address that was made in one span and is another.
    fn spanned(parent: u64, own: u64, begin: i64, ms: f64) -> Exchange {
        let id = |span| format!("00-0af7651916cd43dd8448eb211c80319c-{span:016x}-01");
        let mut out = exchange(&id(parent), "10.0.0.1", begin, ms);
        out.client = Client::default();
        let headers = [("traceresponse", id(own))].into_iter().collect();
        out.response = Some(Response { headers, ..Response::default() });
        out
    }

    #[test]
    fn without_addresses_the_span_that_it_was_made_in_counts() {
        let outer = (1, spanned(0xa0, 0xa1, 0, 100.0));
        let stock = (2, spanned(0xa1, 0xb1, 10, 20.0));
        let price = (3, spanned(0xa1, 0xc1, 40, 90.0));
        let beside = (4, spanned(0xd0, 0xd1, 50, 5.0));
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
            let all = [&outer, &stock, &price, &beside];
            let traces = learned(&order.map(|at: usize| all[at].clone()));
            assert_eq!(traces.pairs().collect::<Vec<_>>(), [(1, 2, 1), (1, 3, 1)], "{order:?}");
            assert!(traces.fans_out(1), "{order:?}");
        }
    }

    #[test]
    fn who_is_named_is_nearer_than_who_is_shorter() {
        let mut orders = [(1, spanned(1, 2, 0, 100.0)), (2, spanned(9, 8, 10, 50.0))];
        let mut stock = spanned(2, 3, 20, 5.0);
        for (at, (_, one)) in orders.iter_mut().enumerate() {
            one.client.ip = format!("10.0.0.{at}").parse().ok();
        }
        stock.client.ip = "10.0.0.9".parse().ok();
        let (mut traces, key) = (Traces::default(), HashKey::new([3; 32]));
        orders.iter().for_each(|(leaf, one)| {
            traces.observe(one, *leaf, None, &key);
        });
        let calls = traces.observe(&stock, 3, None, &key);
        let callers: Vec<_> = calls.iter().map(|call| call.caller).collect();
        assert_eq!(callers, [1]);
    }
}
