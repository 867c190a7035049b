//! Merging, splitting and undoing of endpoints.

use bartizan_model::{InventoryState, KnownBy, Severity};
use bartizan_store::{Batch, EndpointFilter, EndpointMerge, FindingFilter, Store, StoreError};

use super::{all, with_findings};
use crate::samples::{at, endpoint, finding, scope};

pub(super) async fn endpoints_merge_split_and_come_back(store: &dyn Store) {
    let s = scope();
    let [a, b, c] = ["/a", "/b", "/c"].map(|path| endpoint(path, 10));
    let batch = Batch {
        endpoints: vec![a.clone(), b.clone(), c.clone()],
        ..with_findings(vec![finding("on a", Severity::High, 10)], 1)
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let merge =
        |from: &[&bartizan_model::Endpoint], into: &bartizan_model::Endpoint| EndpointMerge {
            from: from.iter().map(|e| e.id.clone()).collect(),
            into: into.id.clone(),
            reason: "same thing".to_owned(),
        };
    let first = store.merge_endpoints(&s, &merge(&[&a], &b), "ann", at(2)).await.expect("a→b");
    let second = store.merge_endpoints(&s, &merge(&[&b], &c), "ann", at(3)).await.expect("b→c");
    assert_eq!((first.sequence, second.sequence, second.changes.len()), (1, 2, 2));
    assert_eq!(store.resolve_endpoint(&s, &a.id).await.expect("id"), c.id);
    let got = store.endpoint(&s, &a.id).await.expect("one").expect("stored");
    assert_eq!((&got.id, got.aliases.len()), (&c.id, 2));
    let list = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(list.iter().map(|e| &e.id).collect::<Vec<_>>(), [&c.id]);
    // Findings of an alias are found under the endpoint, and the other way round.
    for id in [&a.id, &c.id] {
        let filter = FindingFilter { endpoint: Some(id.clone()), ..Default::default() };
        let found = store.findings(&s, &filter, &all()).await.expect("list").items;
        assert_eq!(found, batch.findings);
    }
    for bad in [merge(&[&c], &a), merge(&[&c], &c), merge(&[&a], &c)] {
        let refused = store.merge_endpoints(&s, &bad, "ann", at(4)).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{bad:?}");
    }
    let early = store.undo_alias_event(&s, first.sequence, "ann", at(5)).await;
    assert!(matches!(early, Err(StoreError::InvalidChange { .. })), "a later event is on top");
    store.undo_alias_event(&s, second.sequence, "ann", at(6)).await.expect("undone");
    assert_eq!(store.resolve_endpoint(&s, &a.id).await.expect("id"), b.id);
    assert_eq!(store.resolve_endpoint(&s, &b.id).await.expect("id"), b.id);
    let twice = store.undo_alias_event(&s, second.sequence, "ann", at(7)).await;
    assert!(matches!(twice, Err(StoreError::InvalidChange { .. })));
    store.split_endpoint(&s, &a.id, "ann", "differs", at(8)).await.expect("split");
    let none = store.split_endpoint(&s, &a.id, "ann", "differs", at(9)).await;
    assert!(matches!(none, Err(StoreError::NotFound { .. })));
    let list = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(list, [a, b, c], "all are back as they were");
    let events = store.alias_events(&s, &all()).await.expect("events").items;
    assert_eq!(events.iter().map(|e| e.sequence).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(events[1].undoes, Some(2));
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, 4);
}

pub(super) async fn automatic_merges_respect_people(store: &dyn Store) {
    let s = scope();
    let [a, mut b] = ["/a", "/b"].map(|path| endpoint(path, 10));
    b.aliases = vec![a.id.clone(), b.id.clone()];
    let batch = Batch { now: at(1), endpoints: vec![a.clone(), b.clone()], ..Batch::default() };
    assert_eq!(
        store.save_batch(&s, &batch).await.expect("saved").merged,
        std::slice::from_ref(&a.id)
    );
    assert_eq!(store.save_batch(&s, &batch).await.expect("again").merged, []);
    assert_eq!(store.resolve_endpoint(&s, &a.id).await.expect("id"), b.id);
    store.split_endpoint(&s, &a.id, "ann", "differs", at(2)).await.expect("split");
    assert_eq!(store.save_batch(&s, &batch).await.expect("once more").merged, []);
    assert_eq!(store.resolve_endpoint(&s, &a.id).await.expect("id"), a.id);
    assert_eq!(store.counts(&s).await.expect("counts").endpoints, 2);
}

pub(super) async fn what_is_only_discovered_is_forgotten_with_the_whole(store: &dyn Store) {
    let s = scope();
    let [mut code, mut crawl, mut written, called] =
        ["/code", "/crawl", "/written", "/called"].map(|path| endpoint(path, 10));
    code.known_by = vec![KnownBy::Code];
    crawl.known_by = vec![KnownBy::Crawl];
    written.known_by = vec![KnownBy::Specification, KnownBy::Code];
    written.inventory_state = InventoryState::Orphan;
    let everything = [code.clone(), crawl, written.clone(), called.clone()];
    let batch =
        Batch { endpoints: everything.to_vec(), is_whole_inventory: true, ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("saved");
    let filter = EndpointFilter { known_by: vec![KnownBy::Code], ..EndpointFilter::default() };
    let found = store.endpoints(&s, &filter, &all()).await.expect("list").items;
    assert_eq!(found, [code.clone(), written.clone()]);

    // A part says nothing about the rest.
    let part = Batch { endpoints: vec![called.clone()], now: at(2), ..Batch::default() };
    store.save_batch(&s, &part).await.expect("saved");
    let count = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items.len();
    assert_eq!(count, 4);
    let whole = Batch {
        endpoints: vec![code.clone()],
        is_whole_inventory: true,
        now: at(3),
        ..Batch::default()
    };
    store.save_batch(&s, &whole).await.expect("saved");
    let list = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(list, [called, code, written], "what was called or is written stays");
}
