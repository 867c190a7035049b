//! The change log: what is told, what belongs to the baseline, and what is forgotten.

use bartizan_model::{
    Change, ChangeGrade, ChangeKind, Duration, Endpoint, Event, EventType, InventoryState,
    Severity, Surface, change::SETTLED,
};
use bartizan_store::{
    Batch, CHANGES_KEPT, ChangeFilter, ChangeOrder, EndpointMerge, MAX_CHANGES,
    MAX_CHANGES_AT_ONCE, PageRequest, Store, Subscription, Take,
};

use super::all;
use crate::samples::{at, endpoint, scope};

const DAY: i64 = 86_400;

/// What is compared of an endpoint that asks for a token.
fn surface(endpoint: &Endpoint) -> Surface {
    Surface {
        endpoint: endpoint.id.clone(),
        confirmed: endpoint.confirmed,
        requests: 100,
        successes: SETTLED,
        state: endpoint.inventory_state,
        ways: ["jwt header authorization".to_owned()].into(),
        anonymous: Some(false),
        ..Surface::default()
    }
}

fn batch(now: i64, known: &[(&Endpoint, Surface)]) -> Batch {
    Batch {
        now: at(now),
        endpoints: known.iter().map(|(endpoint, _)| (*endpoint).clone()).collect(),
        surfaces: known.iter().map(|(_, surface)| surface.clone()).collect(),
        ..Batch::default()
    }
}

/// Saves, and says what came into the log: kind, path and subject.
async fn save(store: &dyn Store, batch: Batch) -> Vec<(ChangeKind, String, String)> {
    let report = store.save_batch(&scope(), &batch).await.expect("saved");
    report.changes.into_iter().map(|one| (one.kind, one.path, one.subject)).collect()
}

async fn listed(store: &dyn Store, filter: ChangeFilter) -> Vec<Change> {
    store.changes(&scope(), &filter, &all()).await.expect("list").items
}

/// Endpoints that nobody knew, with their surfaces.
fn new_ones(count: usize, seen: i64) -> (Vec<Endpoint>, Vec<Surface>) {
    let endpoints: Vec<_> = (0..count).map(|n| endpoint(&format!("/new{n:05}"), seen)).collect();
    let surfaces = endpoints.iter().map(surface).collect();
    (endpoints, surfaces)
}

/// A batch of these endpoints without surfaces.
fn of(endpoints: &[Endpoint]) -> Batch {
    Batch { endpoints: endpoints.to_vec(), ..Batch::default() }
}

/// What is compared of an endpoint that takes so many parameters.
fn with_parameters(endpoint: &Endpoint, count: usize) -> Surface {
    let parameters = (0..count).map(|n| (format!("query.p{n}"), None)).collect();
    Surface { requests: 101, parameters, ..surface(endpoint) }
}

pub(super) async fn the_first_results_are_the_baseline(store: &dyn Store) {
    let s = scope();
    let (a, mut b, c) = (endpoint("/a", 1), endpoint("/b", 1), endpoint("/c", 5));
    b.confirmed = false;
    assert_eq!(store.change_baseline(&s).await.expect("read"), None);
    let mut first = batch(10, &[(&a, surface(&a)), (&b, surface(&b))]);
    assert_eq!(save(store, Batch { surfaces: Vec::new(), ..first.clone() }).await, []);
    assert_eq!(store.change_baseline(&s).await.expect("read"), None, "nothing was compared");
    first.settling = Duration::days(1);
    assert_eq!(save(store, first).await, []);
    // While it lasts what comes belongs to it, however long the next batch wants one to last.
    let wider = Surface { anonymous: Some(true), requests: 101, ..surface(&a) };
    assert_eq!(save(store, batch(9 + DAY, &[(&a, wider.clone()), (&c, surface(&c))])).await, []);
    let known = store.change_baseline(&s).await.expect("read").expect("begun");
    assert_eq!((known.began, known.ends), (at(10), at(10 + DAY)));

    // What was there and is confirmed later is not new; what is provisional tells nothing.
    b.confirmed = true;
    let (d, mut e) = (endpoint("/d", 7), endpoint("/e", 7));
    e.confirmed = false;
    let later = [(&a, wider), (&b, surface(&b)), (&d, surface(&d)), (&e, surface(&e))];
    let told = save(store, batch(10 + DAY, &later)).await;
    assert_eq!(told, [(ChangeKind::EndpointAdded, "/d".to_owned(), String::new())]);
    let one = listed(store, ChangeFilter::default()).await.remove(0);
    assert_eq!((one.time, one.noticed, one.endpoint_id), (at(7), at(10 + DAY), d.id));
    e.confirmed = true;
    let told = save(store, batch(11 + DAY, &[(&e, surface(&e))])).await;
    assert_eq!(told, [(ChangeKind::EndpointAdded, "/e".to_owned(), String::new())]);
}

