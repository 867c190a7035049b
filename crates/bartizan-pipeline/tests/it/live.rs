//! What a live run keeps of the traffic that it judges.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use bartizan_analysis::{
    Catalog, Snapshot, State,
    catalog::{KnownPath, Match, Rule, Set},
    classes::custom::CustomClasses,
};
use bartizan_model::{
    Action, Endpoint, EndpointId, Exchange, ExchangeId, HashKey, LimitName, PolicyDecision,
    PolicyOutcome, Request, Response, Scope, Timestamp,
};
use bartizan_pipeline::{
    keep::Keeper,
    live::{Counters, Desk, Live, Next, Question, orders},
};
use bartizan_store::{
    DataDirectory, DataOptions, DetectionFilter, ExchangeQuery, PageRequest, Resolution,
    TrafficBucket,
};
use tokio::runtime::Runtime;

/// A multiple of the length of a bucket.
const BEGIN: i64 = 1_800_000_000;

fn clock() -> Timestamp {
    Timestamp::from_seconds(BEGIN + 700)
}

fn exchange(id: &str, target: &str, status: u16, outcome: Option<PolicyOutcome>) -> Exchange {
    let decision = |outcome| PolicyDecision {
        policy: "mine".to_owned(),
        kind: "rate".to_owned(),
        outcome,
        action: Action::Deny,
        status: Some(403),
        reason: "because".to_owned(),
    };
    Exchange {
        id: ExchangeId::from_text(id),
        time: Some(Timestamp::from_seconds(BEGIN + 1)),
        request: Request {
            method: "GET".to_owned(),
            authority: "api.example".to_owned(),
            target: target.to_owned(),
            ..Request::default()
        },
        response: Some(Response { status, ..Response::default() }),
        policies: outcome.map(decision).into_iter().collect(),
        ..Exchange::default()
    }
}

#[test]
fn what_became_of_exchanges_is_kept() {
    let folder = tempfile::tempdir().expect("folder");
    let runtime = Runtime::new().expect("runtime");
    let options = DataOptions::new(folder.path());
    let opened = runtime.block_on(DataDirectory::open(&options, clock()));
    let directory = opened.expect("opens");
    let deep = format!("/v1{}", "/a".repeat(200));
    let exchanges = [
        exchange("clean", "/v1/orders", 200, None),
        exchange("error", "/v1/orders", 503, None),
        exchange("monitored", "/v1/orders", 200, Some(PolicyOutcome::Monitored)),
        exchange("refused", "/v1/orders", 403, Some(PolicyOutcome::Enforced)),
        exchange(
            "hostile",
            "/v1/orders?q=1%27%20UNION%20SELECT%20password%20FROM%20users--",
            403,
            Some(PolicyOutcome::Enforced),
        ),
        exchange("limit", &deep, 200, None),
    ];
    let mut left = exchanges.map(|exchange| Next::Exchange(Box::new(exchange))).into_iter();
    let mut rest = [Next::Lost(3), Next::Idle].into_iter();
    let snapshot = Arc::new(Snapshot::new(Scope::default(), directory.key().clone()));
    let counters = Arc::new(Counters::default());
    let state = State::new(&snapshot.scope);
    let (_desk, orders) = orders(snapshot);
    let live = Live {
        state,
        orders,
        counters: Arc::clone(&counters),
        judged: &mut |_, _, _| {},
        failed: &mut |error| panic!("{error}"),
    };
    let keeper = Keeper::live(&runtime, &directory, "test", clock);
    live.run(keeper, &mut |_| left.next().or_else(|| rest.next()).unwrap_or(Next::Ended))
        .expect("kept");

    let scope = Scope::default();
    let expected = |later: i64| {
        let first = TrafficBucket {
            time: Timestamp::from_seconds(BEGIN),
            clean: 2,
            monitored: 1,
            refused: 2,
            not_judged: 0,
            errors: 1,
            // The one that is hostile was refused.
            hostile: 0,
        };
        let time = Timestamp::from_seconds(BEGIN + later);
        [first, TrafficBucket { time, not_judged: 3, ..TrafficBucket::default() }]
    };
    for (resolution, later) in [(Resolution::COARSE, 600), (Resolution::FINE, 700)] {
        let since = Timestamp::from_seconds(BEGIN);
        let traffic = directory.store().traffic_since(&scope, resolution, since);
        assert_eq!(runtime.block_on(traffic).expect("read"), expected(later));
    }
    assert_eq!(counters.limits[LimitName::PathSegments as usize].load(Relaxed), 1);

    let hostile = |facts: &bartizan_store::ExchangeFacts| {
        facts.judged.as_ref().is_some_and(|judged| !judged.codes.is_empty())
    };
    let (any, page) = (ExchangeQuery::default(), PageRequest::first(10));
    let found = runtime.block_on(directory.latest_exchanges(&any, &hostile, &page, 10));
    let found = found.expect("read").records;
    assert_eq!(found.iter().map(|facts| facts.id.as_str()).collect::<Vec<_>>(), ["hostile"]);
    assert_eq!(found[0].judged.as_ref().map(|judged| judged.applied), Some(Action::Deny));

    let filter = DetectionFilter::default();
    let page = PageRequest::first(10);
    let detections = runtime.block_on(directory.store().detections(&scope, &filter, &page));
    let detections = detections.expect("read").items;
    let fates: Vec<_> =
        detections.iter().map(|one| (one.exchanges, one.refused, one.would_refuse)).collect();
    assert_eq!(fates, [(1, 1, 0)]);
}

