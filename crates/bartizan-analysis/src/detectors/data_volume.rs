//! One caller takes out far more data than it ever did and than others do.

use bartizan_model::{
    Attack, Confidence, Cwe, Duration, Evidence, Grade, Input, ItemMeta, Owasp, Severity, Stage,
    Status, Timestamp, counters::Completeness,
};
use serde::{Deserialize, Serialize};

use crate::detectors::{
    DetectorExample, DetectorItem, DetectorState, Evaluated, Key, Lane, Signal, StateError,
    names::{FNV_START, fnv},
    traffic::{Call, exchanges},
};
use crate::{
    facts::Enriched,
    state::{Absorb, Spread, Table, Trace, Trail, codec, pair, table_key},
};

/// The item.
pub static DETECTOR: DetectorItem = DetectorItem {
    meta: ItemMeta {
        code: "BZ-D004",
        name: "data-volume-outlier",
        title: "Caller takes out far more data than usual",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        status: Status::Preview,
        owasp: Some(Owasp::Api4),
        cwe: &[Cwe(770), Cwe(799)],
        attack: &[Attack("T1530"), Attack("T1119")],
        inputs: &[
            Input::Status,
            Input::ResponseSize,
            Input::ResponseBody,
            Input::Time,
            Input::Identity,
            Input::History,
        ],
        what: "Adds up, per caller, endpoint and hour, the bytes and records of successful \
               responses. Fires when an hour reaches 1 MiB or 300 records, 10 times the 99th \
               percentile of the hours of all callers at this endpoint (at least 100 hours of 20 \
               callers, one caller counts for at most 24 hours) and 5 times the caller's own \
               largest hour before. A caller first seen within the last day must reach 20 times, \
               and only once the endpoint is known for a day. Otherwise not evaluated. What a \
               caller does every night is its usual.",
        why: "Bulk extraction goes through endpoints that are meant for one screen at a time.",
        fix: "Bound page sizes and daily volume per caller; give exports their own permission.",
        references: &["OAT-011 Scraping", "CWE-770"],
    },
    class: "data_volume",
    key: Key::Actor,
    stage: Stage::Exfiltration,
    lane: Lane::History(|| Box::<State>::default()),
    examples: EXAMPLES,
};

const VERSION: u8 = 1;
const LEAST: Amount = Amount { bytes: 1 << 20, records: 300 };
const LEAST_HOURS: u64 = 100;
const LEAST_CALLERS: u32 = 20;
const MAX_HOURS_OF_ONE: u8 = 24;
const DAY: Duration = Duration::days(1);
const GAP: Duration = Duration::hours(6);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Amount {
    bytes: u64,
    records: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.records = self.records.saturating_add(other.records);
    }

    fn max(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), records: self.records.max(other.records) }
    }
}

/// One caller at one endpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Taker {
    first: Timestamp,
    hour: i64,
    now: Amount,
    largest: Amount,
    hours: u8,
    trail: Trail,
    fired: Option<Timestamp>,
    incomplete: bool,
}

/// One endpoint over all callers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Endpoint {
    first: Timestamp,
    callers: u32,
    bytes: Spread,
    records: Spread,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    takers: Table<Taker>,
    endpoints: Table<Endpoint>,
    actors: Table<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            takers: Table::new(50_000),
            endpoints: Table::new(8_192),
            actors: Table::new(50_000),
        }
    }
}

impl DetectorState for State {
    fn observe(&mut self, exchange: &Enriched<'_>, out: &mut Vec<Signal>) -> Evaluated {
        if !exchange.is_success() {
            return Evaluated::NotApplicable;
        }
        let Some(time) = exchange.time else { return Evaluated::No(Input::Time) };
        let bytes = exchange.facts.exchange.response.as_ref().and_then(|r| r.size());
        let Some(bytes) = bytes else { return Evaluated::No(Input::ResponseSize) };
        let amount = Amount { bytes, records: exchange.objects.records };
        let place = fnv(FNV_START, exchange.endpoint.id.as_str().as_bytes());
        let actor = table_key(exchange.actor_key);
        let claimed = exchange.principal.is_some_and(|p| p.grade == Grade::Claimed);
        let since = *self.actors.entry(actor, time, || time).0;
        let endpoint =
            self.endpoints.entry(place, time, || Endpoint { first: time, ..Endpoint::default() }).0;
        let new = || Taker { first: time, hour: i64::MIN, ..Taker::default() };
        let (taker, completeness) = self.takers.entry(pair(actor, place), time, new);
        taker.incomplete |= completeness == Completeness::Incomplete;
        taker.move_on(time, endpoint, !claimed);
        taker.now.add(amount);
        let trace = Trace { time, object: 0, group: 0, class: 1, mark: exchange.mark() };
        taker.trail.push(trace, Timestamp::from_seconds(taker.hour.saturating_mul(3_600)));
        if endpoint.callers < LEAST_CALLERS || endpoint.bytes.samples() < LEAST_HOURS {
            return Evaluated::No(Input::History);
        }
        if taker.incomplete || exchange.lossy {
            return Evaluated::No(Input::History);
        }
        let newcomer = time.since(since) < DAY;
        if newcomer && time.since(endpoint.first) < DAY {
            return Evaluated::No(Input::History);
        }
        out.extend(taker.signal(exchange, endpoint, newcomer, pair(actor, place)));
        Evaluated::Yes
    }

