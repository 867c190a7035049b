//! All detectors with history, on examples and on a seeded week of ordinary traffic.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use bartizan_model::{
    ActorId, ActorKind, ActorRef, AuthType, Duration, EndpointId, Exchange, Grade, HashKey,
    Principal, PrincipalId, PrincipalKind, Root, Scope, Side, source::Ordering,
};
use bartizan_protocols::{Step, Value, decode::decode};

use super::{
    DETECTORS, DetectorItem, DetectorState, Evaluated, Signal,
    field_words::FieldMemo,
    objects,
    traffic::{Call, exchanges, open_order, order_of, shop},
};
use crate::{
    Enriched, Facts, Snapshot,
    endpoints::{Segment, Template},
    identity::{Agent, Credential},
};

/// Judges with the simplest identity and endpoints that the examples need.
struct Bench {
    snapshot: Snapshot,
    state: Box<dyn DetectorState>,
    sequence: u64,
}

/// Signals as text, to compare runs.
type Story = Vec<String>;

impl Bench {
    fn new(item: &DetectorItem) -> Option<Self> {
        let make = item.history()?;
        let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
        Some(Self { snapshot, state: make(), sequence: 0 })
    }

    fn observe(&mut self, exchange: &Exchange, out: &mut Vec<Signal>) -> Evaluated {
        let (snapshot, key) = (&self.snapshot, &self.snapshot.key);
        let mut decoded = decode(exchange, &snapshot.limits, snapshot.seed);
        let subject = subject_of(exchange);
        let view = &mut decoded.view;
        let jwt = subject.as_ref().and_then(|subject| {
            let root = view.open_root(Side::Request, Root::Header)?;
            let payload = view.open(root, Step::Key("payload"), Value::Object)?;
            view.leaf(payload, Step::Key("sub"), Value::Text(subject))?;
            view.close(payload);
            view.close(root);
            Some(root)
        });
        let token = exchange.request.headers.get("authorization");
        let credentials: Vec<Credential> = token
            .map(|token| Credential {
                auth_type: AuthType::Jwt,
                location: "header",
                name: "authorization".into(),
                token: key.hash("token", token.as_bytes()),
                names: None,
                jwt,
            })
            .into_iter()
            .collect();
        let endpoint = Arc::new(template(exchange));
        let address = exchange.client.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let agent = exchange.request.headers.get("user-agent").unwrap_or("");
        let who = subject.clone().unwrap_or_else(|| format!("{address} {agent}"));
        let actor = ActorRef {
            id: ActorId::derive(&snapshot.scope, &[&who]),
            kind: ActorKind::Address,
            label: who.as_str().into(),
        };
        let principal = subject.map(|subject| Principal {
            id: PrincipalId::derive(&snapshot.scope, &[&subject]),
            kind: PrincipalKind::Subject,
            grade: Grade::Accepted,
            label: subject.into(),
        });
        let facts = Facts {
            exchange,
            decoded: &decoded,
            classes: &[],
            credentials: &credentials,
            snapshot,
        };
        let found = objects::extract(&facts, &endpoint, &mut FieldMemo::default());
        self.sequence += 1;
        self.state.observe(
            &Enriched {
                facts,
                sequence: self.sequence,
                time: exchange.time,
                endpoint: &endpoint,
                objects: &found,
                principal: principal.as_ref(),
                session: None,
                actor: &actor,
                actor_key: key.hash("actor", who.as_bytes()),
                address_key: Some(key.hash("address", address.as_bytes())),
                client_key: Some(key.hash("client", format!("{address} {agent}").as_bytes())),
                fingerprint_key: Some(key.hash("fingerprint", agent.as_bytes())),
                agent: Some(Agent::of(agent)),
                lossy: false,
            },
            out,
        )
    }

    fn run(&mut self, exchanges: &[Exchange]) -> Story {
        let mut signals = Vec::new();
        for exchange in exchanges {
            self.observe(exchange, &mut signals);
        }
        signals.iter().map(|signal| format!("{signal:?}")).collect()
    }
}

/// The subject that the token of an example names.
fn subject_of(exchange: &Exchange) -> Option<String> {
    static KNOWN: LazyLock<HashMap<String, u32>> = LazyLock::new(|| {
        let payload = |n| format!(r#"{{"sub":"{n}"}}"#);
        (1..=10_000).map(|n| (super::traffic::base64url(payload(n).as_bytes()), n)).collect()
    });
    let token = exchange.request.headers.get("authorization")?;
    KNOWN.get(token.split('.').nth(1)?).map(u32::to_string)
}

fn template(exchange: &Exchange) -> Template {
    let segment = |text: &str| {
        if super::names::is_value_segment(text) {
            let (prefix, suffix) = (String::new(), String::new());
            Segment::Parameter { name: "id".to_owned(), prefix, suffix }
        } else {
            Segment::Literal(text.to_owned())
        }
    };
    let path = exchange.request.path().trim_start_matches('/');
    let segments: Vec<Segment> = path.split('/').map(segment).collect();
    let shape = format!("{} {segments:?}", exchange.request.method);
    Template {
        id: EndpointId::derive(&Scope::default(), &[&shape]),
        host: exchange.request.host().to_owned(),
        method: exchange.request.method.clone(),
        segments,
        path: shape,
        ..Template::default()
    }
}

fn benches() -> impl Iterator<Item = (&'static str, Bench)> {
    DETECTORS.iter().filter_map(|item| Some((item.meta.code, Bench::new(item)?)))
}

/// Deterministic numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        crate::state::pair(self.0, 77) % n
    }
}

