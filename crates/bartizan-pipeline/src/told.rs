//! Who told of which exchange: how copies are told from exchanges that are only alike.
//!
//! Copies of an exchange have keys in common: hashes of what all who saw it know of it. It is counted how
//! often each source told of a key, and an exchange is new when its source has told of each of its keys
//! more often than every other has: two equal requests in one source are two, and are two still when
//! another source tells of both.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, Hash, Hasher, RandomState},
    time::Duration,
};

use bartizan_model::{BodyState, Exchange, Headers, Response};
use smallvec::SmallVec;

/// Most keys that are remembered (some 60 bytes each). Beyond, the oldest are forgotten, and counted.
pub(crate) const MOST_KEYS: usize = 1 << 18;
/// Captures of one exchange at two places differ by less than this, in microseconds.
const SAME_TIME_MICROS: i64 = 1_000_000;

/// What copies of an exchange have in common; hashed with a key of this process, so that nobody can choose
/// them.
pub(crate) type Keys = SmallVec<[u64; 5]>;

/// Which sources told how often of a key.
type Counts = SmallVec<[(u8, u32); 2]>;

/// What was told of. Times are spans since any beginning; they never go back.
#[derive(Debug)]
pub(crate) struct Told {
    window: Duration,
    counts: HashMap<u64, Counts>,
    /// When each key was first told of.
    order: VecDeque<(Duration, u64)>,
    hasher: RandomState,
    forgotten: u64,
}

impl Told {
    /// Remembers keys for so long.
    pub(crate) fn within(window: Duration) -> Self {
        Self {
            window,
            counts: HashMap::new(),
            order: VecDeque::new(),
            hasher: RandomState::new(),
            forgotten: 0,
        }
    }

    /// Counts that `source` told of an exchange with these keys; whether another had told of it.
    pub(crate) fn is_copy(&mut self, keys: &Keys, source: u8, now: Duration) -> bool {
        self.forget(now);
        let mut is_copy = false;
        for key in keys {
            let counts = self.counts.entry(*key).or_insert_with(|| {
                self.order.push_back((now, *key));
                Counts::new()
            });
            let mine = match counts.iter_mut().find(|(of, _)| *of == source) {
                Some((_, count)) => {
                    *count = count.saturating_add(1);
                    *count
                }
                None => {
                    counts.push((source, 1));
                    1
                }
            };
            is_copy |= counts.iter().any(|(of, count)| *of != source && *count >= mine);
        }
        is_copy
    }

    /// Whether `source` told of an exchange that has one of these keys.
    pub(crate) fn has_told(&self, keys: &Keys, source: u8) -> bool {
        let counts = keys.iter().filter_map(|key| self.counts.get(key));
        counts.flatten().any(|(of, _)| *of == source)
    }

    fn forget(&mut self, now: Duration) {
        while let Some((since, key)) = self.order.front() {
            let is_old = now.saturating_sub(*since) >= self.window;
            if !is_old && self.order.len() < MOST_KEYS {
                return;
            }
            self.forgotten += u64::from(!is_old);
            self.counts.remove(key);
            self.order.pop_front();
        }
    }

    /// Keys that were forgotten before their time.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.counts.len().max(self.order.len())
    }

    /// Keys by the ids of an exchange, together with its method and target. One copy may lack the answer.
    pub(crate) fn ids(&self, exchange: &Exchange) -> Keys {
        let request = &exchange.request;
        let key = |id| self.hasher.hash_one((id, &request.method, &request.target));
        ids(exchange).into_iter().flatten().map(key).collect()
    }

    /// Keys of an exchange of a file: its ids; its connection and about when it was; and all that its
    /// record says. What has no time has only the first.
    pub(crate) fn recorded(&self, exchange: &Exchange) -> Keys {
        let mut keys = self.ids(exchange);
        let Some(time) = exchange.time else { return keys };
        if let Some(ends) = ends(exchange) {
            let request = &exchange.request;
            // Two grids, half a step apart: what is closer than that shares a field of one of them.
            for (grid, shift) in [(2_u8, 0), (3, SAME_TIME_MICROS)] {
                let moment = time.micros().saturating_add(shift).div_euclid(2 * SAME_TIME_MICROS);
                let key = (grid, &ends, moment, &request.method, &request.target);
                keys.push(self.hasher.hash_one(key));
            }
        }
        let mut hasher = self.hasher.build_hasher();
        (4_u8, time.micros()).hash(&mut hasher);
        record(exchange, &mut hasher);
        keys.push(hasher.finish());
        keys
    }
}

