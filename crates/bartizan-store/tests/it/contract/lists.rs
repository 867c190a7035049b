//! Lists: pages, filters, counts.

use bartizan_model::{FindingState, Incident, Protocol, Severity};
use bartizan_store::{
    ActorFilter, Batch, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter,
    PageRequest, Store, StoreError,
};

use super::{all, block, change, with_findings};
use crate::samples::{actor, at, detection, endpoint, finding, incident, scope};

pub(super) async fn pages_hold_everything_once(store: &dyn Store) {
    let s = scope();
    let severities = Severity::ALL;
    let findings = (0..53i64).map(|i| {
        let severity = severities[usize::try_from(i).expect("small") % severities.len()];
        finding(&format!("f{i}"), severity, i / 7)
    });
    let batch = Batch {
        endpoints: (0..23).map(|i| endpoint(&format!("/p{}", i % 12 * 7 + i), 1)).collect(),
        actors: (0..23).map(|i| actor(&format!("a{i}"), i / 4, 1)).collect(),
        ..with_findings(findings.collect(), 100)
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let whole = store.findings(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(whole.len(), 53);
    let keys: Vec<_> = whole.iter().map(|f| (f.severity, f.last_seen, f.id.clone())).collect();
    assert!(keys.is_sorted_by(|a, b| a > b), "worst first, then latest first");

    let mut collected = Vec::new();
    let mut page = PageRequest::first(7);
    loop {
        let part = store.findings(&s, &Default::default(), &page).await.expect("page");
        assert!(part.items.len() <= 7);
        collected.extend(part.items);
        // What comes in front while somebody reads does not shift what follows.
        let newer = finding(&format!("new{}", collected.len()), Severity::Critical, 999);
        store.save_batch(&s, &with_findings(vec![newer], 101)).await.expect("saved");
        match part.next {
            Some(next) => page = PageRequest::after(7, next),
            None => break,
        }
    }
    assert_eq!(collected, whole);

    let first = store.endpoints(&s, &Default::default(), &PageRequest::first(20)).await;
    let first = first.expect("page");
    let cursor = first.next.expect("more");
    let rest = store
        .endpoints(&s, &Default::default(), &PageRequest::after(20, cursor.clone()))
        .await
        .expect("page");
    let paths: Vec<_> = first.items.iter().chain(&rest.items).map(|e| &e.path).collect();
    assert!(paths.len() == 23 && paths.is_sorted());
    let wrong = store.actors(&s, &Default::default(), &PageRequest::after(5, cursor)).await;
    assert!(matches!(wrong, Err(StoreError::InvalidCursor)));
}

pub(super) async fn lists_are_filtered(store: &dyn Store) {
    let s = scope();
    let mut private = endpoint("/Admin/100%_x", 10);
    private.host = "internal.example.com".to_owned();
    private.confirmed = false;
    private.risk.score = 90;
    private.protocol = Protocol::Graphql;
    private.operation = Some("query Customer".to_owned());
    private.data_classes[0].class = "payment_card".to_owned();
    let batch = Batch {
        endpoints: vec![endpoint("/a", 10), private.clone()],
        detections: vec![detection("d1", "mallory", 10), detection("d2", "trudy", 20)],
        incidents: vec![incident("i1", 80, 10), incident("i2", 20, 500)],
        actors: vec![actor("mallory", 50, 10), actor("bob", 5, 10)],
        findings: vec![finding("f1", Severity::High, 10), finding("f2", Severity::Info, 90)],
        now: at(100),
        ..Batch::default()
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let none = EndpointFilter::default();
    for filter in [
        EndpointFilter { hosts: vec![private.host.clone()], ..none.clone() },
        EndpointFilter { path_contains: Some("admin/100%_".to_owned()), ..none.clone() },
        EndpointFilter { path_contains: Some("query cust".to_owned()), ..none.clone() },
        EndpointFilter { confirmed: Some(false), ..none.clone() },
        EndpointFilter { min_risk: Some(50), ..none.clone() },
        EndpointFilter { data_classes: vec!["payment_card".to_owned()], ..none.clone() },
    ] {
        let found = store.endpoints(&s, &filter, &all()).await.expect("list").items;
        assert_eq!(found, [private.clone()], "{filter:?}");
    }
    let part = EndpointFilter { data_classes: vec!["card".to_owned()], ..none };
    assert_eq!(store.endpoints(&s, &part, &all()).await.expect("list").items, []);

    let filter = FindingFilter { min_severity: Some(Severity::Medium), ..Default::default() };
    let found = store.findings(&s, &filter, &all()).await.expect("list").items;
    assert_eq!(found, batch.findings[..1]);
    let filter = FindingFilter { seen_since: Some(at(50)), ..Default::default() };
    let found = store.findings(&s, &filter, &all()).await.expect("list").items;
    assert_eq!(found, batch.findings[1..]);
    let filter = FindingFilter { states: vec![FindingState::Fixed], ..Default::default() };
    assert_eq!(store.findings(&s, &filter, &all()).await.expect("list").items, []);

    let trudy = DetectionFilter {
        actor: Some(batch.detections[1].actor.id.clone()),
        since: Some(at(20)),
        ..Default::default()
    };
    let found = store.detections(&s, &trudy, &all()).await.expect("list").items;
    assert_eq!(found, batch.detections[1..]);
    let before = IncidentFilter { before: Some(at(100)), ..Default::default() };
    let found = store.incidents(&s, &before, &all()).await.expect("list").items;
    assert_eq!(found, batch.incidents[..1]);
    let hostile = ActorFilter {
        min_detections: Some(1),
        label_contains: Some("MALL".to_owned()),
        ..Default::default()
    };
    let found = store.actors(&s, &hostile, &all()).await.expect("list").items;
    assert_eq!(found, batch.actors[..1]);
}

pub(super) async fn counts_are_right(store: &dyn Store) {
    let s = scope();
    let mut provisional = endpoint("/b", 1);
    provisional.confirmed = false;
    let batch = Batch {
        endpoints: vec![endpoint("/a", 1), provisional],
        blocks: vec![block(1, 0, (1, 2), &["x"]), block(1, 1, (3, 4), &[])],
        ..with_findings(
            vec![
                finding("f", Severity::High, 0),
                finding("g", Severity::High, 0),
                finding("h", Severity::Low, 0),
            ],
            1,
        )
    };
    store.save_batch(&s, &batch).await.expect("saved");
    store.set_finding_state(&s, &change("g", FindingState::Fixed, 5)).await.expect("fixed");
    let counts = store.counts(&s).await.expect("counts");
    assert_eq!((counts.endpoints, counts.provisional), (2, 1));
    assert!(counts.findings.contains(&(FindingState::Open, 2)));
    assert!(counts.findings.contains(&(FindingState::Fixed, 1)));
    assert!(counts.active_findings.contains(&(Severity::High, 1)));
    assert!(counts.active_findings.contains(&(Severity::Critical, 0)));
    assert_eq!((counts.exchange_blocks, counts.exchanges, counts.exchange_bytes), (2, 20, 2_000));
    assert_eq!((counts.audit_records, counts.detections), (1, 0));
    // Detections are counted as they come: one that comes again, or twice at once, is one.
    for (names, known) in [(["a", "b", "b"], 2), (["b", "c", "d"], 4)] {
        let detections = names.iter().map(|name| detection(name, "mallory", 1)).collect();
        let batch = Batch { now: at(6), detections, ..Batch::default() };
        store.save_batch(&s, &batch).await.expect("saved");
        let listed = store.detections(&s, &Default::default(), &all()).await.expect("list").items;
        assert_eq!(store.counts(&s).await.expect("counts").detections, listed.len() as u64);
        assert_eq!(listed.len(), known);
    }
}

pub(super) async fn incidents_that_were_taken_in_are_found(store: &dyn Store) {
    let s = scope();
    let [a, b, c] = ["a", "b", "c"].map(|name| incident(name, 50, 10));
    let batch = |incidents: Vec<_>, now| Batch { incidents, now: at(now), ..Batch::default() };
    let save = async |incidents, now| {
        store.save_batch(&s, &batch(incidents, now)).await.expect("saved");
        let list = store.incidents(&s, &IncidentFilter::default(), &all()).await.expect("list");
        let mut ids: Vec<_> = list.items.into_iter().map(|i| i.id).collect();
        ids.sort_unstable();
        ids
    };
    save(vec![a.clone(), b.clone(), c.clone()], 100).await;
    let taking = |taker: &Incident, taken: &Incident| Incident {
        absorbed: vec![taken.id.clone()],
        ..taker.clone()
    };
    // One takes in another, and is taken in itself.
    save(vec![taking(&b, &a)], 101).await;
    assert_eq!(save(vec![taking(&c, &b)], 102).await, std::slice::from_ref(&c.id));
    for id in [&a.id, &b.id, &c.id] {
        let found = store.incident(&s, id).await.expect("read").expect("found");
        assert_eq!(found.id, c.id);
    }
    // Apart again.
    save(vec![a.clone()], 103).await;
    assert_eq!(store.incident(&s, &a.id).await.expect("read").expect("found").id, a.id);
    let unknown = incident("unknown", 1, 1).id;
    assert_eq!(store.incident(&s, &unknown).await.expect("read"), None);
}