pub(super) async fn changes_are_told_once(store: &dyn Store) {
    let mut a = endpoint("/a", 1);
    a.last_seen = Some(at(50));
    a.inventory_state = InventoryState::Documented;
    let known = surface(&a);
    assert_eq!(save(store, batch(10, &[(&a, known.clone())])).await, []);
    let mut now = Surface { requests: 120, anonymous: Some(true), ..known.clone() };
    now.parameters.insert("query.q\0".to_owned(), None);
    now.classes.insert("iban:response".to_owned(), true);
    let told = save(store, batch(60, &[(&a, now.clone())])).await;
    let kinds: Vec<_> = told.iter().map(|(kind, ..)| *kind).collect();
    use ChangeKind::{AuthChanged, DataClassAdded, InventoryStateChanged, ParameterAdded};
    assert_eq!(kinds, [ParameterAdded, AuthChanged, DataClassAdded]);
    assert_eq!(save(store, batch(61, &[(&a, now.clone())])).await, [], "nothing came since");
    now.requests += 1;
    assert_eq!(save(store, batch(62, &[(&a, now.clone())])).await, [], "it was told");
    let less = Surface { requests: 122, ..known };
    assert_eq!(save(store, batch(63, &[(&a, less)])).await, [], "nor is it forgotten");
    now.requests = 123;
    assert_eq!(save(store, batch(64, &[(&a, now.clone())])).await, []);

    // Another state is told without any exchange.
    a.inventory_state = InventoryState::Shadow;
    now.state = InventoryState::Shadow;
    let told = save(store, batch(65, &[(&a, now)])).await;
    assert_eq!(told.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [InventoryStateChanged]);
    let all = listed(store, ChangeFilter::default()).await;
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|one| one.time == at(50) && one.host == a.host));
    let state = all.iter().find(|one| one.kind == InventoryStateChanged).expect("listed");
    let values = (state.before.as_deref(), state.after.as_deref());
    assert_eq!(values, (Some("documented"), Some("shadow")));
}

pub(super) async fn what_becomes_one_endpoint_is_not_new(store: &dyn Store) {
    let (one, two, whole) = (endpoint("/o/1", 1), endpoint("/o/2", 1), endpoint("/o/{id}", 1));
    let mut first = surface(&one);
    first.parameters.insert("query.q".to_owned(), None);
    assert_eq!(save(store, batch(1, &[(&one, first), (&two, surface(&two))])).await, []);
    let merge = EndpointMerge {
        from: vec![one.id.clone(), two.id.clone()],
        into: whole.id.clone(),
        reason: "a template".to_owned(),
    };
    let mut merged = batch(2, &[(&whole, surface(&whole))]);
    merged.merges = vec![merge];
    assert_eq!(save(store, merged).await, []);
    // It knows what they knew.
    let mut now = Surface { requests: 101, ..surface(&whole) };
    now.parameters = ["query.q", "query.r"].map(|name| (name.to_owned(), None)).into();
    let told = save(store, batch(3, &[(&whole, now)])).await;
    assert_eq!(told, [(ChangeKind::ParameterAdded, "/o/{id}".to_owned(), "query.r".to_owned())]);
    let filter = ChangeFilter { endpoint: Some(one.id.clone()), ..ChangeFilter::default() };
    assert_eq!(listed(store, filter).await.len(), 1, "found by what leads to it");

    // Set apart again by somebody, it is none that was added.
    store.split_endpoint(&scope(), &one.id, "ann", "it is another", at(4)).await.expect("split");
    assert_eq!(save(store, batch(5, &[(&one, surface(&one))])).await, []);
}

