//! What a live run keeps of the traffic that it judges.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use bartizan_analysis::{Snapshot, State};
use bartizan_model::{
    Action, Exchange, ExchangeId, LimitName, PolicyDecision, PolicyOutcome, Request, Response,
    Scope, Timestamp,
};
use bartizan_pipeline::{
    keep::Keeper,
    live::{Counters, Live, Next},
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
    let live = Live {
        state: State::new(&snapshot.scope),
        snapshot,
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
