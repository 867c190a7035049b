//! What a batch writes, and what it does not.

use bartizan_model::{
    EnvironmentId, FindingState, OrganisationId, Protocol, Scope, Severity, source::Checkpoint,
};
use bartizan_store::{
    Batch, EndpointFilter, FindingFilter, LearnedState, RunRecord, ServiceRecord, StateChange,
    Store,
};

use super::{all, block, change, with_findings};
use crate::samples::{actor, at, detection, endpoint, finding, incident, scope};

pub(super) async fn batches_read_back(store: &dyn Store) {
    let batch = Batch {
        now: at(100),
        endpoints: vec![endpoint("/a", 10), endpoint("/b", 20)],
        findings: vec![finding("f", Severity::High, 10)],
        detections: vec![detection("d", "mallory", 10)],
        incidents: vec![incident("i", 80, 10)],
        actors: vec![actor("mallory", 50, 10)],
        run: Some(RunRecord { id: "r1".to_owned(), started: at(5), ..RunRecord::default() }),
        ..Batch::default()
    };
    let s = scope();
    let report = store.save_batch(&s, &batch).await.expect("saved");
    assert_eq!(report.new_findings, [batch.findings[0].id.clone()]);
    assert_eq!(store.save_batch(&s, &batch).await.expect("again"), Default::default());

    let endpoints = store.endpoints(&s, &Default::default(), &all()).await.expect("list");
    assert_eq!((endpoints.items, endpoints.next), (batch.endpoints.clone(), None));
    let found = store.findings(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(found, batch.findings);
    let found = store.detections(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(found, batch.detections);
    let found = store.incidents(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(found, batch.incidents);
    let found = store.actors(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(found, batch.actors);
    assert_eq!(store.runs(&s, &all()).await.expect("list").items, [batch.run.expect("run")]);

    let id = &batch.endpoints[1].id;
    assert_eq!(store.endpoint(&s, id).await.expect("one").as_ref(), batch.endpoints.get(1));
    let id = &batch.findings[0].id;
    assert_eq!(store.finding(&s, id).await.expect("one").as_ref(), batch.findings.first());
    let id = &batch.detections[0].id;
    assert_eq!(store.detection(&s, id).await.expect("one").as_ref(), batch.detections.first());
    let id = &batch.incidents[0].id;
    assert_eq!(store.incident(&s, id).await.expect("one").as_ref(), batch.incidents.first());
    let id = &batch.actors[0].id;
    assert_eq!(store.actor(&s, id).await.expect("one").as_ref(), batch.actors.first());
    let unknown = bartizan_model::FindingId::from_text("fnd_x");
    assert_eq!(store.finding(&s, &unknown).await.expect("none"), None);
}

pub(super) async fn batches_are_cumulative(store: &dyn Store) {
    let s = scope();
    let mut early = finding("f", Severity::High, 10);
    let mut late = finding("f", Severity::Medium, 50);
    late.failed = 9;
    let mut inventory = endpoint("/a", 50);
    inventory.requests = 99;
    let first = Batch { endpoints: vec![inventory], ..with_findings(vec![late], 100) };
    store.save_batch(&s, &first).await.expect("late first");
    early.failed = 2;
    let second = Batch { endpoints: vec![endpoint("/a", 10)], ..with_findings(vec![early], 101) };
    store.save_batch(&s, &second).await.expect("early second");

    let got = store.finding(&s, &finding("f", Severity::Low, 0).id).await.expect("one");
    let got = got.expect("stored");
    assert_eq!((got.first_seen, got.last_seen), (Some(at(10)), Some(at(50))));
    assert_eq!((got.failed, got.severity), (2, Severity::High), "counts replace");
    let got = store.endpoint(&s, &endpoint("/a", 0).id).await.expect("one").expect("stored");
    assert_eq!((got.first_seen, got.last_seen), (Some(at(10)), Some(at(50))));
    assert_eq!(got.requests, 10);

    // A source without times neither widens nor erases what is known.
    let mut timeless = finding("f", Severity::High, 0);
    (timeless.first_seen, timeless.last_seen) = (None, None);
    store.save_batch(&s, &with_findings(vec![timeless], 102)).await.expect("timeless");
    let got = store.finding(&s, &finding("f", Severity::Low, 0).id).await.expect("one");
    assert_eq!(got.expect("stored").first_seen, Some(at(10)));
}

pub(super) async fn failing_batches_leave_nothing(store: &dyn Store) {
    let s = scope();
    let good = Batch { blocks: vec![block(1, 0, (1, 2), &[])], ..with_findings(vec![], 1) };
    store.save_batch(&s, &good).await.expect("first");
    let mut bad = with_findings(vec![finding("f", Severity::High, 10)], 2);
    bad.checkpoints = vec![Checkpoint { input: "x".to_owned(), ..Checkpoint::default() }];
    bad.blocks = vec![block(1, 0, (1, 2), &[])];
    store.save_batch(&s, &bad).await.expect_err("the block is there already");
    assert_eq!(store.findings(&s, &Default::default(), &all()).await.expect("list").items, []);
    assert_eq!(store.checkpoint(&s, "x").await.expect("none"), None);
    bad.blocks.clear();
    store.save_batch(&s, &bad).await.expect("writing goes on after an error");
}

pub(super) async fn scopes_do_not_mix(store: &dyn Store) {
    let other = Scope {
        organisation: OrganisationId::from_text("Acme & Sons/EU"),
        environment: EnvironmentId::from_text("test"),
    };
    let here = with_findings(vec![finding("f", Severity::High, 10)], 1);
    store.save_batch(&scope(), &here).await.expect("default scope");
    let mut there = with_findings(vec![finding("f", Severity::Low, 99)], 2);
    there.checkpoints = vec![Checkpoint { input: "x".to_owned(), ..Checkpoint::default() }];
    store.save_batch(&other, &there).await.expect("other scope");
    store.set_finding_state(&other, &change("f", FindingState::Fixed, 3)).await.expect("fixed");

    let list = store.findings(&scope(), &Default::default(), &all()).await.expect("list").items;
    assert_eq!(list, here.findings);
    assert_eq!(store.checkpoint(&scope(), "x").await.expect("none"), None);
    assert_eq!(store.audit_head(&scope()).await.expect("head").sequence, 0);
    assert_eq!(store.audit_head(&other).await.expect("head").sequence, 1);
    assert_eq!(store.verify_audit(&other, None).await.expect("chain").problem, None);
    let key = store.organisation_key(&scope().organisation, at(0)).await.expect("key");
    let theirs = store.organisation_key(&other.organisation, at(0)).await.expect("key");
    assert_ne!(key.expose(), theirs.expose());
}

pub(super) async fn hostile_text_is_only_text(store: &dyn Store) {
    let s = scope();
    let text = "'; DROP TABLE findings; --\0\u{202e}<script>\u{1b}[2J%_\\\"$1";
    let mut evil = finding(text, Severity::High, 1);
    evil.host = text.to_owned();
    evil.title = text.to_owned();
    // Longer than what an index takes, and not to be compressed into it.
    let long: String =
        (0..20_000_u32).map(|n| char::from(b'a' + (n * n % 977 % 26) as u8)).collect();
    let mut place = endpoint(text, 1);
    place.path.push_str(&long);
    place.host = text.to_owned();
    (place.protocol, place.operation) = (Protocol::Soap, Some(text.to_owned()));
    place.method.0 = text.to_owned();
    let batch = Batch {
        endpoints: vec![place.clone()],
        actors: vec![actor(text, 1, 1)],
        detections: vec![detection(text, text, 1)],
        checkpoints: vec![Checkpoint { input: text.to_owned(), ..Checkpoint::default() }],
        ..with_findings(vec![evil.clone()], 1)
    };
    store.save_batch(&s, &batch).await.expect("saved");
    let filter = EndpointFilter {
        hosts: vec![text.to_owned()],
        path_contains: Some(text.to_owned()),
        ..Default::default()
    };
    assert_eq!(store.endpoints(&s, &filter, &all()).await.expect("list").items, [place]);
    let filter = FindingFilter { hosts: vec![text.to_owned()], ..Default::default() };
    assert_eq!(store.findings(&s, &filter, &all()).await.expect("list").items, [evil.clone()]);
    let found = store.detections(&s, &Default::default(), &all()).await.expect("list").items;
    assert_eq!(found, batch.detections);
    let decided = StateChange {
        who: text.to_owned(),
        reason: text.to_owned(),
        ..change(text, FindingState::FalsePositive, 5)
    };
    store.set_finding_state(&s, &decided).await.expect("set");
    let history = store.finding_history(&s, &evil.id).await.expect("history");
    assert_eq!(
        history[0].reason,
        text.replace('\0', "\u{fffd}"),
        "what not all databases can keep"
    );
    assert!(store.checkpoint(&s, text).await.expect("stored").is_some());
}

pub(super) async fn progress_is_kept(store: &dyn Store) {
    let s = scope();
    let checkpoint = Checkpoint {
        input: "capture.har #abc".to_owned(),
        offset: u64::from(u32::MAX) * 7,
        exchanges: 12,
        reader: vec![0, 255, 7],
    };
    let learned = LearnedState { name: "judgement".to_owned(), content: vec![0, 1, 255] };
    for offset in [1, checkpoint.offset] {
        let batch = Batch {
            now: at(9),
            checkpoints: vec![Checkpoint { offset, ..checkpoint.clone() }],
            learned: vec![learned.clone()],
            ..Batch::default()
        };
        store.save_batch(&s, &batch).await.expect("saved");
    }
    let got = store.checkpoint(&s, &checkpoint.input).await.expect("stored");
    assert_eq!(got, Some(checkpoint.clone()));
    assert_eq!(store.learned(&s, "judgement").await.expect("stored"), Some((learned, at(9))));
    assert_eq!(store.learned(&s, "other").await.expect("none"), None);
    assert!(store.forget_checkpoint(&s, &checkpoint.input).await.expect("forgotten"));
    assert!(!store.forget_checkpoint(&s, &checkpoint.input).await.expect("nothing left"));
    let service =
        ServiceRecord { name: "Orders".to_owned(), owner: "shop".to_owned(), ..Default::default() };
    let head = store.audit_head(&s).await.expect("head").sequence;
    store.save_service(&s, &service, "ann", at(1)).await.expect("saved");
    store.save_service(&s, &service, "ann", at(2)).await.expect("saved again");
    let renamed = ServiceRecord { owner: "'; --".to_owned(), ..service.clone() };
    store.save_service(&s, &renamed, "bob", at(3)).await.expect("changed");
    assert_eq!(store.services(&s).await.expect("list"), [renamed]);
    let records = store.audit_records(&s, head, &all()).await.expect("audit").items;
    let who: Vec<_> = records.iter().map(|r| (r.action.as_str(), r.who.as_str())).collect();
    assert_eq!(who, [("service.save", "ann"), ("service.save", "bob")], "what is the same is none");
    let details: serde_json::Value = serde_json::from_str(&records[1].details).expect("JSON");
    assert_eq!(
        (&details["from"]["owner"], &details["to"]["owner"]),
        (&"shop".into(), &"'; --".into())
    );
}
