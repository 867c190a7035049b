//! An entry of a log and a full copy of the same exchange, where they have no id in common: from one client, by one
//! method, for one target, with one status, less than a second apart, and alike in what both of them tell of host,
//! port of the client, size of the answer and id. Each is paired with one of the other kind at most, the nearest in
//! time, and only with one of another source.
//!
//! It is a guess where a client repeats a request within a second and one of two sources missed one of them: which
//! of them it was is not known then, and two that differ may count as one. Entries of two logs are never paired, nor
//! are two full copies: they are alike too often.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use bartizan_model::{BodyState, Exchange};
use smallvec::SmallVec;

use crate::told::is_whole;

/// Two of one exchange differ by less than this, in microseconds.
const APART_MICROS: u64 = 1_000_000;
/// Most exchanges that are remembered (some 150 bytes each). Beyond, the oldest are forgotten: their copies count.
const MOST_MARKS: usize = 1 << 16;
/// Most alike ones of which the nearest is looked for.
const MOST_ALIKE: usize = 64;

/// What is remembered of an exchange without a counterpart.
#[derive(Clone, Copy, Debug)]
struct Mark {
    number: u64,
    source: u8,
    micros: i64,
    is_whole: bool,
    host: Option<u64>,
    id: Option<u64>,
    port: Option<u16>,
    bytes: Option<u64>,
}

impl Mark {
    /// How far apart two are, in microseconds, when they may be one exchange.
    fn apart(&self, other: &Self) -> Option<u64> {
        let apart = self.micros.abs_diff(other.micros);
        let is_one = self.source != other.source
            && self.is_whole != other.is_whole
            && agree(self.host, other.host)
            && agree(self.id, other.id)
            && agree(self.port, other.port)
            && agree(self.bytes, other.bytes);
        (is_one && apart < APART_MICROS).then_some(apart)
    }
}

/// Whether two say the same, or one of them nothing.
fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}

/// Exchanges without a counterpart. Times are spans since any beginning; they never go back.
#[derive(Debug)]
pub(crate) struct Alike {
    window: Duration,
    marks: HashMap<u64, SmallVec<[Mark; 1]>>,
    /// When each was remembered, by its key and number.
    order: VecDeque<(Duration, u64, u64)>,
    next: u64,
    hasher: RandomState,
}

impl Alike {
    /// Remembers exchanges for so long.
    pub(crate) fn within(window: Duration) -> Self {
        Self {
            window,
            marks: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
            hasher: RandomState::new(),
        }
    }

    /// Whether `source` tells of an exchange whose counterpart came before. `is_known`: it is known to be a copy
    /// already, so that it waits for none.
    pub(crate) fn is_copy(
        &mut self,
        exchange: &Exchange,
        source: u8,
        is_known: bool,
        now: Duration,
    ) -> bool {
        self.forget(now);
        let Some((key, mark)) = self.mark(exchange, source) else { return false };
        let known = self.marks.entry(key).or_default();
        let all = known.iter().enumerate();
        let nearest = all.filter_map(|(at, other)| Some((mark.apart(other)?, at))).min();
        if let Some((_, at)) = nearest {
            known.remove(at);
        } else if !is_known && known.len() < MOST_ALIKE {
            known.push(mark);
            self.order.push_back((now, key, mark.number));
            self.next += 1;
        }
        if known.is_empty() {
            self.marks.remove(&key);
        }
        nearest.is_some()
    }

    fn mark(&self, exchange: &Exchange, source: u8) -> Option<(u64, Mark)> {
        if !is_comparable(exchange) {
            return None;
        }
        let (request, response) = (&exchange.request, exchange.response.as_ref()?);
        let (ip, time) = (exchange.client.ip?, exchange.time?);
        let key = (ip, &request.method, &request.target, response.status);
        let host = Some(request.host()).filter(|host| !host.is_empty());
        let id = exchange.request_id.as_deref().or_else(|| request.headers.get("x-request-id"));
        let is_complete = response.body_state == BodyState::Complete;
        let length = u64::try_from(response.body.len()).ok().filter(|_| is_complete);
        let mark = Mark {
            number: self.next,
            source,
            micros: time.micros(),
            is_whole: is_whole(exchange),
            host: host.map(|host| self.hasher.hash_one(host)),
            id: id.map(|id| self.hasher.hash_one(id)),
            port: exchange.client.port,
            bytes: response.body_bytes.or(length),
        };
        Some((self.hasher.hash_one(key), mark))
    }

    fn forget(&mut self, now: Duration) {
        while let Some((since, key, number)) = self.order.front().copied() {
            let is_old = now.saturating_sub(since) >= self.window;
            if !is_old && self.order.len() < MOST_MARKS {
                return;
            }
            self.order.pop_front();
            if let Some(marks) = self.marks.get_mut(&key) {
                marks.retain(|mark| mark.number != number);
                if marks.is_empty() {
                    self.marks.remove(&key);
                }
            }
        }
    }
}