/// Four days: customers with mistyped passwords, shared orders and stale links; a support agent; a
/// nightly export; a crawler with dead links.
fn ordinary_days() -> Vec<Exchange> {
    let (mut calls, mut numbers) = (shop(), Numbers(1));
    for day in 0..4i64 {
        for user in 1..=30u32 {
            let at = day * 86_400 + 30_000 + i64::from(user) * 300;
            let (subject, n) = (4_000 + user, numbers.below(3) as u32);
            let account = format!("user{user}@example.com");
            if numbers.below(4) == 0 {
                calls.push(Call::login(at - 9, &account, "typo", false));
            }
            calls.push(Call::login(at, &account, "right", true));
            let items: Vec<String> =
                (0..3).map(|n| format!(r#"{{"id":{}}}"#, order_of(user, n))).collect();
            let list = format!(r#"{{"items":[{}]}}"#, items.join(","));
            calls.push(Call::get(at + 2, "/v1/orders", list).by(subject));
            calls.push(open_order(at + 5, subject, user, n));
            let other = 1 + numbers.below(30) as u32;
            let shared = format!(r#"{{"items":[{{"id":{}}}]}}"#, order_of(other, 0));
            calls.push(Call::get(at + 20, "/v1/shared-with-me", shared).by(subject));
            calls.push(open_order(at + 25, subject, other, 0));
            let stale = 90_000 + numbers.below(5_000);
            calls.push(
                Call::get(at + 40, format!("/v1/orders/{stale}"), "{}").by(subject).status(404),
            );
            let customer = Call::get(
                at + 50,
                format!("/v1/admin/users/{subject}"),
                format!(r#"{{"id":{subject}}}"#),
            );
            calls.push(customer.by(9_001));
            calls.push(open_order(at + 55, 9_001, user, n));
            calls.push(open_order(day * 86_400 + 10_000 + i64::from(user), 9_500, user, n));
            let dead = numbers.below(5) == 0;
            let page = Call::get(at + 70, format!("/v1/products/{}", numbers.below(900)), "{}");
            calls.push(Call { agent: "crawler/2.0", ..page }.status(if dead { 404 } else { 200 }));
        }
    }
    exchanges(calls)
}

#[test]
fn every_example_does_what_it_says() {
    for item in DETECTORS {
        let silent = item.examples.iter().filter(|example| !example.fires).count();
        assert!(silent > 0 && silent < item.examples.len(), "{}", item.meta.code);
        for example in item.examples {
            let Some(mut bench) = Bench::new(item) else { continue };
            let story = bench.run(&(example.exchanges)());
            assert_eq!(!story.is_empty(), example.fires, "{}: {}", item.meta.code, example.name);
        }
    }
}

#[test]
fn ordinary_days_are_silent_also_when_a_percent_is_lost() {
    let days = ordinary_days();
    for seed in 0..5 {
        for (code, mut bench) in benches() {
            let mut numbers = Numbers(seed * 1_000_000);
            let kept: Vec<Exchange> =
                days.iter().filter(|_| seed == 0 || numbers.below(100) > 0).cloned().collect();
            assert!(seed == 0 || kept.len() < days.len());
            assert_eq!(bench.run(&kept), Story::new(), "{code}, seed {seed}");
        }
    }
}

/// Ordinary days and then everything hostile that the examples know, shifted behind them.
fn eventful_days() -> Vec<Exchange> {
    let mut all = ordinary_days();
    for (n, example) in DETECTORS.iter().flat_map(|item| item.examples).enumerate() {
        let later = Duration::days(4 + 2 * n as i64);
        all.extend((example.exchanges)().into_iter().map(|mut exchange| {
            exchange.time = exchange.time.map(|time| time.plus(later));
            exchange
        }));
    }
    all.sort_by_key(|exchange| exchange.time);
    all
}

#[test]
fn saving_and_loading_in_the_middle_changes_nothing() {
    let all = eventful_days();
    for (code, mut straight) in benches() {
        let story = straight.run(&all);
        let (_, mut broken) = benches().find(|(c, _)| *c == code).expect("the same list");
        let mut pieces = Story::new();
        for part in all.chunks(all.len() / 5 + 1) {
            pieces.extend(broken.run(part));
            let bytes = broken.state.save();
            let (_, fresh) = benches().find(|(c, _)| *c == code).expect("the same list");
            broken.state = fresh.state;
            broken.state.load(&bytes).expect("own bytes");
            assert_eq!(broken.state.save(), bytes, "{code}");
            assert!(broken.state.load(&bytes[..bytes.len() / 2]).is_err());
            assert_eq!(broken.state.save(), bytes, "{code}: a failed load changes nothing");
        }
        assert_eq!(story, pieces, "{code}");
        assert!(!story.is_empty(), "{code}");
    }
}

#[test]
fn merging_keeps_what_both_shards_know() {
    let days = ordinary_days();
    for (code, mut left) in benches() {
        let (_, mut right) = benches().find(|(c, _)| *c == code).expect("the same list");
        let odd = |exchange: &&Exchange| {
            exchange.request.headers.get("authorization").is_some_and(|t| t.len() % 2 == 1)
        };
        left.run(&days.iter().filter(odd).cloned().collect::<Vec<_>>());
        right.run(&days.iter().filter(|e| !odd(e)).cloned().collect::<Vec<_>>());
        left.state.merge(&right.state.save()).expect("own bytes");
        left.sequence += 1_000_000;
        assert!(left.state.merge(b"nonsense").is_err());
        // A merged state goes on being silent about ordinary callers.
        let tomorrow = Duration::days(1);
        let next: Vec<Exchange> = days
            .iter()
            .skip(days.len() * 3 / 4)
            .cloned()
            .map(|mut e| {
                e.time = e.time.map(|t| t.plus(tomorrow));
                e
            })
            .collect();
        assert_eq!(left.run(&next), Story::new(), "{code}");
    }
}

#[test]
fn a_flood_of_new_actors_ids_and_paths_stays_bounded() {
    for (code, mut bench) in benches() {
        let mut signals = Vec::new();
        let mut sizes = Vec::new();
        for n in 0..60_000u32 {
            let [_, b, c, d] = n.to_be_bytes();
            let call = match n % 3 {
                0 => Call::get(i64::from(n), format!("/v1/orders/{n}"), format!(r#"{{"id":{n}}}"#)),
                1 => Call::get(i64::from(n), format!("/x{n}/y"), "{}").status(404),
                _ => Call::login(i64::from(n), &format!("u{n}@example.com"), "x", n % 2 == 0),
            };
            let call = Call { ip: [10, b, c, d], ..call };
            for exchange in exchanges(vec![call]) {
                bench.observe(&exchange, &mut signals);
                signals.clear();
            }
            if n % 20_000 == 19_999 {
                sizes.push(bench.state.save().len());
            }
        }
        let largest = sizes.iter().max().copied().unwrap_or(0);
        assert!(largest < 64 << 20, "{code}: {sizes:?}");
    }
}

#[test]
fn missing_inputs_are_not_evaluated() {
    let mut untimed = exchanges(vec![open_order(0, 4_001, 1, 0)]);
    untimed[0].time = None;
    let mut unanswered = exchanges(vec![open_order(0, 4_001, 1, 0)]);
    unanswered[0].response = None;
    let mut out = Vec::new();
    let (_, mut bench) = benches().find(|(code, _)| *code == "BZ-D001").expect("in the list");
    assert!(matches!(bench.observe(&untimed[0], &mut out), Evaluated::No(_)));
    assert!(matches!(bench.observe(&unanswered[0], &mut out), Evaluated::No(_)));
    assert!(out.is_empty());
}

/// What nobody saw may explain everything: loss only ever takes detections away.
#[test]
fn no_detection_begins_while_exchanges_are_lost() {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let count = |item: &DetectorItem, exchanges: &[Exchange], lose: fn(&mut crate::State)| {
        let mut state = crate::State::new(&snapshot.scope);
        let mut raised = 0;
        for exchange in exchanges {
            let mut prepared = crate::judge::prepare(exchange, &snapshot);
            let time = state.admit(exchange.time, Ordering { lateness: Duration::minutes(2) });
            lose(&mut state);
            let judgement = state.judge(exchange, &mut prepared, &snapshot, time);
            raised += judgement.detections.iter().filter(|d| d.code == item.meta.code).count();
        }
        raised
    };
    let mut fired = 0;
    for item in DETECTORS.iter().filter(|item| item.history().is_some()) {
        for example in item.examples.iter().filter(|example| example.fires) {
            let exchanges = (example.exchanges)();
            fired += count(item, &exchanges, |_| {});
            let losses: [fn(&mut crate::State); 2] =
                [|state| state.note_lost(1), |state| state.note_gap()];
            for lose in losses {
                assert_eq!(
                    count(item, &exchanges, lose),
                    0,
                    "{}: {}",
                    item.meta.code,
                    example.name
                );
            }
        }
    }
    assert!(fired > 0);
}
