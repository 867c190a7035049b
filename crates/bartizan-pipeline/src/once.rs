//! The same exchange seen by several sources counts once.
//!
//! Copies are told by an id that both sources saw (`traceparent`, or the request id) together with method
//! and target. Ids can be chosen by clients, and repeat; so it is counted how often each source told of
//! one (`told.rs`). For two sources that see everything that is exact, whatever clients write. Where sources
//! see different traffic, a client that repeats id, method and target at both within [`WINDOW`] is counted at
//! one only. An entry of a log and a full copy without an id in common are paired by what both tell (`alike.rs`). Several files that are read as one are judged alike (`sources/merged.rs`).
//!
//! A copy without an answer (of a mirror) comes before the answer is there, and an entry of an access log
//! may come before the copy with headers and bodies: what tells less waits for [`HOLD`], so that the whole
//! exchange, if somebody saw it, is the one that counts.
//!
//! What another source saw at a server behind the inline gateway, and the gateway did not, came past it
//! (`once/behind.rs`).

mod behind;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bartizan_analysis::catalog::INLINE;
use bartizan_model::Exchange;

use crate::{
    alike::Alike,
    told::{Told, is_whole},
};
use behind::Behind;

/// How long after the first a copy may come: batches of access logs and traces wait for seconds.
pub const WINDOW: Duration = Duration::from_secs(120);
/// How long a copy that is not whole waits.
pub const HOLD: Duration = Duration::from_secs(3);
/// Most copies that wait, and most bytes of their bodies. Beyond, the oldest wait no longer.
const MOST_HELD: usize = 4_096;
const MOST_HELD_BYTES: usize = 64 * 1024 * 1024;
/// Most sources that are told apart; more count as the last.
const MOST_SOURCES: usize = 64;

/// Which exchanges are new.
#[derive(Debug)]
pub struct Once {
    /// Sources in the order in which they came.
    sources: Vec<String>,
    told: Told,
    alike: Alike,
    /// When the first exchange came; times are counted from there.
    begin: Option<Instant>,
    held: VecDeque<(Instant, Box<Exchange>)>,
    held_bytes: usize,
    behind: Behind,
}

impl Default for Once {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            told: Told::within(WINDOW),
            alike: Alike::within(WINDOW),
            begin: None,
            held: VecDeque::new(),
            held_bytes: 0,
            behind: Behind::default(),
        }
    }
}

/// What there is to do with an exchange.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// It counts.
    New(Box<Exchange>),
    /// Another source told of it.
    Copy,
    /// It waits; [`Once::due`] gives it back.
    Held,
}

impl Once {
    /// Takes an exchange. `is_alone`: no other source could tell of it, so that it need not wait.
    pub fn take(&mut self, exchange: Box<Exchange>, is_alone: bool, now: Instant) -> Seen {
        let source = self.source(&exchange);
        self.behind.note(&exchange);
        // The gateway tells of what it passed on when it has ended, as others do: whoever is first.
        if !is_alone && (!is_whole(&exchange) || self.behind.serves(&exchange)) {
            self.held_bytes += size(&exchange);
            self.held.push_back((now, exchange));
            return Seen::Held;
        }
        self.count(exchange, source, now)
    }

    /// Notes that exchanges of the gateway were lost: what it did not tell of may have come through it all the same.
    pub const fn lost(&mut self, now: Instant) {
        self.behind.lost(now);
    }

    /// A copy that has waited long enough, or for which there is no more room.
    pub fn due(&mut self, now: Instant) -> Option<Seen> {
        let is_full = self.held.len() > MOST_HELD || self.held_bytes > MOST_HELD_BYTES;
        let (since, _) = self.held.front()?;
        if !is_full && now.saturating_duration_since(*since) < HOLD {
            return None;
        }
        self.release(now)
    }

    /// The next copy, however long it waited.
    pub fn release(&mut self, now: Instant) -> Option<Seen> {
        let (_, exchange) = self.held.pop_front()?;
        self.held_bytes -= size(&exchange);
        let source = self.source(&exchange);
        Some(self.count(exchange, source, now))
    }

    /// How long nothing is due.
    #[must_use]
    pub fn due_in(&self, now: Instant) -> Option<Duration> {
        let (since, _) = self.held.front()?;
        Some(HOLD.saturating_sub(now.saturating_duration_since(*since)))
    }

