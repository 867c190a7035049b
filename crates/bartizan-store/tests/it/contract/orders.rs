//! Orders of lists and counts of what is in them.

use std::{collections::BTreeSet, fmt::Debug};

use bartizan_model::{
    Access, DriftGrade, Endpoint, EndpointId, FindingState, InventoryState, KnownBy, LifeStage,
    Method, Severity,
};
use bartizan_store::{
    ActorFilter, ActorOrder, AuditEntry, AuditOrder, Batch, DetectionFilter, DetectionOrder,
    EndpointFilter, EndpointMerge, EndpointOrder, Facets, FindingFilter, FindingOrder,
    IncidentFilter, IncidentOrder, MAX_FACET_VALUES, Page, PageRequest, Result, Store, StoreError,
};

use super::{all, change, with_findings};
use crate::samples::{actor, at, detection, endpoint, finding, incident, scope};

/// Things of every kind, many with the same values. Every fifth has no times.
fn many() -> Batch {
    let severity = |n: i64| Severity::ALL[usize::try_from(n % 5).expect("small")];
    let mut batch = Batch {
        endpoints: (0..31).map(|n| endpoint(&format!("/p{}", n * 7 % 31), n / 4)).collect(),
        detections: (0..31).map(|n| detection(&format!("d{n}"), "mallory", n / 4)).collect(),
        incidents: (0..31).map(|n| incident(&format!("i{n}"), 10 * (n as u8 % 4), n / 4)).collect(),
        actors: (0..31).map(|n| actor(&format!("a{n}"), n % 6, (n / 4) as i64)).collect(),
        ..with_findings(
            (0..31).map(|n| finding(&format!("f{n}"), severity(n), n / 4)).collect(),
            100,
        )
    };
    for (n, one) in (0..).zip(&mut batch.endpoints) {
        one.risk.score = n % 7 * 10;
        one.requests = u64::from(n % 6);
        one.host = format!("host{}.example.com", n % 3);
    }
    for (n, one) in (0..).zip(&mut batch.detections) {
        one.severity = severity(n);
    }
    for (n, one) in (0..).zip(&mut batch.incidents) {
        one.severity = severity(n);
    }
    let endpoints = batch.endpoints.iter_mut().map(|one| (&mut one.first_seen, &mut one.last_seen));
    let findings = batch.findings.iter_mut().map(|one| (&mut one.first_seen, &mut one.last_seen));
    let actors = batch.actors.iter_mut().map(|one| (&mut one.first_seen, &mut one.last_seen));
    for times in [endpoints.collect::<Vec<_>>(), findings.collect(), actors.collect()] {
        for (first, last) in times.into_iter().step_by(5) {
            (*first, *last) = (None, None);
        }
    }
    batch
}

/// Reads a list in parts of seven in each order, and compares with what it is as a whole. Cursors of
/// one order are refused by all others.
async fn in_parts<O, T>(
    orders: &[O],
    word: impl Fn(O) -> &'static str,
    id: impl Fn(&T) -> String,
    list: impl AsyncFn(PageRequest<O>) -> Result<Page<T>>,
) where
    O: Copy + Default + PartialEq + Debug,
{
    let words: BTreeSet<_> = orders.iter().map(|order| word(*order)).collect();
    assert_eq!(words.len(), orders.len());
    let mut wholes: Vec<(&str, Vec<String>)> = Vec::new();
    for order in orders {
        let whole = list(all().by(*order)).await.expect("list").items;
        let whole: Vec<_> = whole.iter().map(&id).collect();
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 31, "{order:?}");
        let (mut parts, mut page) = (Vec::new(), PageRequest::first(7).by(*order));
        loop {
            let part = list(page).await.expect("page");
            parts.extend(part.items.iter().map(&id));
            let Some(next) = part.next else { break };
            for other in orders {
                let page = PageRequest::after(7, next.clone()).by(*other);
                let refused = matches!(list(page).await, Err(StoreError::InvalidCursor));
                assert_eq!(refused, order != other, "{order:?} {other:?}");
            }
            page = PageRequest::after(7, next).by(*order);
        }
        assert_eq!(parts, whole, "{order:?}");
        wholes.push((word(*order), whole));
    }
    for (word, whole) in &wholes {
        for (_, other) in wholes.iter().filter(|(other, _)| other.strip_prefix('-') == Some(word)) {
            assert!(other.iter().rev().eq(whole), "{word} is the other way round");
        }
    }
}