/// Whether another source may have a copy of an exchange that tells more: this one has something by which
/// it would be known again, and is not whole.
pub(crate) fn gives_way(exchange: &Exchange) -> bool {
    !is_whole(exchange) && (ends(exchange).is_some() || ids(exchange).iter().any(Option::is_some))
}

/// Whether the source saw both sides and what they carry.
pub(crate) fn is_whole(exchange: &Exchange) -> bool {
    let seen = |state: BodyState| state != BodyState::NotCaptured;
    let answered = |response: &Response| seen(response.body_state);
    seen(exchange.request.body_state) && exchange.response.as_ref().is_some_and(answered)
}

/// Both ends of the connection, addresses and ports; `None` unless all four are known.
fn ends(exchange: &Exchange) -> Option<impl Hash> {
    let client = (exchange.client.ip?, exchange.client.port?);
    let (server, port) = exchange.server?;
    Some((client, server, port?))
}

/// All that a record says of an exchange but how it is named and where it was read.
fn record(exchange: &Exchange, hasher: &mut impl Hasher) {
    let (client, request) = (&exchange.client, &exchange.request);
    (client.ip, client.port, &client.user, exchange.server, &exchange.request_id).hash(hasher);
    (&request.method, &request.scheme, &request.authority, &request.target).hash(hasher);
    fields(&request.headers, hasher);
    (request.body_state, &request.body).hash(hasher);
    exchange.response.is_some().hash(hasher);
    if let Some(response) = &exchange.response {
        (response.status, response.body_state, response.body_bytes).hash(hasher);
        fields(&response.headers, hasher);
        response.body.hash(hasher);
    }
    exchange.duration_ms.map(f64::to_bits).hash(hasher);
    for message in &exchange.messages {
        (message.from_client, message.time.map(|time| time.micros()), &message.data).hash(hasher);
    }
}

fn fields(headers: &Headers, hasher: &mut impl Hasher) {
    for (name, value) in headers.iter() {
        (name, value).hash(hasher);
    }
}

