//! Decisions about findings, and the audit log.

use bartizan_model::{Finding, FindingState, Severity};
use bartizan_store::{
    AuditEntry, AuditProblem, Batch, PRODUCT, PageRequest, StateChange, Store, StoreError,
};

use super::{all, change, with_findings};
use crate::samples::{at, finding, scope};

pub(super) async fn findings_follow_the_workflow(store: &dyn Store) {
    let s = scope();
    let batch = with_findings(vec![finding("f", Severity::High, 10)], 1);
    store.save_batch(&s, &batch).await.expect("saved");
    let accepted = StateChange { expiry: Some(at(500)), ..change("f", FindingState::Accepted, 20) };
    for (to, now) in [(FindingState::Confirmed, 10), (FindingState::Accepted, 20)] {
        let wanted =
            if to == FindingState::Accepted { accepted.clone() } else { change("f", to, now) };
        let event = store.set_finding_state(&s, &wanted).await.expect("allowed");
        assert_eq!((event.to, event.time), (to, at(now)));
    }
    let history = store.finding_history(&s, &accepted.finding).await.expect("history");
    assert_eq!(history.len(), 2);
    assert_eq!((history[1].sequence, history[1].from), (2, FindingState::Confirmed));
    assert_eq!((history[1].who.as_str(), history[1].expiry), ("ann", Some(at(500))));
    let audit = store.audit_records(&s, 0, &all()).await.expect("audit").items;
    assert_eq!(audit.len(), 2);
    assert_eq!((audit[1].action.as_str(), audit[1].who.as_str()), ("finding.state", "ann"));
    assert!(audit[1].details.contains("accepted"));

    // Seen again with new evidence: what a person accepted stays accepted.
    let again = with_findings(vec![finding("f", Severity::High, 60)], 61);
    assert_eq!(store.save_batch(&s, &again).await.expect("saved").reopened, []);
    let got = store.finding(&s, &accepted.finding).await.expect("one").expect("stored");
    assert_eq!((got.state, got.last_seen), (FindingState::Accepted, Some(at(60))));

    let refused = store.set_finding_state(&s, &change("f", FindingState::Accepted, 70)).await;
    assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "no expiry");
    let refused = store.set_finding_state(&s, &change("nobody", FindingState::Fixed, 70)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, 2, "refusals write nothing");
}

pub(super) async fn fixed_findings_are_reopened_by_new_evidence_only(store: &dyn Store) {
    let s = scope();
    let id = finding("f", Severity::High, 0).id;
    let batch = with_findings(vec![finding("f", Severity::High, 10)], 1);
    store.save_batch(&s, &batch).await.expect("saved");
    store.set_finding_state(&s, &change("f", FindingState::Fixed, 20)).await.expect("fixed");

    let report = store.save_batch(&s, &batch).await.expect("the same result once more");
    assert_eq!(report.reopened, []);
    let newer = with_findings(vec![finding("f", Severity::High, 30)], 31);
    let report = store.save_batch(&s, &newer).await.expect("seen again");
    assert_eq!(report.reopened, std::slice::from_ref(&id));
    let got = store.finding(&s, &id).await.expect("one").expect("stored");
    assert_eq!(got.state, FindingState::Open);
    let history = store.finding_history(&s, &id).await.expect("history");
    let last = history.last().expect("two events");
    assert_eq!(
        (last.who.as_str(), last.from, last.to),
        (PRODUCT, FindingState::Fixed, FindingState::Open)
    );
    assert_eq!(store.audit_head(&s).await.expect("head").sequence, 2);

    // Without times the count decides.
    let mut timeless = finding("t", Severity::High, 0);
    (timeless.first_seen, timeless.last_seen) = (None, None);
    store.save_batch(&s, &with_findings(vec![timeless.clone()], 40)).await.expect("saved");
    store.set_finding_state(&s, &change("t", FindingState::Fixed, 41)).await.expect("fixed");
    let same = with_findings(vec![timeless.clone()], 42);
    assert_eq!(store.save_batch(&s, &same).await.expect("same").reopened, []);
    timeless.failed += 1;
    let more = with_findings(vec![timeless.clone()], 43);
    assert_eq!(store.save_batch(&s, &more).await.expect("more").reopened, [timeless.id]);
}

pub(super) async fn decisions_lapse(store: &dyn Store) {
    let s = scope();
    let batch =
        with_findings(vec![finding("f", Severity::High, 10), finding("g", Severity::High, 10)], 1);
    store.save_batch(&s, &batch).await.expect("saved");
    for (name, expiry) in [("f", 100), ("g", 200)] {
        let accepted =
            StateChange { expiry: Some(at(expiry)), ..change(name, FindingState::Accepted, 5) };
        store.set_finding_state(&s, &accepted).await.expect("accepted");
    }
    assert_eq!(store.expire_finding_states(&s, at(99)).await.expect("none"), []);
    let f = batch.findings[0].id.clone();
    assert_eq!(
        store.expire_finding_states(&s, at(100)).await.expect("one"),
        std::slice::from_ref(&f)
    );
    assert_eq!(store.expire_finding_states(&s, at(100)).await.expect("once"), []);
    let got = store.finding(&s, &f).await.expect("one").expect("stored");
    assert_eq!(got.state, FindingState::Open);
    let history = store.finding_history(&s, &f).await.expect("history");
    assert_eq!(history.last().expect("events").who, PRODUCT);
}