/// Whether an exchange has all by which its counterpart could be known.
pub(crate) fn is_comparable(exchange: &Exchange) -> bool {
    let is_answered = exchange.response.as_ref().is_some_and(|response| response.status > 0);
    is_answered && exchange.client.ip.is_some() && exchange.time.is_some()
}

#[cfg(test)]
mod tests {
    use bartizan_model::{Client, Request, Response, Timestamp};

    use super::*;

    /// An exchange at so many milliseconds; of a log or whole.
    fn exchange(millis: i64, is_whole: bool) -> Exchange {
        let body_state = if is_whole { BodyState::Complete } else { BodyState::NotCaptured };
        Exchange {
            time: Some(Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000)),
            client: Client { ip: "192.0.2.7".parse().ok(), ..Client::default() },
            request: Request {
                method: "GET".to_owned(),
                target: "/v1/orders".to_owned(),
                body_state,
                ..Request::default()
            },
            response: Some(Response {
                status: 200,
                body: if is_whole { "12345".into() } else { "".into() },
                body_state,
                body_bytes: (!is_whole).then_some(5),
                ..Response::default()
            }),
            ..Exchange::default()
        }
    }

    /// Which of these are copies: the source, and what it tells.
    fn copies(told: &[(u8, Exchange)]) -> Vec<bool> {
        let mut alike = Alike::within(Duration::from_secs(60));
        let mut is_copy = |(source, exchange): &(u8, Exchange)| {
            alike.is_copy(exchange, *source, false, Duration::ZERO)
        };
        told.iter().map(&mut is_copy).collect()
    }

    #[test]
    fn an_entry_and_a_full_copy_are_one_exchange() {
        let (whole, entry) =
            (|millis| (0, exchange(millis, true)), |millis| (1, exchange(millis, false)));
        assert_eq!(copies(&[whole(0), entry(999)]), [false, true]);
        assert_eq!(copies(&[entry(999), whole(0)]), [false, true]);
        assert_eq!(copies(&[whole(0), entry(1_000)]), [false, false]);
        // Each of them once.
        assert_eq!(copies(&[whole(0), entry(10), entry(20)]), [false, true, false]);
        let all = [whole(0), whole(500), entry(510), entry(20), entry(30)];
        assert_eq!(copies(&all), [false, false, true, true, false]);
    }

    #[test]
    fn what_differs_in_something_both_tell_is_another() {
        let differ = |change: fn(&mut Exchange)| {
            let mut entry = exchange(0, false);
            change(&mut entry);
            copies(&[(0, exchange(0, true)), (1, entry)])[1]
        };
        assert!(differ(|entry| entry.request.authority = "api.example.com".to_owned()));
        assert!(differ(|entry| entry.request_id = Some("1".to_owned())));
        assert!(differ(|entry| entry.response.iter_mut().for_each(|r| r.body_bytes = None)));
        let others: [fn(&mut Exchange); 7] = [
            |entry| entry.client.ip = "192.0.2.8".parse().ok(),
            |entry| entry.request.method = "HEAD".to_owned(),
            |entry| entry.request.target.push('?'),
            |entry| entry.response.iter_mut().for_each(|r| r.status = 201),
            |entry| entry.response.iter_mut().for_each(|r| r.body_bytes = Some(6)),
            |entry| entry.time = None,
            |entry| entry.response = None,
        ];
        assert!(others.into_iter().all(|change| !differ(change)));
        let with_id =
            |id: &str, whole| Exchange { request_id: Some(id.to_owned()), ..exchange(0, whole) };
        assert_eq!(copies(&[(0, with_id("1", true)), (1, with_id("2", false))]), [false, false]);
        let same_source = [(0, exchange(0, true)), (0, exchange(0, false))];
        assert_eq!(copies(&same_source), [false, false]);
        let logs = [(0, exchange(0, false)), (1, exchange(0, false))];
        assert_eq!(copies(&logs), [false, false]);
    }

    #[test]
    fn what_is_known_by_its_id_waits_for_nothing_and_all_is_forgotten() {
        let mut alike = Alike::within(Duration::from_secs(60));
        let mut at = |source, whole, known, seconds| {
            alike.is_copy(&exchange(0, whole), source, known, Duration::from_secs(seconds))
        };
        assert!(!at(0, true, false, 0));
        assert!(at(1, false, true, 0), "its counterpart waits no longer");
        assert!(!at(2, false, true, 0));
        assert!(!at(0, true, false, 0));
        assert!(!at(1, false, false, 60), "it was forgotten");
        (0..200).for_each(|_| assert!(!at(1, false, false, 61)));
        assert_eq!(alike.marks.len(), 1);
        assert!(alike.order.len() <= MOST_ALIKE);
    }
}
