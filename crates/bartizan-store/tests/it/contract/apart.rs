//! Paths that are kept apart.

use bartizan_model::EndpointId;
use bartizan_store::{
    AuditOrder, Batch, EndpointMerge, MAX_PATH_APART, MAX_PATHS_APART, PageRequest, Parting,
    PathApart, Store, StoreError,
};

use super::all;
use crate::samples::{at, endpoint, scope};

fn parting(endpoint: &EndpointId, paths: &[&str], ids: &[&EndpointId]) -> Parting {
    Parting {
        endpoint: endpoint.clone(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        ids: ids.iter().map(|id| (*id).clone()).collect(),
        who: "ann".to_owned(),
        reason: "they are different things".to_owned(),
        now: at(5),
    }
}

pub(super) async fn paths_are_kept_apart_once_and_for_all(store: &dyn Store) {
    let s = scope();
    let [user, search, me] =
        ["/users/{user_id}", "/users/search", "/users/me"].map(|p| endpoint(p, 10));
    let merge = EndpointMerge {
        from: vec![search.id.clone()],
        into: user.id.clone(),
        reason: "values of one parameter".to_owned(),
    };
    let batch = Batch {
        now: at(1),
        endpoints: vec![user.clone(), search.clone()],
        merges: vec![merge],
        ..Batch::default()
    };
    store.save_batch(&s, &batch).await.expect("saved");
    assert_eq!(store.resolve_endpoint(&s, &search.id).await.expect("id"), user.id);
    assert_eq!(store.paths_apart(&s).await.expect("read"), []);

    // One was never written as an alias: it is kept from becoming one.
    let paths = ["h.example/users/search", "h.example/users/me", "h.example/users/me"];
    let wanted = parting(&user.id, &paths, &[&search.id, &me.id]);
    assert!(store.keep_apart(&s, &wanted).await.expect("decided"));
    assert!(!store.keep_apart(&s, &wanted).await.expect("decided before"));
    let apart = |path: &str| PathApart { path: path.to_owned(), endpoint: user.id.clone() };
    let expected = [apart("h.example/users/me"), apart("h.example/users/search")];
    assert_eq!(store.paths_apart(&s).await.expect("read"), expected);
    assert_eq!(store.resolve_endpoint(&s, &search.id).await.expect("id"), search.id);

    let again =
        EndpointMerge { from: vec![search.id.clone(), me.id.clone()], ..batch.merges[0].clone() };
    let batch = Batch { now: at(6), merges: vec![again], ..batch };
    assert_eq!(store.save_batch(&s, &batch).await.expect("saved").merged, []);
    let listed = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(listed.len(), 2, "no automatic merge touches it");

    let page = PageRequest::<AuditOrder>::first(10);
    let records = store.audit_records(&s, 0, &page).await.expect("audit").items;
    let actions: Vec<_> = records.iter().map(|r| (r.who.as_str(), r.action.as_str())).collect();
    let expected = [("ann", "endpoint.split"), ("ann", "endpoint.keep_apart")];
    assert_eq!(
        actions.iter().filter(|(who, _)| *who == "ann").copied().collect::<Vec<_>>(),
        expected
    );
    let events = store.alias_events(&s, &all()).await.expect("events").items;
    assert_eq!((events.len(), events[0].changes.len()), (2, 2));
}

pub(super) async fn ids_that_came_back_stand_for_themselves(store: &dyn Store) {
    let s = scope();
    let [user, search, me] =
        ["/users/{user_id}", "/users/search", "/users/me"].map(|p| endpoint(p, 10));
    let merge = EndpointMerge {
        from: vec![search.id.clone()],
        into: user.id.clone(),
        reason: "values of one parameter".to_owned(),
    };
    let endpoints = vec![user.clone(), search.clone()];
    let merged = Batch { now: at(1), endpoints, merges: vec![merge], ..Batch::default() };
    store.save_batch(&s, &merged).await.expect("saved");
    assert_eq!(store.resolve_endpoint(&s, &search.id).await.expect("id"), user.id);

    // In one batch with the merge, which comes too late. Nothing leads from `me`, so that nothing is to be done.
    let apart = vec![search.id.clone(), me.id.clone()];
    let parted = Batch { now: at(2), apart, ..merged };
    assert_eq!(store.save_batch(&s, &parted).await.expect("saved").merged, []);
    assert_eq!(store.resolve_endpoint(&s, &search.id).await.expect("id"), search.id);
    assert_eq!(store.save_batch(&s, &parted).await.expect("saved").merged, []);
    let listed = store.endpoints(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(listed.len(), 2, "both are there");
    assert_eq!(store.paths_apart(&s).await.expect("read"), [], "nobody decided it");
    let events = store.alias_events(&s, &all()).await.expect("events").items;
    let changed: Vec<_> = events.iter().map(|one| (one.who.as_str(), one.changes.len())).collect();
    assert_eq!(
        changed,
        [("bartizan", 1), ("bartizan", 1)],
        "the merge, and what took it back once"
    );
}

pub(super) async fn paths_apart_are_bounded(store: &dyn Store) {
    let s = scope();
    let id = EndpointId::from_text("ep_a");
    let many: Vec<String> = (0..MAX_PATHS_APART).map(|n| format!("h/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(store.keep_apart(&s, &parting(&id, &many, &[])).await.expect("decided"));
    let long = format!("h/{}", "a".repeat(MAX_PATH_APART));
    for path in ["h/one-more", &long] {
        let refused = store.keep_apart(&s, &parting(&id, &[path], &[])).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{refused:?}");
    }
    assert!(!store.keep_apart(&s, &parting(&id, &["h/7"], &[])).await.expect("decided before"));
    assert_eq!(store.paths_apart(&s).await.expect("read").len(), MAX_PATHS_APART);
    let elsewhere = bartizan_model::Scope {
        environment: bartizan_model::EnvironmentId::from_text("elsewhere"),
        ..scope()
    };
    assert_eq!(store.paths_apart(&elsewhere).await.expect("read"), []);
}
