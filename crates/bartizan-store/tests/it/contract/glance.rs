//! Everything at a glance: what changed, where data classes are, what became of traffic.

use bartizan_model::{
    Access, Direction, FindingState, InventoryState, Severity, endpoint::DataClassCount,
};
use bartizan_store::{
    Batch, Changes, EndpointMerge, MAX_ENDPOINT_CHANGES, Resolution, StateChange, Store,
    TrafficBucket,
};

use super::{change, with_findings};
use crate::samples::{at, endpoint, finding, incident, scope};

fn seen(class: &str, direction: Direction) -> DataClassCount {
    let like = endpoint("/a", 1).data_classes.remove(0);
    DataClassCount { class: class.to_owned(), direction, ..like }
}

pub(super) async fn changes_are_counted_since_a_time(store: &dyn Store) {
    let s = scope();
    let (mut a, b, c) = (endpoint("/a", 1), endpoint("/b", 1), endpoint("/c", 1));
    let first = Batch {
        endpoints: vec![a.clone(), b.clone(), c.clone()],
        incidents: vec![incident("i", 50, 3)],
        ..with_findings(["f", "g", "h"].map(|name| finding(name, Severity::High, 10)).to_vec(), 100)
    };
    store.save_batch(&s, &first).await.expect("saved");
    let all = Changes { new_endpoints: 3, new_findings: 3, new_incidents: 1, ..Changes::default() };
    assert_eq!(store.changes_since(&s, at(100)).await.expect("read"), all);
    assert_eq!(store.changes_since(&s, at(101)).await.expect("read"), Changes::default());
    assert_eq!(store.endpoint_changes(&s, &a.id).await.expect("read"), []);

    // The same once more is no change; another one is, once, and one of what is new is none.
    let mut new = endpoint("/new", 1);
    store.save_batch(&s, &Batch { now: at(200), ..first.clone() }).await.expect("saved");
    (a.access, a.confirmed) = (Access::Private, false);
    a.data_classes = vec![seen("iban", Direction::Request)];
    let second = Batch {
        now: at(200),
        endpoints: vec![a.clone(), b.clone(), new.clone()],
        incidents: vec![incident("j", 50, 3)],
        merges: vec![EndpointMerge { from: vec![c.id], into: b.id, reason: String::new() }],
        ..Batch::default()
    };
    store.save_batch(&s, &second).await.expect("saved");
    new.inventory_state = InventoryState::Shadow;
    store
        .save_batch(&s, &Batch { now: at(201), endpoints: vec![new], ..Batch::default() })
        .await
        .expect("saved");
    for (name, to) in [
        ("f", FindingState::Fixed),
        ("f", FindingState::Open),
        ("g", FindingState::Fixed),
        ("h", FindingState::Confirmed),
    ] {
        store.set_finding_state(&s, &change(name, to, 210)).await.expect("decided");
    }
    let accepted =
        StateChange { expiry: Some(at(300)), ..change("h", FindingState::Accepted, 220) };
    store.set_finding_state(&s, &accepted).await.expect("accepted");
    let expected = Changes {
        new_endpoints: 1,
        changed_endpoints: 1,
        new_findings: 0,
        reopened_findings: 1,
        fixed_findings: 2,
        new_incidents: 1,
    };
    assert_eq!(store.changes_since(&s, at(101)).await.expect("read"), expected);
    store.expire_finding_states(&s, at(300)).await.expect("lapsed");
    let since = store.changes_since(&s, at(300)).await.expect("read");
    assert_eq!(since, Changes { reopened_findings: 1, ..Changes::default() });

    let changes = store.endpoint_changes(&s, &a.id).await.expect("read");
    let of: Vec<_> = changes
        .iter()
        .map(|one| (one.what.as_str(), one.was.as_deref(), one.became.as_deref()))
        .collect();
    let expected = [
        ("access", Some("public"), Some("private")),
        ("confirmed", Some("true"), Some("false")),
        ("data_class", Some("email:response"), None),
        ("data_class", None, Some("iban:request")),
    ];
    assert_eq!(of, expected);
    assert!(changes.iter().all(|one| one.time == at(200)));
    for n in 0..MAX_ENDPOINT_CHANGES as i64 {
        a.confirmed = !a.confirmed;
        let batch = Batch { now: at(400 + n), endpoints: vec![a.clone()], ..Batch::default() };
        store.save_batch(&s, &batch).await.expect("saved");
    }
    let changes = store.endpoint_changes(&s, &a.id).await.expect("read");
    assert_eq!((changes.len() as u64, changes[0].sequence), (MAX_ENDPOINT_CHANGES, 5));
}