/// What copies of an exchange have in common: the trace (W3C Trace Context §3.2), and the request id.
fn ids(exchange: &Exchange) -> [Option<(u8, &str)>; 2] {
    let request = &exchange.request;
    let named = exchange.request_id.as_deref().or_else(|| request.headers.get("x-request-id"));
    let trace = request.headers.get("traceparent").and_then(|parent| parent.get(3..35));
    let is_trace = |id: &&str| {
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0')
    };
    let trace = trace.filter(is_trace);
    // Traces tell of an exchange by the id of its trace.
    let (named_trace, named) = match named.filter(|id| !id.is_empty()) {
        Some(id) if is_trace(&id) && trace.is_none() => (Some(id), Some(id)),
        named => (None, named),
    };
    [trace.or(named_trace).map(|id| (0, id)), named.map(|id| (1, id))]
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Request, Timestamp};

    use super::*;

    /// A request of a record: at this time, from this port (0: none is known), with this body.
    fn exchange(micros: i64, port: u16, body: &'static str) -> Exchange {
        let known = (port > 0).then_some(port);
        Exchange {
            time: Some(Timestamp::from_micros(1_800_000_000_000_000 + micros)),
            client: Client { ip: "192.0.2.7".parse().ok(), port: known, ..Client::default() },
            server: known.and("198.51.100.1".parse().ok().map(|ip| (ip, Some(443)))),
            request: Request {
                method: "POST".to_owned(),
                target: "/v1/orders".to_owned(),
                body: body.into(),
                ..Request::default()
            },
            response: Some(Response { status: 201, ..Response::default() }),
            ..Exchange::default()
        }
    }

    /// Which of these count: the input, and what it tells.
    fn new(told: &[(u8, Exchange)]) -> Vec<bool> {
        let mut memory = Told::within(Duration::from_secs(60));
        let mut is_new = |(input, exchange): &(u8, Exchange)| {
            let keys = memory.recorded(exchange);
            !memory.is_copy(&keys, *input, Duration::ZERO)
        };
        told.iter().map(&mut is_new).collect()
    }

    #[test]
    fn equal_records_of_two_inputs_count_once_and_of_one_twice() {
        let one = || exchange(0, 0, "a");
        assert_eq!(new(&[(0, one()), (1, one())]), [true, false]);
        assert_eq!(new(&[(0, one()), (0, one())]), [true, true]);
        let both = [(0, one()), (0, one()), (1, one()), (1, one()), (1, one())];
        assert_eq!(new(&both), [true, true, false, false, true]);
    }

    #[test]
    fn records_that_say_something_else_are_others() {
        let differ = |change: fn(&mut Exchange)| {
            let mut other = exchange(0, 0, "a");
            change(&mut other);
            new(&[(0, exchange(0, 0, "a")), (1, other)])
        };
        let changes: [fn(&mut Exchange); 11] = [
            |e| e.time = e.time.map(|time| Timestamp::from_micros(time.micros() + 1)),
            |e| e.client.ip = "192.0.2.8".parse().ok(),
            |e| e.request.method = "PUT".to_owned(),
            |e| e.request.target.push('/'),
            |e| e.request.authority = "api.example".to_owned(),
            |e| e.request.headers.push("user-agent", "x"),
            |e| e.request.body = "b".into(),
            |e| e.response = None,
            |e| e.response = Some(Response { status: 200, ..Response::default() }),
            |e| e.request_id = Some("r-1".to_owned()),
            |e| e.duration_ms = Some(1.0),
        ];
        for change in changes {
            assert_eq!(differ(change), [true, true]);
        }
        assert_eq!(differ(|e| e.source = Some("b.har".to_owned())), [true, false]);
        let without_time = || Exchange { time: None, ..exchange(0, 0, "a") };
        assert_eq!(new(&[(0, without_time()), (1, without_time())]), [true, true]);
    }

    #[test]
    fn captures_at_two_places_are_told_by_connection_and_time() {
        // The second capture keeps less of the packets, and its clock is a little off.
        for (apart, is_new) in [(0, false), (700, false), (999_999, false), (2_000_000, true)] {
            let two = [
                (0, exchange(1_500_000, 40_000, "a")),
                (1, exchange(1_500_000 + apart, 40_000, "")),
            ];
            assert_eq!(new(&two), [true, is_new], "{apart}");
        }
        let other_port = [(0, exchange(0, 40_000, "a")), (1, exchange(0, 40_001, "a"))];
        assert_eq!(new(&other_port), [true, true]);
    }

    #[test]
    fn what_gives_way_is_not_whole_and_would_be_known_again() {
        let mut line = exchange(0, 0, "");
        line.request.body_state = BodyState::NotCaptured;
        assert!(!gives_way(&line), "nothing could be a copy that tells more");
        line.request_id = Some("r-1".to_owned());
        assert!(gives_way(&line));
        line.request.body_state = BodyState::Complete;
        assert!(!gives_way(&line));
        assert!(!gives_way(&exchange(0, 40_000, "")));
        assert!(gives_way(&Exchange { response: None, ..exchange(0, 40_000, "") }));
    }
}