pub(super) async fn every_order_gives_everything_once(store: &dyn Store) {
    let s = scope();
    store.save_batch(&s, &many()).await.expect("saved");
    let list = async |page| store.endpoints(&s, &Default::default(), &page).await;
    in_parts(EndpointOrder::ALL, EndpointOrder::as_str, |one| one.id.to_string(), list).await;
    let list = async |page| store.findings(&s, &Default::default(), &page).await;
    in_parts(FindingOrder::ALL, FindingOrder::as_str, |one| one.id.to_string(), list).await;
    let list = async |page| store.incidents(&s, &Default::default(), &page).await;
    in_parts(IncidentOrder::ALL, IncidentOrder::as_str, |one| one.id.to_string(), list).await;
    let list = async |page| store.detections(&s, &Default::default(), &page).await;
    in_parts(DetectionOrder::ALL, DetectionOrder::as_str, |one| one.id.to_string(), list).await;
    // Some severities only, each of which is in its own part of an index.
    let most = DetectionFilter { min_severity: Some(Severity::Info), ..Default::default() };
    let list = async |page| store.detections(&s, &most, &page).await;
    in_parts(DetectionOrder::ALL, DetectionOrder::as_str, |one| one.id.to_string(), list).await;
    let list = async |page| store.actors(&s, &Default::default(), &page).await;
    in_parts(ActorOrder::ALL, ActorOrder::as_str, |one| one.id.to_string(), list).await;
}

/// What an order goes by.
type Rank = fn(&Endpoint) -> u64;

pub(super) async fn orders_of_endpoints_are_what_they_say(store: &dyn Store) {
    let s = scope();
    store.save_batch(&s, &many()).await.expect("saved");
    let list = async |order| {
        let page = all().by(order);
        store.endpoints(&s, &Default::default(), &page).await.expect("list").items
    };
    let keys: [(EndpointOrder, Rank); 4] = [
        (EndpointOrder::Risk, |one| u64::from(one.risk.score)),
        (EndpointOrder::Requests, |one| one.requests),
        (EndpointOrder::FirstSeen, |one| one.first_seen.map_or(0, |t| t.micros() as u64)),
        (EndpointOrder::LastSeen, |one| one.last_seen.map_or(0, |t| t.micros() as u64)),
    ];
    for (order, key) in keys {
        let list = list(order).await;
        let values: BTreeSet<_> = list.iter().map(key).collect();
        assert!(values.len() > 4 && list.is_sorted_by_key(key), "{order:?}");
    }
    let by_host = list(EndpointOrder::Host).await;
    assert!(by_host.is_sorted_by_key(|one| (one.host.clone(), one.path.clone())));
    // What a later run says counts.
    let mut busy = by_host[7].clone();
    busy.requests = 1_000;
    let batch = Batch { endpoints: vec![busy.clone()], now: at(101), ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    assert_eq!(list(EndpointOrder::RequestsDown).await[0].id, busy.id);
}

pub(super) async fn audit_records_are_listed_both_ways(store: &dyn Store) {
    let s = scope();
    for n in 0..9 {
        let entry = AuditEntry {
            time: at(n),
            who: "ann".to_owned(),
            action: "test".to_owned(),
            subject: n.to_string(),
            details: serde_json::Value::Null,
        };
        store.append_audit(&s, entry).await.expect("appended");
    }
    let list = async |behind, page: PageRequest<AuditOrder>| {
        let page = store.audit_records(&s, behind, &page).await.expect("list");
        (page.items.iter().map(|one| one.sequence).collect::<Vec<_>>(), page.next)
    };
    let newest = PageRequest::first(4).by(AuditOrder::SequenceDown);
    let (first, next) = list(0, newest).await;
    assert_eq!(first, [9, 8, 7, 6]);
    let rest = PageRequest::after(4, next.expect("more")).by(AuditOrder::SequenceDown);
    assert_eq!(list(3, rest).await, (vec![5, 4], None));
    assert_eq!(list(7, PageRequest::default()).await, (vec![8, 9], None));
}

/// The values of a facet.
fn values<'a>(facets: &'a Facets, name: &str) -> Vec<(&'a str, u64)> {
    facets.facets[name].values.iter().map(|one| (one.value.as_str(), one.count)).collect()
}