pub(super) async fn data_classes_are_spread_over_endpoints(store: &dyn Store) {
    let s = scope();
    let of = |path: &str, classes: Vec<DataClassCount>| {
        let mut endpoint = endpoint(path, 1);
        endpoint.data_classes = classes;
        endpoint
    };
    use Direction::{Request, Response};
    let mut endpoints = vec![
        of("/a", vec![seen("email", Request), seen("email", Response), seen("iban", Request)]),
        of("/b", vec![seen("email", Response), seen("email", Response)]),
        of("/c", vec![seen("email", Response)]),
        of("/d", Vec::new()),
        of("/gone", vec![seen("iban", Response)]),
    ];
    endpoints[0].access = Access::Partner;
    let (partner, other) = (Access::Partner.as_str(), endpoints[1].access.as_str());
    let from = vec![endpoints[4].id.clone()];
    let into = endpoints[3].id.clone();
    let merges = vec![EndpointMerge { from, into, reason: String::new() }];
    let batch = Batch { now: at(1), endpoints, merges, ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let spread = store.data_classes(&s).await.expect("read");
    let numbers: Vec<_> = spread
        .iter()
        .map(|one| (one.class.as_str(), one.endpoints, one.in_request, one.in_response))
        .collect();
    assert_eq!(numbers, [("email", 3, 1, 3), ("iban", 1, 1, 0)]);
    let access: Vec<Vec<_>> = spread
        .iter()
        .map(|one| one.access.iter().map(|(who, count)| (who.as_str(), *count)).collect())
        .collect();
    let mut emails = vec![(other, 2), (partner, 1)];
    emails.sort_unstable();
    assert_eq!(access, [emails, vec![(partner, 1)]]);
}

pub(super) async fn traffic_adds_up_and_is_forgotten(store: &dyn Store) {
    let s = scope();
    let bucket = |time: i64, clean: u64, refused: u64| TrafficBucket {
        time: at(time),
        clean,
        refused,
        hostile: refused,
        ..TrafficBucket::default()
    };
    let save = async |now: i64, traffic: Vec<TrafficBucket>| {
        let batch = Batch { now: at(now), traffic, ..Batch::default() };
        store.save_batch(&s, &batch).await.expect("saved");
    };
    save(1_300, vec![bucket(600, 1, 1), bucket(1_190, 0, 1), bucket(1_200, 4, 0)]).await;
    save(1_310, vec![bucket(1_200, 8, 16)]).await;
    save(1_320, Vec::new()).await;
    let since = async |resolution: Resolution, time: i64| {
        store.traffic_since(&s, resolution, at(time)).await.expect("read")
    };
    let (fine, coarse) = (Resolution::FINE, Resolution::COARSE);
    assert_eq!(since(coarse, 0).await, [bucket(600, 1, 2), bucket(1_200, 12, 16)]);
    assert_eq!(since(coarse, 601).await, [bucket(1_200, 12, 16)]);
    let last = bucket(1_200, 12, 16);
    assert_eq!(since(fine, 0).await, [bucket(600, 1, 1), bucket(1_190, 0, 1), last]);
    // Fine buckets go after two hours, coarse ones after two days.
    save(1_191 + 2 * 3_600, vec![bucket(7_200, 2, 0)]).await;
    assert_eq!(since(fine, 0).await, [last, bucket(7_200, 2, 0)]);
    assert_eq!(since(coarse, 0).await.len(), 3);
    save(601 + 2 * 86_400, vec![bucket(172_800, 1, 0)]).await;
    assert_eq!(since(coarse, 0).await, [last, bucket(7_200, 2, 0), bucket(172_800, 1, 0)]);
}