    fn save(&self) -> Vec<u8> {
        codec::save(VERSION, self)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        *self = codec::load(VERSION, bytes)?;
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let other: Self = codec::load(VERSION, bytes)?;
        self.takers.absorb(other.takers);
        self.endpoints.absorb(other.endpoints);
        self.actors.absorb(other.actors);
        Ok(())
    }
}

impl Taker {
    /// Closes the hour that is over: it becomes part of both baselines, unless it was hostile.
    fn move_on(&mut self, time: Timestamp, endpoint: &mut Endpoint, counts: bool) {
        let hour = time.seconds().div_euclid(3_600);
        if self.hour == i64::MIN {
            self.hour = hour;
            endpoint.callers = endpoint.callers.saturating_add(u32::from(counts));
        } else if hour > self.hour {
            let fired = self.fired.take_if(|last| time.since(*last) > GAP).or(self.fired);
            if fired.is_none() {
                self.largest = self.largest.max(self.now);
                if counts && self.hours < MAX_HOURS_OF_ONE {
                    self.hours += 1;
                    endpoint.bytes.add(self.now.bytes, 1);
                    endpoint.records.add(self.now.records, 1);
                }
            }
            self.now = Amount::default();
            self.hour = hour;
        }
    }

    fn signal(
        &mut self,
        exchange: &Enriched<'_>,
        endpoint: &Endpoint,
        newcomer: bool,
        group: u64,
    ) -> Option<Signal> {
        let factor = if newcomer { 20 } else { 10 };
        let usual = Amount {
            bytes: endpoint.bytes.quantile(0.99),
            records: endpoint.records.quantile(0.99),
        };
        let measure = |now: u64, least: u64, usual: u64, own: u64| {
            now >= least.max(usual.saturating_mul(factor)).max(own.saturating_mul(5))
        };
        let bytes = measure(self.now.bytes, LEAST.bytes, usual.bytes, self.largest.bytes);
        let records = measure(self.now.records, LEAST.records, usual.records, self.largest.records);
        if !bytes && !records {
            return None;
        }
        self.fired = exchange.time;
        let (what, now, usual, own) = if records {
            ("records", self.now.records, usual.records, self.largest.records)
        } else {
            ("bytes", self.now.bytes, usual.bytes, self.largest.bytes)
        };
        let distance = now as f64 / usual.max(1) as f64;
        let note = format!(
            "{now} {what} taken out within the hour; 99th percentile of {} hours of {} callers at \
             this endpoint is {usual} ({distance:.0} times; threshold {factor} times); the \
             caller's own largest hour before was {own} (threshold 5 times)",
            endpoint.bytes.samples(),
            endpoint.callers
        );
        Some(Signal {
            group,
            actor: exchange.actor.clone(),
            one_endpoint: true,
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            stage: Stage::Exfiltration,
            exchanges: self.trail.take(|_| true),
            evidence: vec![Evidence::note(note)],
            gap: GAP,
        })
    }
}

impl Absorb for Taker {
    fn absorb(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        match other.hour.cmp(&self.hour) {
            std::cmp::Ordering::Greater => (self.hour, self.now) = (other.hour, other.now),
            std::cmp::Ordering::Equal => self.now.add(other.now),
            std::cmp::Ordering::Less => {}
        }
        self.largest = self.largest.max(other.largest);
        self.hours = self.hours.saturating_add(other.hours);
        self.trail.absorb(other.trail);
        self.fired = self.fired.max(other.fired);
        self.incomplete |= other.incomplete;
    }
}

impl Absorb for Endpoint {
    fn absorb(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.callers = self.callers.saturating_add(other.callers);
        self.bytes.absorb(other.bytes);
        self.records.absorb(other.records);
    }
}

/// 40 callers fetch a page of ten records every hour for a day and two hours.
fn usual_day() -> Vec<Call> {
    let page = page_of(10);
    let hours = (0..26i64).flat_map(|hour| (0..40u32).map(move |user| (hour, user)));
    hours
        .map(|(hour, user)| {
            let at = hour * 3_600 + i64::from(user) * 40;
            Call::get(at, "/v1/contacts", page.clone()).by(5_000 + user)
        })
        .collect()
}

fn page_of(records: usize) -> String {
    let items = vec![r#"{"name":"n"}"#; records].join(",");
    format!(r#"{{"items":[{items}]}}"#)
}

static EXAMPLES: &[DetectorExample] = &[
    DetectorExample {
        name: "a caller who fetched a page an hour fetches a hundred",
        fires: true,
        exchanges: || {
            let page = page_of(50);
            let bulk = (0..100).map(|n| {
                Call::get(25 * 3_600 + 1_800 + n * 5, "/v1/contacts", page.clone()).by(5_001)
            });
            exchanges(usual_day().into_iter().chain(bulk).collect())
        },
    },
    DetectorExample {
        name: "an export that runs at the same hour every night",
        fires: false,
        exchanges: || {
            let page = page_of(50);
            let nights = [3_000i64, 24 * 3_600 + 3_000];
            let export = nights.iter().flat_map(|start| {
                (0..100).map(|n| Call::get(*start + n * 5, "/v1/contacts", page.clone()).by(5_900))
            });
            exchanges(usual_day().into_iter().chain(export).collect())
        },
    },
    DetectorExample {
        name: "too few callers to compare with",
        fires: false,
        exchanges: || {
            let page = page_of(50);
            let calls = (0..100).map(|n| Call::get(n * 5, "/v1/contacts", page.clone()).by(5_001));
            exchanges(calls.collect())
        },
    },
];