pub(super) async fn findings_of_a_host_replace_those_of_endpoints(store: &dyn Store) {
    let s = scope();
    let of_host = |name: &str, host: &str, seen: i64| Finding {
        endpoint_id: None,
        host: host.to_owned(),
        endpoints: 2,
        ..finding(name, Severity::High, seen)
    };
    let of = |name: &str, host: &str, discriminator: &str| Finding {
        host: host.to_owned(),
        discriminator: discriminator.to_owned(),
        ..finding(name, Severity::High, 10)
    };
    let old = vec![
        of("a", "one.example", ""),
        of("b", "one.example", ""),
        of("c", "one.example", "other"),
        of("d", "two.example", ""),
        of("e", "two.example", ""),
    ];
    store.save_batch(&s, &with_findings(old, 1)).await.expect("saved");
    for (name, expiry) in [("d", 300), ("e", 200)] {
        let accepted =
            StateChange { expiry: Some(at(expiry)), ..change(name, FindingState::Accepted, 5) };
        store.set_finding_state(&s, &accepted).await.expect("accepted");
    }
    let new = vec![of_host("h1", "one.example", 10), of_host("h2", "two.example", 10)];
    let report = store.save_batch(&s, &with_findings(new.clone(), 20)).await.expect("saved");
    let id = |name: &str| finding(name, Severity::High, 0).id;
    assert_eq!(report.new_findings, [id("h1"), id("h2")]);
    let mut replaced = report.replaced;
    replaced.sort();
    let mut wanted = ["a", "b", "d", "e"].map(id);
    wanted.sort();
    assert_eq!(replaced, wanted, "another discriminator is another weakness");

    let state = async |name: &str| {
        let got = store.finding(&s, &id(name)).await.expect("one").expect("stored");
        (got.state, store.finding_history(&s, &got.id).await.expect("history"))
    };
    for name in ["a", "d"] {
        let (now, history) = state(name).await;
        assert_eq!(now, FindingState::Replaced);
        let last = history.last().expect("recorded");
        assert_eq!(last.who, PRODUCT);
        assert!(last.reason.contains("stands for the whole host"), "{}", last.reason);
    }
    assert_eq!(state("c").await.0, FindingState::Open);
    assert_eq!(state("h1").await.0, FindingState::Open, "nothing was decided about them");
    let (now, history) = state("h2").await;
    assert_eq!((now, history.len()), (FindingState::Accepted, 1));
    assert_eq!(history[0].expiry, Some(at(200)), "until the first decision lapses");
    assert!(history[0].reason.ends_with(": because"), "{}", history[0].reason);

    // Once, and only by the product; what was decided stays, and what lapses is open again.
    let report = store.save_batch(&s, &with_findings(new, 30)).await.expect("once more");
    assert_eq!((report.replaced, report.new_findings), (vec![], vec![]));
    let refused = store.set_finding_state(&s, &change("c", FindingState::Replaced, 40)).await;
    assert!(matches!(refused, Err(StoreError::InvalidChange { .. })));
    let lapsed = store.expire_finding_states(&s, at(400)).await.expect("lapsed");
    assert_eq!(lapsed, [id("h2")], "what was replaced does not come back");
}

pub(super) async fn audit_chain_is_extended_and_verified(store: &dyn Store) {
    let s = scope();
    let entry = |n: i64| AuditEntry {
        time: at(n),
        who: "ann".to_owned(),
        action: "policy.change".to_owned(),
        subject: format!("policy {n}"),
        details: serde_json::json!({ "n": n, "text": "é\0\"" }),
    };
    store.append_audit(&s, entry(1)).await.expect("appended");
    let exported = store.audit_head(&s).await.expect("head");
    let batch = Batch { audit: vec![entry(2), entry(3)], ..Batch::default() };
    store.save_batch(&s, &batch).await.expect("appended with a batch");
    let report = store.verify_audit(&s, Some(&exported)).await.expect("verified");
    assert_eq!((report.verified, report.problem), (3, None));
    assert_eq!(report.head, store.audit_head(&s).await.expect("head"));
    let records = store.audit_records(&s, 1, &PageRequest::first(1)).await.expect("records").items;
    assert_eq!((records.len(), records[0].subject.as_str()), (1, "policy 2"));
    let mut longer = exported.clone();
    longer.sequence = 9;
    let report = store.verify_audit(&s, Some(&longer)).await.expect("verified");
    assert_eq!(report.problem, Some(AuditProblem::HeadDiffers { sequence: 9 }));
}