    /// Ids that were forgotten before their time: copies of those count again.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.told.forgotten()
    }

    fn source(&mut self, exchange: &Exchange) -> u8 {
        let name = exchange.source.as_deref().unwrap_or("");
        let known = self.sources.iter().position(|source| source == name);
        let at = known.unwrap_or_else(|| {
            if self.sources.len() < MOST_SOURCES {
                self.sources.push(name.to_owned());
            }
            self.sources.len() - 1
        });
        // There are at most `MOST_SOURCES`.
        u8::try_from(at).unwrap_or(u8::MAX)
    }

    fn count(&mut self, mut exchange: Box<Exchange>, source: u8, now: Instant) -> Seen {
        let since = now.saturating_duration_since(*self.begin.get_or_insert(now));
        let keys = self.told.ids(&exchange);
        let is_known = self.told.is_copy(&keys, source, since);
        if self.alike.is_copy(&exchange, source, is_known, since) || is_known {
            let gateway = self.sources.iter().position(|source| source == INLINE);
            let gateway = gateway.and_then(|at| u8::try_from(at).ok()).filter(|at| *at != source);
            if gateway.is_some_and(|gateway| self.told.has_told(&keys, gateway)) {
                self.behind.learn(&exchange);
            }
            return Seen::Copy;
        }
        if self.behind.is_past(&exchange, now) {
            exchange.through_gateway = Some(false);
        }
        Seen::New(exchange)
    }
}

/// Bytes of the bodies.
fn size(exchange: &Exchange) -> usize {
    let answered = exchange.response.as_ref().map_or(0, |response| response.body.len());
    exchange.request.body.len() + answered
}

#[cfg(test)]
mod tests {
    use bartizan_model::{BodyState, Headers, Request, Response};

    use super::*;
    use crate::told::MOST_KEYS;

    fn exchange(
        source: &str,
        target: &str,
        id: &str,
        trace: &str,
        answered: bool,
    ) -> Box<Exchange> {
        let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
        let headers: Headers = if trace.is_empty() {
            Headers::new()
        } else {
            [("traceparent", traceparent)].into_iter().collect()
        };
        Box::new(Exchange {
            source: Some(source.to_owned()),
            request_id: (!id.is_empty()).then(|| id.to_owned()),
            request: Request {
                method: "GET".to_owned(),
                target: target.to_owned(),
                headers,
                ..Request::default()
            },
            response: answered.then(|| Response { status: 200, ..Response::default() }),
            ..Exchange::default()
        })
    }

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// How many of these count, in order and at one time.
    fn new(told: &[(&str, &str, &str, &str)]) -> usize {
        let mut once = Once::default();
        let take = |(source, target, id, trace): &(&str, &str, &str, &str)| {
            once.take(exchange(source, target, id, trace, true), false, Instant::now())
        };
        told.iter().map(take).filter(|seen| matches!(seen, Seen::New(_))).count()
    }

    #[test]
    fn two_sources_of_one_exchange_count_once() {
        assert_eq!(new(&[("a", "/", "1", ""), ("b", "/", "1", "")]), 1);
        assert_eq!(new(&[("a", "/", "1", TRACE), ("b", "/", "", TRACE), ("c", "/", "1", "")]), 1);
        // What a trace tells has the id of the trace as its request id.
        assert_eq!(new(&[("a", "/", "1", TRACE), ("b", "/", TRACE, "")]), 1);
        assert_eq!(new(&[("b", "/", TRACE, ""), ("a", "/", "1", TRACE)]), 1);
    }

    #[test]
    fn what_one_source_tells_twice_are_two_exchanges() {
        assert_eq!(new(&[("a", "/", "1", ""), ("a", "/", "1", "")]), 2);
        let both =
            [("a", "/", "1", ""), ("a", "/", "1", ""), ("b", "/", "1", ""), ("b", "/", "1", "")];
        assert_eq!(new(&both), 2);
        let mixed =
            [("a", "/", "1", ""), ("b", "/", "1", ""), ("b", "/", "1", ""), ("a", "/", "1", "")];
        assert_eq!(new(&mixed), 2);
        assert_eq!(new(&[("a", "/", "1", ""), ("b", "/x", "1", "")]), 2);
        assert_eq!(new(&[("a", "/", "", ""), ("b", "/", "", "")]), 2, "nothing tells them apart");
        let none = "00000000000000000000000000000000";
        assert_eq!(new(&[("a", "/", "", none), ("b", "/", "", none)]), 2);
    }