pub(super) async fn facets_are_counted_under_the_other_filters(store: &dyn Store) {
    let s = scope();
    let mut endpoints: Vec<_> = (0..6).map(|n| endpoint(&format!("/p{n}"), 1)).collect();
    for (n, one) in endpoints.iter_mut().enumerate() {
        one.host = if n < 2 { "a.example.com" } else { "b.example.com" }.to_owned();
        one.risk.score = [0, 19, 20, 79, 80, 100][n];
    }
    endpoints[3].data_classes[0].class = "payment_card".to_owned();
    let card = endpoints[3].data_classes[0].clone();
    endpoints[4].data_classes.push(card);
    endpoints[4].confirmed = false;
    endpoints[5].service = Some(bartizan_model::ServiceId::from_text("orders"));
    // Merged endpoints are not counted, nor what is elsewhere.
    let merge = EndpointMerge {
        from: vec![EndpointId::derive(&s, &["GET", "/gone"])],
        into: endpoints[0].id.clone(),
        reason: "one".to_owned(),
    };
    let gone = endpoint("/gone", 1);
    let batch = Batch {
        endpoints: endpoints.iter().cloned().chain([gone]).collect(),
        merges: vec![merge],
        now: at(1),
        ..Batch::default()
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let facets = store.endpoint_facets(&s, &EndpointFilter::default()).await.expect("facets");
    assert_eq!(facets.total, 6);
    assert_eq!(values(&facets, "host"), [("b.example.com", 4), ("a.example.com", 2)]);
    let bands = [("0", 2), ("80", 2), ("20", 1), ("60", 1)];
    assert_eq!(values(&facets, "risk"), bands);
    assert_eq!(values(&facets, "data_class"), [("email", 5), ("payment_card", 2)]);
    assert_eq!(values(&facets, "confirmed"), [("true", 5), ("false", 1)]);
    assert_eq!(values(&facets, "service"), [("orders", 1)]);
    assert_eq!(values(&facets, "access"), [(Access::Public.as_str(), 6)]);
    assert_eq!(values(&facets, "inventory_state"), [(InventoryState::Unspecified.as_str(), 6)]);
    assert_eq!(values(&facets, "known_by"), [(KnownBy::Traffic.as_str(), 6)]);
    assert!(values(&facets, "drift").is_empty());

    let filter = EndpointFilter {
        hosts: vec!["b.example.com".to_owned()],
        data_classes: vec!["payment_card".to_owned()],
        min_risk: Some(80),
        ..EndpointFilter::default()
    };
    let facets = store.endpoint_facets(&s, &filter).await.expect("facets");
    assert_eq!(facets.total, 1);
    assert_eq!(values(&facets, "host"), [("b.example.com", 1)]);
    assert_eq!(values(&facets, "risk"), [("60", 1), ("80", 1)]);
    assert_eq!(values(&facets, "data_class"), [("email", 2), ("payment_card", 1)]);
    assert_eq!(values(&facets, "method"), [("GET", 1)]);

    let findings = (0..9).map(|n| finding(&format!("f{n}"), Severity::ALL[n % 2 + 2], 0));
    let batch = Batch {
        incidents: vec![incident("i", 10, 1), incident("j", 20, 2)],
        actors: vec![actor("a", 5, 1), actor("b", 50, 1)],
        ..with_findings(findings.collect(), 1)
    };
    store.save_batch(&s, &batch).await.expect("saved");
    store.set_finding_state(&s, &change("f0", FindingState::Fixed, 5)).await.expect("fixed");
    let filter = FindingFilter {
        states: vec![FindingState::Open],
        severities: vec![Severity::High],
        ..FindingFilter::default()
    };
    let facets = store.finding_facets(&s, &filter).await.expect("facets");
    assert_eq!(facets.total, 4);
    assert_eq!(values(&facets, "state"), [("open", 4)]);
    // The least severity is a filter on severity too.
    let filter = FindingFilter { min_severity: Some(Severity::Critical), ..filter };
    let facets = store.finding_facets(&s, &filter).await.expect("facets");
    assert_eq!((facets.total, values(&facets, "severity")), (0, vec![("high", 4), ("medium", 4)]));
    let facets = store.incident_facets(&s, &IncidentFilter::default()).await.expect("facets");
    assert_eq!((facets.total, values(&facets, "severity")), (2, vec![("high", 2)]));
    let filter = ActorFilter { min_detections: Some(1), ..ActorFilter::default() };
    let facets = store.actor_facets(&s, &filter).await.expect("facets");
    assert_eq!((facets.total, values(&facets, "kind")), (1, vec![("principal", 1)]));
}

pub(super) async fn facets_are_cut_and_say_so(store: &dyn Store) {
    let s = scope();
    let mut endpoints: Vec<_> =
        (0..=MAX_FACET_VALUES).map(|n| endpoint(&format!("/p{n}"), 1)).collect();
    for (n, one) in endpoints.iter_mut().enumerate() {
        one.method = Method(format!("M{n:02}"));
    }
    endpoints.push(Endpoint { method: Method("M50".to_owned()), ..endpoint("/again", 1) });
    let batch = Batch { endpoints, now: at(1), ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let facets = store.endpoint_facets(&s, &EndpointFilter::default()).await.expect("facets");
    let method = &facets.facets["method"];
    assert!(method.more && method.values.len() == MAX_FACET_VALUES);
    assert_eq!((method.values[0].value.as_str(), method.values[0].count), ("M50", 2));
    assert_eq!(method.values[1].value, "M00");
    assert!(!facets.facets["host"].more);
}

pub(super) async fn what_is_too_long_for_an_index_is_found_all_the_same(store: &dyn Store) {
    let s = scope();
    // Four bytes each, and not to be compressed.
    let long = |from: u32| -> String {
        let one = |n: u32| char::from_u32(0x1_0000 + (from + n) * 7_919 % 0xffff);
        (0..4_000).filter_map(one).collect()
    };
    let mut one = finding("one", Severity::High, 1);
    one.host = long(1);
    let mut who = actor("who", 1, 1);
    who.label = long(2).into();
    let batch = Batch { actors: vec![who.clone()], ..with_findings(vec![one.clone()], 1) };
    store.save_batch(&s, &batch).await.expect("saved");
    let filter = FindingFilter { hosts: vec![one.host.clone()], ..FindingFilter::default() };
    let found = store.findings(&s, &filter, &all()).await.expect("list").items;
    assert_eq!(found, [one.clone()]);
    let facets = store.finding_facets(&s, &FindingFilter::default()).await.expect("facets");
    let host = &facets.facets["host"].values[0].value;
    assert!(host.chars().count() == 255 && one.host.starts_with(host.as_str()));
    let filter = FindingFilter { hosts: vec![host.clone()], ..FindingFilter::default() };
    assert_eq!(store.findings(&s, &filter, &all()).await.expect("list").items, [one]);
    let label = who.label.chars().take(255).collect::<String>();
    let filter = ActorFilter { label_contains: Some(label), ..ActorFilter::default() };
    assert_eq!(store.actors(&s, &filter, &all()).await.expect("list").items, [who]);
}

pub(super) async fn several_values_mean_any_of_them(store: &dyn Store) {
    let s = scope();
    let mut batch = many();
    for (n, one) in batch.endpoints.iter_mut().enumerate() {
        one.access = [Access::Public, Access::Partner, Access::Private][n % 3];
        one.data_classes[0].class = ["email", "iban", "phone"][n % 3].to_owned();
        one.owner = [Some("orders"), Some("billing"), None][n % 3].map(str::to_owned);
        one.business_unit = Some(["retail", "bank", "other"][n % 3].to_owned());
        one.stage = [LifeStage::Active, LifeStage::Deprecated, LifeStage::Unknown][n % 3];
        one.known_by = vec![[KnownBy::Code, KnownBy::Crawl, KnownBy::Traffic][n % 3]];
        one.drift =
            [Some(DriftGrade::Breaking), Some(DriftGrade::Info), None][n % 3].into_iter().collect();
    }
    for (n, one) in batch.detections.iter_mut().enumerate() {
        one.code = ["BZ-D001", "BZ-D002", "BZ-D003"][n % 3].to_owned();
    }
    store.save_batch(&s, &batch).await.expect("saved");
    let none = EndpointFilter::default();
    let two = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    for filter in [
        EndpointFilter { access: vec![Access::Public, Access::Partner], ..none.clone() },
        EndpointFilter { data_classes: two(["email", "iban"]), ..none.clone() },
        EndpointFilter { owners: two(["orders", "billing"]), ..none.clone() },
        EndpointFilter { business_units: two(["retail", "bank"]), ..none.clone() },
        EndpointFilter { known_by: vec![KnownBy::Code, KnownBy::Crawl], ..none.clone() },
        EndpointFilter { drift: vec![DriftGrade::Breaking, DriftGrade::Info], ..none.clone() },
        EndpointFilter { stages: vec![LifeStage::Active, LifeStage::Deprecated], ..none.clone() },
        EndpointFilter { hosts: two(["host0.example.com", "host1.example.com"]), ..none.clone() },
    ] {
        let found = store.endpoints(&s, &filter, &all()).await.expect("list").items;
        assert_eq!(found.len(), 21, "{filter:?}");
        assert!(found.iter().all(|one| one.access != Access::Private));
    }
    let codes = DetectionFilter { codes: two(["BZ-D001", "BZ-D003"]), ..Default::default() };
    for order in DetectionOrder::ALL {
        let mut found = Vec::new();
        let mut page = PageRequest::first(4).by(*order);
        while let Some(next) = {
            let part = store.detections(&s, &codes, &page).await.expect("page");
            found.extend(part.items);
            part.next
        } {
            page = PageRequest::after(4, next).by(*order);
        }
        assert_eq!(found.len(), 21, "{order:?}");
        assert!(found.iter().all(|one| one.code != "BZ-D002"));
        let keys: Vec<_> = found.iter().map(|one| (one.last_time, one.id.clone())).collect();
        match order {
            DetectionOrder::LastSeenDown => assert!(keys.is_sorted_by(|a, b| a > b)),
            DetectionOrder::LastSeen => assert!(keys.is_sorted()),
            DetectionOrder::SeverityDown => {
                assert!(found.is_sorted_by(|a, b| a.severity >= b.severity));
            }
        }
    }
    let some = [Severity::Low, Severity::Critical];
    let filter = DetectionFilter { severities: some.to_vec(), ..Default::default() };
    let found = store.detections(&s, &filter, &all()).await.expect("list").items;
    assert!(found.len() == 12 && found.iter().all(|one| some.contains(&one.severity)));
    let filter = DetectionFilter { min_severity: Some(Severity::High), ..filter };
    let found = store.detections(&s, &filter, &all()).await.expect("list").items;
    assert!(found.len() == 6 && found.iter().all(|one| one.severity == Severity::Critical));
}