/// Requests for words below one path, each answered with something of the company's own.
fn words(from: u32, to: u32) -> impl Iterator<Item = Next> {
    const FIRST: [&str; 8] = ["snow", "red", "grey", "blue", "brown", "marsh", "river", "stone"];
    const SECOND: [&str; 5] = ["hare", "fox", "owl", "wolf", "heron"];
    (from..to).map(|n| {
        let (a, b) = (FIRST[n as usize / 5 % 8], SECOND[n as usize % 5]);
        let mut one = exchange(&format!("{n}"), &format!("/v1/habitats/{a}-{b}"), 200, None);
        let response = one.response.as_mut().expect("answered");
        response.headers.push("content-type", "application/json");
        response.headers_captured = true;
        response.body = r#"{"badge":"B-17"}"#.into();
        one.time = Some(Timestamp::from_seconds(BEGIN + i64::from(n)));
        Next::Exchange(Box::new(one))
    })
}

fn before() -> Arc<Snapshot> {
    Arc::new(Snapshot::new(Scope::default(), HashKey::new([7; 32])))
}

/// With an owner, a class of the company and a path that is kept apart.
fn after() -> Arc<Snapshot> {
    let owner = Rule {
        name: "zoo".to_owned(),
        matches: Match::default(),
        set: Set { owner: Some("keepers".to_owned()), ..Set::default() },
    };
    let known = KnownPath::new("api.example/v1/habitats/red-fox").expect("a path");
    let catalog = Catalog { rules: vec![owner], paths: vec![known], ..Catalog::default() };
    let badge = serde_json::from_value(serde_json::json!({
        "name": "badge", "title": "Badges", "group": "personal", "pattern": "B-[0-9]+",
        "examples": [{"field": "a", "value": "B-1"}],
        "counterexamples": [{"field": "a", "value": "C-1"}],
    }));
    let classes = CustomClasses::compile(&[badge.expect("a definition")]).expect("proven");
    Arc::new(Snapshot {
        catalog: Arc::new(catalog),
        classes: Arc::new(classes),
        ..Snapshot::clone(&before())
    })
}

/// Judges what `next` gives, which may tell the run something; the last results, and what was learned.
fn run(
    state: State,
    snapshot: Arc<Snapshot>,
    next: &mut dyn FnMut(&Desk) -> Next,
) -> (Vec<Endpoint>, Vec<u8>) {
    let folder = tempfile::tempdir().expect("folder");
    let (runtime, directory) = open(&folder);
    run_in(&runtime, &directory, state, snapshot, next)
}

fn open(folder: &tempfile::TempDir) -> (Runtime, DataDirectory) {
    let runtime = Runtime::new().expect("runtime");
    let opened = runtime.block_on(DataDirectory::open(&DataOptions::new(folder.path()), clock()));
    (runtime, opened.expect("opens"))
}

/// The same, kept in a directory that goes on.
fn run_in(
    runtime: &Runtime,
    directory: &DataDirectory,
    state: State,
    snapshot: Arc<Snapshot>,
    next: &mut dyn FnMut(&Desk) -> Next,
) -> (Vec<Endpoint>, Vec<u8>) {
    let (desk, orders) = orders(snapshot);
    let live = Live {
        state,
        orders,
        counters: Arc::default(),
        judged: &mut |_, _, _| {},
        failed: &mut |error| panic!("{error}"),
    };
    let keeper = Keeper::live(runtime, directory, "test", clock);
    let analysis = live.run(keeper, &mut |_| next(&desk)).expect("kept");
    let scope = Scope::default();
    let learned = directory.store().learned(&scope, bartizan_pipeline::keep::LEARNED);
    let (learned, _) = runtime.block_on(learned).expect("read").expect("kept");
    let learned = bartizan_pipeline::keep::unwrap_learned(&learned).expect("ours").to_vec();
    (analysis.endpoints, learned)
}