    #[test]
    fn a_copy_without_an_answer_gives_way_to_the_whole() {
        let (mut once, begin) = (Once::default(), Instant::now());
        let alone = once.take(exchange("mirror", "/", "0", "", false), true, begin);
        assert!(matches!(alone, Seen::New(_)), "nobody else could tell of it");
        let copy = || exchange("mirror", "/", "1", "", false);
        assert_eq!(once.take(copy(), false, begin), Seen::Held);
        assert_eq!((once.due(begin), once.due_in(begin)), (None, Some(HOLD)));
        assert!(matches!(
            once.take(exchange("proxy", "/", "1", "", true), false, begin),
            Seen::New(_)
        ));
        assert_eq!(once.due(begin + HOLD), Some(Seen::Copy));
        // Nobody else saw this one.
        assert_eq!(once.take(exchange("mirror", "/", "2", "", false), false, begin), Seen::Held);
        assert!(matches!(once.due(begin + HOLD), Some(Seen::New(_))));
        assert_eq!(once.due_in(begin), None);
    }

    #[test]
    fn an_entry_without_bodies_gives_way_to_what_has_them() {
        let (mut once, begin) = (Once::default(), Instant::now());
        let mut entry = exchange("log", "/", "1", "", true);
        entry.request.body_state = BodyState::NotCaptured;
        assert_eq!(once.take(entry, false, begin), Seen::Held);
        let whole = once.take(exchange("proxy", "/", "1", "", true), false, begin);
        assert!(matches!(whole, Seen::New(_)));
        assert_eq!(once.due(begin + HOLD), Some(Seen::Copy));
        assert_eq!(once.held_bytes, 0);
    }

    #[test]
    fn what_the_gateway_did_not_see_at_a_server_behind_it_came_past_it() {
        let (mut once, begin) = (Once::default(), Instant::now());
        let upstream = "127.0.0.1:3000".parse::<std::net::SocketAddr>().expect("an address");
        let front = "127.0.0.1:8080".parse::<std::net::SocketAddr>().expect("an address");
        let at = |source: &str, server: std::net::SocketAddr, id: &str| {
            let mut exchange = exchange(source, "/", id, "", true);
            exchange.server = Some((server.ip(), Some(server.port())));
            exchange
        };
        let passed = |seen: Option<Seen>| match seen {
            Some(Seen::New(exchange)) => exchange.through_gateway,
            other => panic!("{other:?}"),
        };
        // Nothing is known of the server yet.
        assert_eq!(passed(Some(once.take(at("capture", upstream, "0"), false, begin))), None);
        assert_eq!(passed(Some(once.take(at(INLINE, front, "1"), false, begin))), None);
        assert_eq!(once.take(at("capture", upstream, "1"), false, begin), Seen::Copy);
        // It waits for the gateway, which may tell of it a little later.
        assert_eq!(once.take(at("capture", upstream, "2"), false, begin), Seen::Held);
        assert_eq!(once.take(at("capture", upstream, "3"), false, begin), Seen::Held);
        assert_eq!(passed(Some(once.take(at(INLINE, front, "3"), false, begin))), None);
        assert_eq!(passed(once.due(begin + HOLD)), Some(false), "only the second source saw it");
        assert_eq!(once.due(begin + HOLD), Some(Seen::Copy));
        // What is in front of the gateway, and what it lost, says nothing.
        assert_eq!(passed(Some(once.take(at(INLINE, front, "6"), false, begin))), None);
        assert_eq!(once.take(at("capture", front, "6"), false, begin), Seen::Copy);
        assert_eq!(passed(Some(once.take(at("capture", front, "4"), false, begin))), None);
        once.lost(begin);
        assert_eq!(once.take(at("capture", upstream, "5"), false, begin), Seen::Held);
        assert_eq!(passed(once.due(begin + HOLD)), None);
    }

    #[test]
    fn nothing_is_remembered_for_ever_and_what_waits_is_bounded() {
        let (mut once, begin) = (Once::default(), Instant::now());
        once.take(exchange("a", "/", "1", "", true), false, begin);
        let late = once.take(exchange("b", "/", "1", "", true), false, begin + WINDOW);
        assert!(matches!(late, Seen::New(_)));
        for n in 0..=MOST_KEYS {
            once.take(exchange("a", "/", &format!("n{n}"), "", true), false, begin);
        }
        assert!(once.told.len() <= MOST_KEYS);
        assert!(once.forgotten() > 0);
        for _ in 0..=MOST_HELD {
            once.take(exchange("a", "/", "", "", false), false, begin);
        }
        assert!(matches!(once.due(begin), Some(Seen::New(_))));
        assert_eq!(once.due(begin), None);
    }
}