pub(super) async fn changes_are_filtered_sorted_and_counted(store: &dyn Store) {
    let s = scope();
    let base = endpoint("/base", 1);
    save(store, batch(1, &[(&base, surface(&base))])).await;
    let (mut endpoints, mut surfaces) = new_ones(31, 0);
    for (n, (endpoint, surface)) in (0..).zip(endpoints.iter_mut().zip(&mut surfaces)) {
        endpoint.first_seen = Some(at(n / 4));
        endpoint.host = format!("host{}.example.com", n % 3);
        if n % 2 == 0 {
            (endpoint.inventory_state, surface.state) =
                (InventoryState::Shadow, InventoryState::Shadow);
        }
    }
    let batch = Batch { now: at(100), endpoints, surfaces, ..Batch::default() };
    assert_eq!(save(store, batch).await.len(), 31);
    for order in ChangeOrder::ALL {
        let whole = store.changes(&s, &ChangeFilter::default(), &all().by(*order)).await;
        let whole = whole.expect("list").items;
        let keys: Vec<_> = whole.iter().map(|one| (one.time, one.id.clone())).collect();
        match order {
            ChangeOrder::TimeDown => assert!(keys.is_sorted_by(|a, b| a > b)),
            ChangeOrder::Time => assert!(keys.is_sorted_by(|a, b| a < b)),
        }
        let (mut parts, mut page) = (Vec::new(), PageRequest::first(7).by(*order));
        loop {
            let part = store.changes(&s, &ChangeFilter::default(), &page).await.expect("page");
            parts.extend(part.items);
            let Some(next) = part.next else { break };
            page = PageRequest::after(7, next).by(*order);
        }
        assert_eq!(parts, whole);
    }
    let none = ChangeFilter::default();
    for (filter, count) in [
        (ChangeFilter { grades: vec![ChangeGrade::Warning], ..none.clone() }, 16),
        (ChangeFilter { kinds: vec![ChangeKind::AuthChanged], ..none.clone() }, 0),
        (ChangeFilter { hosts: vec!["host1.example.com".to_owned()], ..none.clone() }, 10),
        (ChangeFilter { since: Some(at(2)), before: Some(at(4)), ..none.clone() }, 8),
        (ChangeFilter { endpoint: Some(base.id), ..none.clone() }, 0),
    ] {
        assert_eq!(listed(store, filter.clone()).await.len(), count, "{filter:?}");
        assert_eq!(store.change_facets(&s, &filter).await.expect("facets").total, count as u64);
    }
    let facets = store.change_facets(&s, &none).await.expect("facets");
    let grades: Vec<_> =
        facets.facets["grade"].values.iter().map(|v| (v.value.as_str(), v.count)).collect();
    assert_eq!(grades, [("warning", 16), ("info", 15)]);
    assert_eq!(facets.facets["kind"].values[0].value, "endpoint_added");
    let elsewhere = bartizan_model::Scope {
        organisation: bartizan_model::OrganisationId::from_text("elsewhere"),
        ..s
    };
    let theirs = store.changes(&elsewhere, &none, &all()).await.expect("list").items;
    assert!(theirs.is_empty() && store.change_baseline(&elsewhere).await.expect("read").is_none());
}

