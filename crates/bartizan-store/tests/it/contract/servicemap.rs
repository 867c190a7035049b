//! Services and third parties: replaced as a whole, filtered, listed in parts.

use bartizan_model::{
    NodeKind, ServiceGraph, ServiceNode, ThirdParty, ToldBy, services::EgressClass,
};
use bartizan_store::{Batch, PageRequest, Store, ThirdPartyFilter, ThirdPartyOrder};

use super::all;
use crate::samples::{at, scope};

fn party(host: &str, requests: u64, plain: u64, class: &str, seen: i64) -> ThirdParty {
    let sent = EgressClass { class: class.to_owned(), values: requests, operations: 1 };
    ThirdParty {
        host: host.to_owned(),
        told_by: if plain > 0 { ToldBy::Traffic } else { ToldBy::Rule },
        told: "exchanges: \0".to_owned(),
        requests,
        failures: 0,
        encrypted: requests - plain,
        plain,
        operations: 1,
        top_operations: Vec::new(),
        callers: Vec::new(),
        sent: vec![sent],
        received: Vec::new(),
        credentials: Vec::new(),
        first_seen: Some(at(1)),
        last_seen: Some(at(seen)),
    }
}

fn graph(name: &str) -> ServiceGraph {
    let node = ServiceNode {
        id: format!("service:{name}"),
        kind: NodeKind::Service,
        name: name.to_owned(),
        hosts: vec![format!("{name}.test")],
        endpoints: 1,
        fan_out: 2,
        composite_endpoints: 0,
    };
    ServiceGraph { nodes: vec![node], forgotten: 3, ..ServiceGraph::default() }
}

async fn save(store: &dyn Store, services: Option<ServiceGraph>, egress: Option<Vec<ThirdParty>>) {
    let batch = Batch { now: at(10), services, egress, ..Batch::default() };
    store.save_batch(&scope(), &batch).await.expect("saved");
}

async fn hosts(store: &dyn Store, filter: ThirdPartyFilter, order: ThirdPartyOrder) -> Vec<String> {
    let page = PageRequest { order, ..all() };
    let page = store.third_parties(&scope(), &filter, &page).await.expect("list");
    page.items.into_iter().map(|one| one.host).collect()
}

pub(super) async fn services_are_replaced_as_a_whole(store: &dyn Store) {
    let s = scope();
    assert_eq!(store.service_graph(&s).await.expect("read"), None);
    save(store, Some(graph("shop/é'")), Some(vec![party("a.test", 3, 0, "iban", 5)])).await;
    assert_eq!(store.service_graph(&s).await.expect("read"), Some(graph("shop/é'")));
    save(store, None, None).await;
    assert_eq!(store.service_graph(&s).await.expect("read"), Some(graph("shop/é'")), "a step");
    let listed = store.third_parties(&s, &ThirdPartyFilter::default(), &all()).await.expect("list");
    assert_eq!(listed.items, [party("a.test", 3, 0, "iban", 5)]);
    save(store, Some(graph("b")), Some(vec![party("b.test", 3, 0, "iban", 5)])).await;
    assert_eq!(store.service_graph(&s).await.expect("read"), Some(graph("b")));
    let none = ThirdPartyFilter::default();
    assert_eq!(hosts(store, none.clone(), ThirdPartyOrder::default()).await, ["b.test"]);
    let other = bartizan_model::Scope {
        organisation: bartizan_model::OrganisationId::from_text("other"),
        ..scope()
    };
    assert_eq!(store.service_graph(&other).await.expect("read"), None);
    let theirs = store.third_parties(&other, &none, &all()).await.expect("list");
    assert_eq!(theirs.items, []);
    save(store, None, Some(Vec::new())).await;
    assert!(hosts(store, none, ThirdPartyOrder::default()).await.is_empty());
}

pub(super) async fn third_parties_are_filtered_and_listed(store: &dyn Store) {
    let long = format!("{}.test", "x".repeat(5_000));
    let parties = vec![
        party("a.test", 7, 0, "iban", 3),
        party("b.test", 9, 2, "iban_other", 2),
        party("Pay.test", 8, 0, "email", 1),
        party(&long, 1, 0, "email", 9),
    ];
    save(store, None, Some(parties)).await;
    let none = ThirdPartyFilter::default();
    let short = |hosts: Vec<String>| -> Vec<String> {
        hosts.iter().map(|host| host.chars().take(4).collect()).collect()
    };
    for (order, expected) in [
        (ThirdPartyOrder::RequestsDown, ["b.te", "Pay.", "a.te", "xxxx"]),
        (ThirdPartyOrder::Requests, ["xxxx", "a.te", "Pay.", "b.te"]),
        (ThirdPartyOrder::LastSeenDown, ["xxxx", "a.te", "b.te", "Pay."]),
        (ThirdPartyOrder::LastSeen, ["Pay.", "b.te", "a.te", "xxxx"]),
        (ThirdPartyOrder::Host, ["Pay.", "a.te", "b.te", "xxxx"]),
    ] {
        assert_eq!(short(hosts(store, none.clone(), order).await), expected, "{order:?}");
    }
    for (filter, expected) in [
        (ThirdPartyFilter { host_contains: Some("PAY".to_owned()), ..none.clone() }, "Pay.test"),
        (ThirdPartyFilter { sent: vec!["iban".to_owned()], ..none.clone() }, "a.test"),
        (ThirdPartyFilter { plain: Some(true), ..none.clone() }, "b.test"),
        (ThirdPartyFilter { told_by: vec![ToldBy::Traffic], ..none.clone() }, "b.test"),
    ] {
        assert_eq!(hosts(store, filter, ThirdPartyOrder::default()).await, [expected]);
    }
    let rest = ThirdPartyFilter { plain: Some(false), ..none.clone() };
    assert_eq!(hosts(store, rest, ThirdPartyOrder::default()).await.len(), 3);
    let mut seen = Vec::new();
    let mut page = PageRequest::<ThirdPartyOrder>::first(1);
    loop {
        let part = store.third_parties(&scope(), &none, &page).await.expect("list");
        seen.extend(part.items.into_iter().map(|one| one.requests));
        let Some(next) = part.next else { break };
        page.after = Some(next);
        assert!(seen.len() < 10, "it ends");
    }
    assert_eq!(seen, [9, 8, 7, 1]);
}
