//! The inventory of clients.

use bartizan_model::{
    ClientDetail, ClientForm, ClientKind, ClientSummary, ClientTold, EndpointId, Grade, Scope,
    ScopeUse,
    analysis::NamedCount,
    client::{AllowedOperation, ClientOperation, ClientScope},
    ids::{ClientId, OrganisationId},
};
use bartizan_store::{Batch, ClientFilter, ClientOrder, MAX_KEPT_CLIENTS, PageRequest, Store};

use super::all;
use crate::samples::{at, scope};

fn client(name: &str, kind: ClientKind, requests: u64, unused: u64) -> ClientDetail {
    let count = |name: &str| vec![NamedCount { name: name.to_owned(), count: requests }];
    let scope = |name: &str, usage| ClientScope { name: name.into(), claim: "scope".into(), usage };
    ClientDetail {
        summary: ClientSummary {
            id: ClientId::derive(&Scope::default(), &[name]),
            label: name.into(),
            form: if kind == ClientKind::Device {
                ClientForm::Key
            } else {
                ClientForm::Application
            },
            told_by: ClientTold::Token,
            grade: Grade::Accepted,
            issuer: Some("https://id.example.com".into()),
            kind,
            kind_evidence: count("server: its tokens are its own and name no user"),
            users: 3,
            sources: 2,
            requests,
            granted: requests,
            refused: 0,
            operations_used: 1,
            operations_unused: Some(1),
            scopes_granted: 1 + unused,
            scopes_used: 1,
            scopes_unused: unused,
            first_seen: Some(at(1)),
            last_seen: Some(at(i64::try_from(requests).expect("small"))),
        },
        scopes: vec![scope("orders:read", ScopeUse::Used), scope("x", ScopeUse::Unused)],
        operations: vec![ClientOperation {
            endpoint_id: EndpointId::from_text("ep_a"),
            name: "GET api.example.com/a".to_owned(),
            requests,
            needed: vec!["orders:read".to_owned()],
            lacking: Vec::new(),
            data: Vec::new(),
        }],
        operations_not_kept: 0,
        allowed: vec![AllowedOperation {
            path: "/b".to_owned(),
            method: "GET".to_owned(),
            scopes: vec!["x".to_owned()],
        }],
        fingerprints: count("t13d1516h2_8daaf6152771_b186095e22b6"),
        tls_versions: count("1.3"),
        absorbed: Vec::new(),
    }
}

async fn save(store: &dyn Store, clients: Vec<ClientDetail>, now: i64) {
    let batch = Batch { now: at(now), clients, ..Batch::default() };
    store.save_batch(&scope(), &batch).await.expect("saved");
}

async fn labels(store: &dyn Store, filter: &ClientFilter, order: ClientOrder) -> Vec<String> {
    let page = PageRequest { order, ..all() };
    let list = store.clients(&scope(), filter, &page).await.expect("list");
    list.items.into_iter().map(|one| one.label.to_string()).collect()
}

pub(super) async fn clients_read_back_and_are_replaced(store: &dyn Store) {
    let mut one = client("web", ClientKind::Browser, 10, 2);
    save(store, vec![one.clone()], 5).await;
    let id = one.summary.id.clone();
    assert_eq!(store.client(&scope(), &id).await.expect("read"), Some(one.clone()));
    let list = store.clients(&scope(), &ClientFilter::default(), &all()).await.expect("list");
    assert_eq!((list.items, list.next), (vec![one.summary.clone()], None));
    one.summary.requests = 11;
    one.operations.clear();
    save(store, vec![one.clone()], 6).await;
    assert_eq!(store.client(&scope(), &id).await.expect("read"), Some(one));
    // A batch without clients takes none away, and another organisation sees none.
    save(store, Vec::new(), 7).await;
    assert_eq!(labels(store, &ClientFilter::default(), ClientOrder::default()).await, ["web"]);
    let other = Scope { organisation: OrganisationId::from_text("other"), ..scope() };
    assert_eq!(store.client(&other, &id).await.expect("read"), None);
}

pub(super) async fn clients_are_filtered_sorted_and_counted(store: &dyn Store) {
    let clients = vec![
        client("Web shop", ClientKind::Browser, 30, 0),
        client("billing", ClientKind::Server, 20, 5),
        client("meter", ClientKind::Device, 10, 1),
    ];
    save(store, clients, 50).await;
    let none = ClientFilter::default();
    for (order, expected) in [
        (ClientOrder::RequestsDown, ["Web shop", "billing", "meter"]),
        (ClientOrder::Requests, ["meter", "billing", "Web shop"]),
        (ClientOrder::ScopesUnusedDown, ["billing", "meter", "Web shop"]),
        (ClientOrder::ScopesUnused, ["Web shop", "meter", "billing"]),
        (ClientOrder::LastSeen, ["meter", "billing", "Web shop"]),
        (ClientOrder::LastSeenDown, ["Web shop", "billing", "meter"]),
    ] {
        assert_eq!(labels(store, &none, order).await, expected, "{order:?}");
    }
    let two = ClientFilter { kinds: vec![ClientKind::Server, ClientKind::Device], ..none.clone() };
    assert_eq!(labels(store, &two, ClientOrder::default()).await, ["billing", "meter"]);
    let key = ClientFilter { forms: vec![ClientForm::Key], ..none.clone() };
    assert_eq!(labels(store, &key, ClientOrder::default()).await, ["meter"]);
    let named = ClientFilter { label_contains: Some("SHOP".to_owned()), ..none };
    assert_eq!(labels(store, &named, ClientOrder::default()).await, ["Web shop"]);
    let facets = store.client_facets(&scope(), &two).await.expect("facets");
    assert_eq!(facets.total, 2);
    let kinds = &facets.facets["kind"].values;
    assert_eq!(kinds.len(), 3, "a filter does not narrow its own counts: {kinds:?}");
    let first = store.clients(&scope(), &two, &PageRequest::first(1)).await.expect("first");
    let next = PageRequest::after(1, first.next.expect("more"));
    let second = store.clients(&scope(), &two, &next).await.expect("second");
    assert_eq!((second.items[0].label.as_str(), second.next), ("meter", None));
}

pub(super) async fn what_turned_out_to_be_another_client_goes(store: &dyn Store) {
    let asked = client("asked", ClientKind::Unknown, 1, 0);
    save(store, vec![asked.clone()], 1).await;
    let mut used = client("used", ClientKind::Server, 9, 0);
    used.absorbed = vec![asked.summary.id.clone()];
    save(store, vec![used], 2).await;
    assert_eq!(labels(store, &ClientFilter::default(), ClientOrder::default()).await, ["used"]);
}

pub(super) async fn clients_not_seen_for_longest_make_room(store: &dyn Store) {
    let more = MAX_KEPT_CLIENTS + 3;
    let clients = (1..=more).map(|n| client(&format!("c{n}"), ClientKind::Server, n, 0));
    save(store, clients.collect(), 1).await;
    let facets = store.client_facets(&scope(), &ClientFilter::default()).await.expect("facets");
    assert_eq!(facets.total, MAX_KEPT_CLIENTS);
    let page = PageRequest { order: ClientOrder::LastSeen, ..PageRequest::first(1) };
    let oldest = store.clients(&scope(), &ClientFilter::default(), &page).await.expect("list");
    assert_eq!(oldest.items[0].label, "c4");
}