pub(super) async fn changes_are_events_and_bounded(store: &dyn Store) {
    let s = scope();
    let sink = Subscription {
        sink: "hook".to_owned(),
        least_severity: Severity::Medium,
        events: vec![EventType::ChangeNew],
        most_waiting: 1_000_000,
        most_dead: 10,
    };
    store.set_subscriptions(&s, &[sink], at(0)).await.expect("subscribed");
    let base = endpoint("/base", 1);
    save(store, batch(1, &[(&base, surface(&base))])).await;
    let open = Surface { requests: 101, anonymous: Some(true), ..surface(&base) };
    let (other, calm) = (endpoint("/calm", 1), endpoint("/calm", 1));
    assert_eq!(save(store, batch(2, &[(&base, open), (&other, surface(&calm))])).await.len(), 2);
    let take = Take { sink: "hook", holder: "me", now: at(2), until: at(60), limit: 9 };
    let taken = store.take_deliveries(&s, &take).await.expect("taken");
    let events: Vec<&Event> = taken.iter().map(|one| &one.event).collect();
    assert_eq!(events.len(), 1, "one is for information only");
    let change = events[0].change.clone().expect("a change");
    assert_eq!((events[0].kind, events[0].severity), (EventType::ChangeNew, Severity::High));
    assert_eq!((change.kind, change.subject.as_str()), (ChangeKind::AuthChanged, "anonymous"));
    assert_eq!(events[0].subject(), change.id.as_str());

    // One write tells so many; the endpoints behind them are compared with the next.
    let wide: Vec<_> = ["/x", "/y", "/z"].map(|path| endpoint(path, 1)).into();
    let plain = Batch { now: at(3), surfaces: wide.iter().map(surface).collect(), ..of(&wide) };
    assert_eq!(save(store, plain).await.len(), 3);
    let half = MAX_CHANGES_AT_ONCE / 2;
    let surfaces = wide.iter().map(|one| with_parameters(one, half)).collect();
    let many = Batch { now: at(4), surfaces, ..of(&wide) };
    assert_eq!(save(store, many.clone()).await.len(), MAX_CHANGES_AT_ONCE);
    assert_eq!(save(store, Batch { now: at(5), ..many.clone() }).await.len(), half);
    assert_eq!(save(store, Batch { now: at(6), ..many }).await, []);

    // What was noticed long ago goes when something comes, however old the traffic is.
    let late = at(10).plus(CHANGES_KEPT);
    let last = endpoint("/last", 1);
    let end = Batch { now: late, ..batch(0, &[(&last, surface(&last))]) };
    assert_eq!(save(store, end).await.len(), 1);
    let kept = listed(store, ChangeFilter::default()).await;
    assert_eq!(kept.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["/last"]);
}

pub(super) async fn the_oldest_changes_make_room(store: &dyn Store) {
    let s = scope();
    let most = usize::try_from(MAX_CHANGES).expect("small");
    let wide: Vec<_> = (0..=most / 900).map(|n| endpoint(&format!("/w{n}"), 1)).collect();
    let first = Batch { now: at(1), surfaces: wide.iter().map(surface).collect(), ..of(&wide) };
    assert_eq!(save(store, first).await, []);
    let mut told = 0;
    for (n, one) in (0..).zip(&wide) {
        let surfaces = vec![with_parameters(one, 900)];
        let batch = Batch { now: at(10 + n), surfaces, ..of(std::slice::from_ref(one)) };
        told += save(store, batch).await.len();
    }
    assert!(told > most);
    let none = ChangeFilter::default();
    assert_eq!(store.change_facets(&s, &none).await.expect("facets").total, MAX_CHANGES);
    for (one, kept) in [(wide.first(), 900 - (told - most)), (wide.last(), 900)] {
        let endpoint = one.map(|one| one.id.clone());
        let filter = ChangeFilter { endpoint, ..ChangeFilter::default() };
        assert_eq!(listed(store, filter).await.len(), kept);
    }
}
