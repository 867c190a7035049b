//! Journey graphs.

use bartizan_model::{
    EndpointId, Journey,
    journey::{JourneyMove, JourneyNode, LoginSequence},
};
use bartizan_store::{Batch, JourneyFilter, JourneyOrder, PageRequest, Store, StoreError};

use super::all;
use crate::samples::{at, scope};

fn journey(host: &str, role: &str, sessions: u64) -> Journey {
    let id = EndpointId::derive(&scope(), &["GET", "/a"]);
    let node = JourneyNode {
        endpoint_id: id.clone(),
        path: "/a".to_owned(),
        visits: 2 * sessions,
        sessions,
        share: 0.1234,
        ..JourneyNode::default()
    };
    let again = JourneyMove {
        from: id.clone(),
        to: id.clone(),
        count: sessions,
        p50_ms: Some(1_230.0),
        ..JourneyMove::default()
    };
    let mut journey = Journey {
        id: Journey::id_of(&scope(), host, role),
        host: host.to_owned(),
        role: role.into(),
        sessions,
        nodes: vec![node],
        moves: vec![again],
        first_seen: Some(at(1)),
        ..Journey::default()
    };
    journey.login.sequences = vec![LoginSequence { steps: vec![id], ..LoginSequence::default() }];
    journey
}

pub(super) async fn journeys_are_replaced_listed_and_filtered(store: &dyn Store) {
    let s = scope();
    let one = journey("a.example.com", "admin", 5);
    let mut journeys: Vec<Journey> =
        (0..7).map(|n| journey("b.example.com", &format!("role {n}"), n % 3)).collect();
    journeys.push(one.clone());
    let batch = Batch { now: at(1), journeys, ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let got = store.journey(&s, &one.id).await.expect("read").expect("there");
    assert_eq!(got, one);
    let list = async |filter: &JourneyFilter, page: PageRequest<JourneyOrder>| {
        store.journeys(&s, filter, &page).await.expect("list")
    };
    let none = JourneyFilter::default();
    let listed = list(&none, all()).await.items;
    assert!(listed.len() == 8 && listed.is_sorted_by_key(|one| std::cmp::Reverse(one.sessions)));
    assert_eq!((listed[0].nodes, listed[0].first_seen), (1, Some(at(1))));
    assert!(listed[0].login_sequence.as_deref().is_some_and(|way| way.contains("/a")));
    // What is known now counts, also when it is less.
    let less = Journey { sessions: 1, ..one.clone() };
    let batch = Batch { now: at(2), journeys: vec![less], ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    assert_eq!(store.journey(&s, &one.id).await.expect("read").expect("there").sessions, 1);
    for (hosts, roles, count) in [
        (&["a.example.com"][..], &[][..], 1),
        (&["a.example.com", "b.example.com"], &["role 1", "role 2"], 2),
        (&["c.example.com"], &[], 0),
    ] {
        let words = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let filter = JourneyFilter { hosts: words(hosts), roles: words(roles) };
        assert_eq!(list(&filter, all()).await.items.len(), count, "{filter:?}");
    }
    for order in JourneyOrder::ALL {
        let whole: Vec<_> = list(&none, all().by(*order)).await.items;
        let (mut parts, mut page) = (Vec::new(), PageRequest::first(3).by(*order));
        loop {
            let part = list(&none, page).await;
            parts.extend(part.items);
            let Some(next) = part.next else { break };
            page = PageRequest::after(3, next).by(*order);
        }
        assert_eq!(parts, whole, "{order:?}");
    }
    let first = list(&none, PageRequest::first(3)).await.next.expect("more");
    let other = PageRequest::after(3, first).by(JourneyOrder::Host);
    let refused = store.journeys(&s, &none, &other).await;
    assert!(matches!(refused, Err(StoreError::InvalidCursor)));
}