#[test]
fn what_is_told_in_between_is_as_good_as_a_restart() {
    let (mut first, mut second) = (words(0, 100), words(100, 200));
    let mut told = false;
    let (reloaded, _) = run(State::new(&Scope::default()), before(), &mut |desk| {
        if let Some(next) = first.next() {
            return next;
        }
        if !std::mem::replace(&mut told, true) {
            desk.replace(after());
        }
        second.next().unwrap_or(Next::Ended)
    });

    let (mut first, mut second) = (words(0, 100), words(100, 200));
    let fresh = State::new(&Scope::default());
    let (merged, learned) = run(fresh, before(), &mut |_| first.next().unwrap_or(Next::Ended));
    let learned = State::load(&learned).expect("read");
    let (restarted, _) = run(learned, after(), &mut |_| second.next().unwrap_or(Next::Ended));

    let paths = |of: &[Endpoint]| of.iter().map(|one| one.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&merged), ["/v1/habitats/{habitat_id}"]);
    assert_eq!(paths(&reloaded), ["/v1/habitats/red-fox", "/v1/habitats/{habitat_id}"]);
    let figures = |of: &[Endpoint]| {
        let figures = of.iter().map(|one| (one.id.clone(), one.requests, one.first_seen));
        figures.collect::<Vec<_>>()
    };
    assert_eq!(figures(&reloaded), figures(&restarted), "nothing of what was learned is lost");
    for endpoint in &reloaded {
        assert_eq!(endpoint.owner.as_deref(), Some("keepers"));
        let classes: Vec<_> = endpoint.data_classes.iter().map(|one| one.class.as_str()).collect();
        assert!(classes.contains(&"badge"), "{}: {classes:?}", endpoint.path);
    }
    assert_eq!(reloaded.iter().map(|one| one.requests).sum::<u64>(), 200);
}

#[test]
fn results_follow_what_is_told_without_another_exchange() {
    let mut some = words(0, 100);
    let (asked, answer) = std::sync::mpsc::channel();
    let mut step = 0;
    let (endpoints, _) = run(State::new(&Scope::default()), before(), &mut |desk| {
        if let Some(next) = some.next() {
            return next;
        }
        step += 1;
        let ask = |id: EndpointId| {
            let asked = asked.clone();
            let answer = Box::new(move |parts| asked.send(parts).expect("heard"));
            assert!(desk.ask(Question { endpoint: id, answer }));
        };
        match step {
            1 => desk.replace(after()),
            2 => ask(EndpointId::from_text("ep_nothing")),
            _ => return Next::Ended,
        }
        Next::Idle
    });
    assert_eq!(answer.try_recv().expect("answered"), []);
    assert_eq!(endpoints.len(), 2);
    assert!(endpoints.iter().all(|one| one.owner.as_deref() == Some("keepers")));
}

#[test]
fn an_id_that_came_back_stands_for_itself_in_the_store_too() {
    let folder = tempfile::tempdir().expect("folder");
    let (runtime, directory) = open(&folder);
    let scope = Scope::default();
    let leads = |id: &EndpointId| {
        runtime.block_on(directory.store().resolve_endpoint(&scope, id)).expect("read")
    };
    let mut some = words(0, 100);
    let fresh = State::new(&scope);
    let (merged, learned) =
        run_in(&runtime, &directory, fresh, before(), &mut |_| some.next().unwrap_or(Next::Ended));
    let learned = State::load(&learned).expect("read");
    let parts = learned.parts(&merged[0].id);
    let fox = parts.iter().find(|part| part.written.ends_with("/red-fox")).expect("merged");
    assert_eq!(leads(&fox.id), merged[0].id);

    // The path is in the configuration from now on.
    run_in(&runtime, &directory, learned, after(), &mut |_| Next::Ended);
    assert_eq!(leads(&fox.id), fox.id);
    let filter = bartizan_store::EndpointFilter::default();
    let page = PageRequest::first(10);
    let listed = directory.store().endpoints(&scope, &filter, &page);
    let listed = runtime.block_on(listed).expect("read").items;
    assert!(listed.iter().any(|one| one.id == fox.id), "{listed:?}");
}

#[test]
fn all_who_ask_hear_what_results_show() {
    let (merged, _) = {
        let mut some = words(0, 100);
        let fresh = State::new(&Scope::default());
        run(fresh, before(), &mut |_| some.next().unwrap_or(Next::Ended))
    };
    let (say, heard) = std::sync::mpsc::channel();
    let (mut some, mut step) = (words(0, 100), 0);
    run(State::new(&Scope::default()), before(), &mut |desk| {
        if let Some(next) = some.next() {
            return next;
        }
        step += 1;
        let say = say.clone();
        let answer = Box::new(move |parts: Vec<_>| say.send(parts.len()).expect("heard"));
        let question = Question { endpoint: merged[0].id.clone(), answer };
        match step {
            1..=3 => assert!(desk.ask(question)),
            // What is passed on waits while there is no room.
            4..=200 => std::thread::sleep(std::time::Duration::from_millis(10)),
            _ => return Next::Ended,
        }
        Next::Idle
    });
    let heard: Vec<usize> = heard.try_iter().collect();
    assert_eq!(heard.len(), 3, "all of them within two seconds, of one copy");
    assert!(heard[0] > 0 && heard.iter().all(|parts| *parts == heard[0]), "{heard:?}");
}

#[test]
fn a_gap_is_learned() {
    let learned = |gaps: usize| {
        let mut some = words(0, 20).chain((0..gaps).map(|_| Next::Gap));
        let fresh = State::new(&Scope::default());
        run(fresh, before(), &mut |_| some.next().unwrap_or(Next::Ended)).1
    };
    let without = learned(0);
    assert!(without == learned(0), "the same again");
    assert!(without != learned(1), "detectors are told by what was learned");
}
