//! Who works on findings, and what is said of them.

use bartizan_model::{EndpointId, Protocol, Role, Severity};
use bartizan_store::{
    Assignment, Batch, EndpointMerge, FindingFilter, MAX_COMMENT, NewComment, NewPassword, Store,
    StoreError, UserChange,
};

use super::{all, with_findings};
use crate::samples::{actor, at, endpoint, finding, scope};

async fn add_user(store: &dyn Store, name: &str) {
    let password = NewPassword { hash: "none".to_owned(), must_change: false };
    let s = scope();
    store.add_user(&s, name, Role::Admin, &password, "test", at(0)).await.expect("added");
}

pub(super) async fn findings_are_given_to_users(store: &dyn Store) {
    let s = scope();
    for name in ["ann", "bob"] {
        add_user(store, name).await;
    }
    let both = vec![finding("f", Severity::High, 10), finding("g", Severity::High, 10)];
    let ids: Vec<_> = both.iter().map(|finding| finding.id.clone()).collect();
    store.save_batch(&s, &with_findings(both.clone(), 1)).await.expect("saved");
    let head = store.audit_head(&s).await.expect("head").sequence;
    let assign = async |of: usize, to: Option<&str>| {
        let to = to.map(str::to_owned);
        let finding = ids[of].clone();
        let assignment = Assignment { finding, to, who: "ann".to_owned(), now: at(20) };
        store.assign_finding(&s, &assignment).await
    };
    assign(0, Some("bob")).await.expect("given");
    assign(0, Some("bob")).await.expect("theirs already");
    assign(1, None).await.expect("nobody's already");
    let records = store.audit_records(&s, head, &all()).await.expect("audit").items;
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].action.as_str(), &*records[0].subject),
        ("finding.assign", ids[0].as_str())
    );
    assert_eq!(records[0].details, r#"{"from":null,"to":"bob"}"#);
    // It stays theirs when it is seen again.
    store.save_batch(&s, &with_findings(both, 30)).await.expect("saved");
    let theirs = store.assignees(&s, &ids).await.expect("read");
    assert_eq!(theirs.into_iter().collect::<Vec<_>>(), [(ids[0].clone(), "bob".to_owned())]);
    let found = async |filter: FindingFilter| {
        let page = store.findings(&s, &filter, &all()).await.expect("read");
        page.items.into_iter().map(|finding| finding.id).collect::<Vec<_>>()
    };
    let of = |name: &str| FindingFilter { assignee: Some(name.to_owned()), ..Default::default() };
    assert_eq!(found(of("bob")).await, ids[..1]);
    assert!(found(of("ann")).await.is_empty());
    assert_eq!(found(FindingFilter { unassigned: true, ..Default::default() }).await, ids[1..]);

    let change = UserChange {
        name: "bob".to_owned(),
        disabled: Some(true),
        who: "ann".to_owned(),
        now: at(40),
        ..UserChange::default()
    };
    store.change_user(&s, &change).await.expect("shut out");
    let head = store.audit_head(&s).await.expect("head").sequence;
    for nobody in ["bob", "eve", ""] {
        let refused = assign(1, Some(nobody)).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{nobody:?}");
    }
    let finding = finding("none", Severity::Low, 0).id;
    let unknown = Assignment { finding, to: None, who: "ann".to_owned(), now: at(50) };
    let refused = store.assign_finding(&s, &unknown).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, head, "refusals write nothing");
    // Whose it was is kept until somebody says otherwise.
    assert_eq!(found(of("bob")).await, ids[..1]);
    assign(0, None).await.expect("taken back");
    assert!(store.assignees(&s, &ids).await.expect("read").is_empty());
}

pub(super) async fn comments_are_kept_and_audited(store: &dyn Store) {
    let s = scope();
    let saved = with_findings(vec![finding("f", Severity::High, 10)], 1);
    store.save_batch(&s, &saved).await.expect("saved");
    let id = &saved.findings[0].id;
    let new = |text: &str, now: i64| NewComment {
        finding: id.clone(),
        text: text.to_owned(),
        who: "ann".to_owned(),
        now: at(now),
    };
    let texts = ["'; DROP TABLE findings; --\n\t\u{202e}é".to_owned(), "x".repeat(MAX_COMMENT)];
    for (text, now) in texts.iter().zip(5..) {
        let said = store.comment_on_finding(&s, &new(text, now)).await.expect("said");
        assert_eq!((&said.text, said.time), (text, at(now)));
    }
    let read = store.finding_comments(&s, id).await.expect("read");
    assert_eq!(read.iter().map(|c| c.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(read.iter().map(|c| &c.text).collect::<Vec<_>>(), texts.iter().collect::<Vec<_>>());
    let records = store.audit_records(&s, 0, &all()).await.expect("audit").items;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|r| r.action == "finding.comment" && r.subject == id.as_str()));
    for wrong in ["", "\n", "a\0", "\u{7f}", &"x".repeat(MAX_COMMENT + 1)] {
        let refused = store.comment_on_finding(&s, &new(wrong, 9)).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{wrong:?}");
    }
    let unknown = NewComment { finding: finding("none", Severity::Low, 0).id, ..new("a", 9) };
    let refused = store.comment_on_finding(&s, &unknown).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, 2, "refusals write nothing");
}

pub(super) async fn things_have_names(store: &dyn Store) {
    let s = scope();
    let (mut a, b) = (endpoint("/a", 1), endpoint("/b", 1));
    (a.protocol, a.operation) = (Protocol::Soap, Some("Add".to_owned()));
    // One of the ids that lead to it was never written down itself.
    let early = EndpointId::from_text("ep_early");
    let merge = EndpointMerge {
        from: vec![b.id.clone(), early.clone()],
        into: a.id.clone(),
        reason: String::new(),
    };
    let batch = Batch {
        now: at(1),
        endpoints: vec![a.clone(), b.clone()],
        merges: vec![merge],
        actors: vec![actor("mallory", 1, 1)],
        ..Batch::default()
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let unknown = EndpointId::from_text("ep_unknown");
    let ids = [a.id.clone(), b.id, early, unknown.clone()];
    let names = store.endpoint_names(&s, &ids).await.expect("read");
    assert_eq!(names.len(), 3);
    assert!(names.values().all(|name| name.path == "/a" && name.host == a.host), "{names:?}");
    assert!(names.values().all(|name| name.operation.as_deref() == Some("Add")), "{names:?}");
    assert!(!names.contains_key(&unknown));
    // More than fit into one statement.
    let many: Vec<_> = (0..1_200).map(|n| EndpointId::from_text(format!("ep_{n}"))).collect();
    let many = [many, vec![a.id.clone()]].concat();
    assert_eq!(store.endpoint_names(&s, &many).await.expect("read").len(), 1);
    let mallory = batch.actors[0].reference();
    let actors = store.actor_names(&s, std::slice::from_ref(&mallory.id)).await.expect("read");
    assert_eq!(actors.into_values().collect::<Vec<_>>(), [mallory]);
    assert!(store.actor_names(&s, &[]).await.expect("read").is_empty());
}
