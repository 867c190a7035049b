//! Retention and the index of the exchange log.

use bartizan_model::{ActorId, FindingState, Severity};
use bartizan_store::{
    Batch, BlockPosition, EndpointMerge, ExchangeQuery, LogBudget, LogNumber, RemovalReason,
    Retention, RunRecord, Store,
};

use super::{all, block, change, with_findings};
use crate::samples::{actor, at, detection, endpoint, finding, incident, scope};

pub(super) async fn retention_keeps_what_matters(store: &dyn Store) {
    let s = scope();
    let mut timeless = detection("timeless", "mallory", 0);
    (timeless.time, timeless.last_time) = (None, None);
    let mut detections: Vec<_> =
        (0..10).map(|i| detection(&format!("d{i}"), "mallory", i * 10)).collect();
    detections.push(timeless);
    let batch = Batch {
        detections,
        incidents: vec![incident("old", 90, 0), incident("new", 10, 95)],
        actors: vec![actor("old", 10, 0), actor("new", 1, 95)],
        run: Some(RunRecord { id: "r".to_owned(), started: at(0), ..Default::default() }),
        endpoints: vec![endpoint("/a", 0)],
        ..with_findings(
            vec![finding("open", Severity::High, 0), finding("fixed", Severity::High, 0)],
            100,
        )
    };
    store.save_batch(&s, &batch).await.expect("saved");
    store.set_finding_state(&s, &change("fixed", FindingState::Fixed, 50)).await.expect("fixed");
    let nothing = store.retain(&s, &Retention::default(), "ann", at(101)).await.expect("none");
    assert_eq!(nothing.total(), 0);
    let retention =
        Retention { older_than: Some(at(50)), max_detections: Some(3), ..Retention::default() };
    let report = store.retain(&s, &retention, "ann", at(102)).await.expect("done");
    assert_eq!((report.detections, report.incidents, report.actors), (8, 1, 1));
    assert_eq!((report.runs, report.findings), (1, 1));
    let left = store.detections(&s, &Default::default(), &all()).await.expect("list").items;
    let titles: Vec<_> = left.iter().map(|d| d.title.as_str()).collect();
    assert_eq!(titles, ["Detection timeless", "Detection d9", "Detection d8"]);
    assert_eq!(store.counts(&s).await.expect("counts").detections, 3);
    let left = store.findings(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(left.len(), 1);
    assert_eq!(store.counts(&s).await.expect("counts").endpoints, 1);
    let audit = store.audit_records(&s, 1, &all()).await.expect("audit").items;
    assert_eq!((audit.len(), audit[0].action.as_str()), (1, "store.retention"));
}

pub(super) async fn blocks_are_found_by_time_and_subject(store: &dyn Store) {
    let s = scope();
    let [a, b] = ["/a", "/b"].map(|path| endpoint(path, 1));
    let mallory = actor("mallory", 1, 1).id;
    let mut blocks = vec![
        block(1, 0, (0, 9), &[a.id.as_str()]),
        block(1, 1, (10, 19), &[b.id.as_str(), mallory.as_str()]),
        block(2, 0, (20, 29), &[a.id.as_str(), mallory.as_str()]),
    ];
    let batch = Batch {
        now: at(50),
        endpoints: vec![a.clone(), b.clone()],
        blocks: blocks.clone(),
        ..Batch::default()
    };
    store.save_batch(&s, &batch).await.expect("saved");
    blocks.iter_mut().for_each(|b| b.subjects.clear());
    let none = ExchangeQuery::default();
    for (query, expected) in [
        (none.clone(), vec![0, 1, 2]),
        (ExchangeQuery { since: Some(at(10)), ..none.clone() }, vec![1, 2]),
        (ExchangeQuery { before: Some(at(10)), ..none.clone() }, vec![0]),
        (ExchangeQuery { endpoint: Some(a.id.clone()), ..none.clone() }, vec![0, 2]),
        (ExchangeQuery { actor: Some(mallory.clone()), ..none.clone() }, vec![1, 2]),
        (
            ExchangeQuery { endpoint: Some(a.id.clone()), actor: Some(mallory), ..none.clone() },
            vec![2],
        ),
    ] {
        let found = store.exchange_blocks(&s, &query, None, 10).await.expect("list");
        let wanted: Vec<_> = expected.iter().map(|i: &usize| blocks[*i].clone()).collect();
        assert_eq!(found, wanted, "{query:?}");
    }
    let after = Some(BlockPosition { segment: 1, position: 0 });
    let found = store.exchange_blocks(&s, &none, after, 1).await.expect("list");
    assert_eq!(found, blocks[1..2]);
    // Merged endpoints share their exchanges.
    let merge = EndpointMerge { from: vec![b.id], into: a.id.clone(), reason: String::new() };
    store.merge_endpoints(&s, &merge, "ann", at(60)).await.expect("merged");
    let query = ExchangeQuery { endpoint: Some(a.id), ..none };
    assert_eq!(store.exchange_blocks(&s, &query, None, 10).await.expect("list"), blocks);
}

pub(super) async fn blocks_are_found_from_the_last_one_back(store: &dyn Store) {
    let s = scope();
    let own = LogNumber::default();
    let elsewhere = 7 << 32;
    assert!(!store.has_other_exchanges(&s, own).await.expect("read"));
    let mut blocks = vec![
        block(1, 0, (0, 9), &["x"]),
        block(1, 1, (10, 19), &["y"]),
        block(2, 0, (20, 29), &["x"]),
        block(elsewhere, 0, (30, 39), &["x"]),
    ];
    let batch = Batch { now: at(50), blocks: blocks.clone(), ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    blocks.iter_mut().for_each(|b| b.subjects.clear());
    assert!(store.has_other_exchanges(&s, own).await.expect("read"));
    let any = ExchangeQuery::default();
    let after = |segment, position| Some(BlockPosition { segment, position });
    for (query, after, limit, expected) in [
        (any.clone(), None, 10, vec![2, 1, 0]),
        (any.clone(), None, 2, vec![2, 1]),
        (any.clone(), after(1, 1), 10, vec![0]),
        (any.clone(), after(1, 0), 10, vec![]),
        (ExchangeQuery { before: Some(at(20)), ..any.clone() }, None, 10, vec![1, 0]),
        (
            ExchangeQuery { actor: Some(ActorId::from_text("x")), ..any.clone() },
            None,
            10,
            vec![2, 0],
        ),
    ] {
        let found = store.last_exchange_blocks(&s, own, &query, after, limit).await.expect("list");
        let wanted: Vec<_> = expected.iter().map(|i: &usize| blocks[*i].clone()).collect();
        assert_eq!(found, wanted, "{query:?} {after:?}");
    }
}

pub(super) async fn log_budget_drops_oldest_segments(store: &dyn Store) {
    let s = scope();
    let blocks = (1..=5).map(|n| {
        let time = i64::try_from(n).expect("small") * 100;
        block(n, 0, (time, time + 50), &["x"])
    });
    let batch = Batch { now: at(1), blocks: blocks.collect(), ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let keep =
        LogBudget { max_bytes: Some(5 * 1_100), older_than: Some(at(150)), ..LogBudget::default() };
    assert_eq!(store.trim_exchanges(&s, &keep, at(900)).await.expect("nothing"), []);
    let budget =
        LogBudget { max_bytes: Some(2_500), older_than: Some(at(251)), ..LogBudget::default() };
    let removed = store.trim_exchanges(&s, &budget, at(901)).await.expect("trimmed");
    let what: Vec<_> = removed.iter().map(|r| (r.segment, r.reason)).collect();
    assert_eq!(what, [(1, RemovalReason::Age), (2, RemovalReason::Age), (3, RemovalReason::Bytes)]);
    assert_eq!(store.removed_segments(&s).await.expect("list"), removed);
    let left = store.exchange_segments(&s, LogNumber::default()).await.expect("list");
    assert_eq!(left.iter().map(|e| e.segment).collect::<Vec<_>>(), [4, 5]);
    let counts = store.counts(&s).await.expect("counts");
    assert_eq!((counts.exchanges, counts.exchanges_removed), (20, 30));
    let oldest =
        store.remove_oldest_exchanges(&s, LogNumber::default(), at(902)).await.expect("removed");
    assert_eq!(oldest.map(|r| (r.segment, r.reason)), Some((4, RemovalReason::Space)));
    let only =
        store.remove_oldest_exchanges(&s, LogNumber::default(), at(902)).await.expect("nothing");
    assert_eq!(only, None, "one that may be being written stays");
    assert_eq!(store.removed_segments(&s).await.expect("list").len(), 4);
    let all_gone = LogBudget { max_bytes: Some(0), ..LogBudget::default() };
    store.trim_exchanges(&s, &all_gone, at(902)).await.expect("trimmed");
    assert_eq!(
        store.last_exchange_segment(&s, LogNumber::default()).await.expect("number"),
        5,
        "never used twice"
    );
}
