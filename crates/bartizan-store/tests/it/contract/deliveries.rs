//! The outbox: what makes an event, who wants it, and what becomes of it.

use bartizan_model::{
    EnvironmentId, Event, EventType, Finding, FindingState, Scope, Severity, Stage,
};
use bartizan_store::{
    Batch, DeadLetterFilter, Delivery, Fate, MAX_DELIVERY_ERROR, PageRequest, Settled, SinkState,
    StateChange, Store, Subscription, Take,
};

use super::{all, change, with_findings};
use crate::samples::{at, detection, finding, incident, scope};

fn wanting(sink: &str, least: Severity, events: &[EventType]) -> Subscription {
    Subscription {
        sink: sink.to_owned(),
        least_severity: least,
        events: events.to_vec(),
        most_waiting: 1_000,
        most_dead: 1_000,
    }
}

async fn subscribe(store: &dyn Store, wanted: &[Subscription]) {
    store.set_subscriptions(&scope(), wanted, at(0)).await.expect("subscribed");
}

async fn taken(store: &dyn Store, sink: &str, now: i64, limit: u32) -> Vec<Delivery> {
    let take = Take { sink, holder: "me", now: at(now), until: at(now + 60), limit };
    store.take_deliveries(&scope(), &take).await.expect("taken")
}

/// Types and changes of all events, which are then gone.
async fn sent(store: &dyn Store, sink: &str, now: i64) -> Vec<(EventType, String, Event)> {
    let taken = taken(store, sink, now, 500).await;
    let settle = |one: &Delivery| settled(one, Fate::Sent);
    let done: Vec<_> = taken.iter().map(settle).collect();
    store.settle_deliveries(&scope(), sink, &done, at(now)).await.expect("settled");
    taken.into_iter().map(|d| (d.event.kind, d.event.changes.join(" "), d.event)).collect()
}

fn settled(delivery: &Delivery, fate: Fate) -> Settled {
    Settled { sequence: delivery.event.sequence, fate, error: String::new() }
}

fn kinds(sent: &[(EventType, String, Event)]) -> Vec<(&str, &str)> {
    sent.iter().map(|(kind, changes, _)| (kind.as_str(), changes.as_str())).collect()
}

async fn state(store: &dyn Store, sink: &str) -> SinkState {
    let states = store.sink_states(&scope()).await.expect("states");
    states.into_iter().find(|one| one.sink == sink).expect("known sink")
}

async fn save(store: &dyn Store, batch: Batch) {
    store.save_batch(&scope(), &batch).await.expect("saved");
}

pub(super) async fn events_of_findings_are_what_changed(store: &dyn Store) {
    save(store, with_findings(vec![finding("before", Severity::High, 1)], 1)).await;
    subscribe(store, &[wanting("hook", Severity::Info, EventType::ALL)]).await;
    assert!(taken(store, "hook", 5, 9).await.is_empty(), "what was there before is no event");

    let one = finding("a", Severity::High, 2);
    save(store, with_findings(vec![one.clone()], 10)).await;
    let first = sent(store, "hook", 10).await;
    assert_eq!(kinds(&first), [("finding.new", "")]);
    let event = &first[0].2;
    assert_eq!((event.sequence, event.time, event.severity), (1, at(10), Severity::High));
    assert_eq!(event.finding.as_ref(), Some(&one));

    let seen_again = Finding { failed: 9, last_seen: Some(at(20)), ..one.clone() };
    save(store, with_findings(vec![seen_again.clone()], 20)).await;
    assert!(sent(store, "hook", 20).await.is_empty(), "more of the same is no event");

    let worse = Finding { severity: Severity::Critical, ..seen_again };
    save(store, with_findings(vec![worse.clone()], 30)).await;
    assert_eq!(kinds(&sent(store, "hook", 30).await), [("finding.changed", "severity")]);

    let fixed = change("a", FindingState::Fixed, 40);
    store.set_finding_state(&scope(), &fixed).await.expect("fixed");
    let after = sent(store, "hook", 40).await;
    assert_eq!(kinds(&after), [("finding.changed", "state")]);
    assert_eq!(after[0].2.finding.as_ref().map(|f| f.state), Some(FindingState::Fixed));

    let newer = Finding { last_seen: Some(at(50)), ..worse };
    save(store, with_findings(vec![newer], 50)).await;
    let after = sent(store, "hook", 50).await;
    assert_eq!(kinds(&after), [("finding.reopened", "")]);
    assert_eq!(after[0].2.finding.as_ref().map(|f| f.state), Some(FindingState::Open));

    let accepted = StateChange { expiry: Some(at(70)), ..change("a", FindingState::Accepted, 60) };
    store.set_finding_state(&scope(), &accepted).await.expect("accepted");
    store.expire_finding_states(&scope(), at(70)).await.expect("expired");
    let after = sent(store, "hook", 70).await;
    assert_eq!(kinds(&after), [("finding.changed", "state"), ("finding.reopened", "state")]);
    let numbers: Vec<_> = after.iter().map(|(.., event)| event.sequence).collect();
    assert_eq!(numbers, [5, 6]);
    assert_eq!(state(store, "hook").await.sent, 6);
}

pub(super) async fn events_of_incidents_and_detections(store: &dyn Store) {
    subscribe(
        store,
        &[
            wanting("all", Severity::Info, EventType::ALL),
            wanting("few", Severity::Info, &[EventType::IncidentNew]),
        ],
    )
    .await;
    let first = incident("i", 40, 1);
    let one = detection("d", "mallory", 1);
    let batch = |incident: &_, now| Batch {
        now: at(now),
        incidents: vec![Clone::clone(incident)],
        detections: vec![one.clone()],
        ..Batch::default()
    };
    save(store, batch(&first, 10)).await;
    let events = sent(store, "all", 10).await;
    assert_eq!(kinds(&events), [("incident.new", ""), ("detection.new", "")]);
    assert_eq!(events[0].2.incident.as_ref(), Some(&first));
    assert_eq!(events[1].2.detection.as_ref(), Some(&one));

    let mut on = first.clone();
    on.score = 41;
    on.ended = Some(at(99));
    save(store, batch(&on, 20)).await;
    assert!(sent(store, "all", 20).await.is_empty(), "it only goes on");
    on.stages.push(Stage::Exploitation);
    save(store, batch(&on, 30)).await;
    assert_eq!(kinds(&sent(store, "all", 30).await), [("incident.updated", "stages")]);
    for (many, expected) in [(2, 1), (3, 0), (4, 1), (7, 0), (8, 1)] {
        on.detection_ids.resize(many, one.id.clone());
        save(store, batch(&on, 40)).await;
        assert_eq!(sent(store, "all", 40).await.len(), expected, "{many} detections");
    }
    assert_eq!(kinds(&sent(store, "few", 50).await), [("incident.new", "")]);
}

pub(super) async fn sinks_are_told_what_they_want(store: &dyn Store) {
    let new = [EventType::FindingNew];
    subscribe(store, &[wanting("bad", Severity::High, &new), wanting("none", Severity::Info, &[])])
        .await;
    let findings = vec![finding("a", Severity::Critical, 1), finding("b", Severity::Low, 1)];
    save(store, with_findings(findings, 1)).await;
    let elsewhere = Scope { environment: EnvironmentId::from_text("staging"), ..scope() };
    let other = with_findings(vec![finding("c", Severity::Critical, 1)], 1);
    store.save_batch(&elsewhere, &other).await.expect("saved");
    assert_eq!(sent(store, "bad", 2).await.len(), 1);
    assert!(sent(store, "none", 2).await.is_empty());
    assert!(store.sink_states(&elsewhere).await.expect("states").is_empty());
    assert!(taken(store, "nobody", 2, 1).await.is_empty());
}

pub(super) async fn deliveries_are_claimed_and_settled(store: &dyn Store) {
    let s = scope();
    subscribe(store, &[wanting("hook", Severity::Info, EventType::ALL)]).await;
    let findings = ["a", "b", "c", "d"].map(|name| finding(name, Severity::High, 1));
    save(store, with_findings(findings.to_vec(), 1)).await;
    let mine = taken(store, "hook", 10, 3).await;
    assert_eq!(mine.iter().map(|d| d.event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(taken(store, "hook", 10, 9).await.len(), 1, "the others are claimed");
    assert!(taken(store, "hook", 69, 9).await.is_empty());

    let long = "é".repeat(MAX_DELIVERY_ERROR);
    let again = |due, counts, error: &str| Settled {
        fate: Fate::Again { due: at(due), counts },
        error: error.to_owned(),
        ..settled(&mine[0], Fate::Dead)
    };
    let settle = [
        again(100, true, &long),
        settled(&mine[1], Fate::Dead),
        settled(&mine[2], Fate::Sent),
        Settled { sequence: 99, ..settled(&mine[2], Fate::Sent) },
    ];
    store.settle_deliveries(&s, "hook", &settle, at(20)).await.expect("settled");
    let now = state(store, "hook").await;
    assert_eq!((now.waiting, now.dead_letters), (2, 1));
    assert_eq!((now.sent, now.failed, now.died, now.dropped), (1, 2, 1, 0));
    assert_eq!(now.oldest_waiting, Some(at(1)));

    // The fourth: its claim lapses at 70. The first: due at 100, once more after a try that did not count.
    assert_eq!(taken(store, "hook", 70, 9).await[0].event.sequence, 4);
    let first = taken(store, "hook", 100, 1).await;
    assert_eq!((first[0].event.sequence, first[0].attempts), (1, 1));
    assert_eq!(first[0].error.len(), MAX_DELIVERY_ERROR);
    let uncounted = [again(200, false, "nobody there")];
    store.settle_deliveries(&s, "hook", &uncounted, at(101)).await.expect("settled");
    // The claim of the fourth lapsed again, and it was due before.
    let first = &taken(store, "hook", 200, 9).await[1..];
    assert_eq!((first[0].attempts, first[0].error.as_str()), (1, "nobody there"));

    assert_eq!(store.release_deliveries(&s, "somebody else").await.expect("released"), 0);
    assert_eq!(store.release_deliveries(&s, "me").await.expect("released"), 2);
    assert_eq!(taken(store, "hook", 201, 9).await.len(), 2);
}

pub(super) async fn dead_letters_are_listed_retried_and_forgotten(store: &dyn Store) {
    let s = scope();
    subscribe(store, &[wanting("hook", Severity::Info, EventType::ALL)]).await;
    let findings = ["a", "b", "c"].map(|name| finding(name, Severity::High, 1));
    save(store, with_findings(findings.to_vec(), 1)).await;
    let dead: Vec<_> = taken(store, "hook", 2, 9).await;
    let settle: Vec<_> = dead.iter().map(|one| settled(one, Fate::Dead)).collect();
    store.settle_deliveries(&s, "hook", &settle, at(3)).await.expect("settled");

    let everything = DeadLetterFilter::default();
    let first = store.dead_letters(&s, &everything, &PageRequest::first(2)).await.expect("page");
    assert_eq!(first.items.iter().map(|d| d.event.sequence).collect::<Vec<_>>(), [3, 2]);
    let rest = PageRequest::after(2, first.next.expect("more"));
    let rest = store.dead_letters(&s, &everything, &rest).await.expect("page");
    assert_eq!((rest.items[0].event.sequence, rest.next), (1, None));
    assert_eq!((rest.items[0].attempts, rest.items[0].due), (1, at(3)));

    let one = DeadLetterFilter { event: Some(dead[1].event.id.clone()), ..everything.clone() };
    assert_eq!(store.retry_dead_letters(&s, &one, "ann", at(50)).await.expect("retried"), 1);
    let back = taken(store, "hook", 50, 9).await;
    assert_eq!(back.len(), 1);
    assert_eq!((back[0].attempts, back[0].created), (0, at(50)));
    assert_eq!(back[0].event, dead[1].event, "the same id and number as before");
    let other = DeadLetterFilter { sink: Some("other".to_owned()), event: None };
    assert_eq!(store.forget_dead_letters(&s, &other, "ann", at(51)).await.expect("none"), 0);
    let hook = DeadLetterFilter { sink: Some("hook".to_owned()), event: None };
    assert_eq!(store.forget_dead_letters(&s, &hook, "ann", at(52)).await.expect("gone"), 2);
    let audit = store.audit_records(&s, 0, &all()).await.expect("audit").items;
    let actions: Vec<_> = audit.iter().map(|r| r.action.as_str()).collect();
    assert_eq!(actions, ["dead_letters.retry", "dead_letters.forget"]);
    assert_eq!(audit[1].subject, "hook");
}

pub(super) async fn what_is_too_much_is_dropped_and_counted(store: &dyn Store) {
    let s = scope();
    let few = |most_waiting, most_dead| Subscription {
        most_waiting,
        most_dead,
        ..wanting("hook", Severity::Info, EventType::ALL)
    };
    subscribe(store, &[few(3, 2)]).await;
    for n in 0..5 {
        let one = finding(&n.to_string(), Severity::High, 1);
        save(store, with_findings(vec![one], n)).await;
    }
    let kept = taken(store, "hook", 10, 9).await;
    assert_eq!(kept.iter().map(|d| d.event.sequence).collect::<Vec<_>>(), [3, 4, 5]);
    let dead: Vec<_> = kept.iter().map(|one| settled(one, Fate::Dead)).collect();
    store.settle_deliveries(&s, "hook", &dead, at(10)).await.expect("settled");
    let now = state(store, "hook").await;
    assert_eq!((now.dead_letters, now.died, now.dropped), (2, 3, 3));

    // A sink that is gone leaves what waited as dead letters, which nobody can retry until it is back.
    save(store, with_findings(vec![finding("x", Severity::High, 1)], 11)).await;
    subscribe(store, &[]).await;
    save(store, with_findings(vec![finding("y", Severity::High, 1)], 12)).await;
    let gone = state(store, "hook").await;
    assert_eq!((gone.active, gone.waiting, gone.dead_letters), (false, 0, 2));
    let letters = store.dead_letters(&s, &DeadLetterFilter::default(), &all()).await.expect("page");
    assert_eq!(letters.items[0].event.sequence, 5, "the latest death first");
    assert!(letters.items.iter().any(|d| d.error.contains("configured no more")));
    let everything = DeadLetterFilter::default();
    assert_eq!(store.retry_dead_letters(&s, &everything, "ann", at(13)).await.expect("none"), 0);
    subscribe(store, &[few(3, 2)]).await;
    assert_eq!(store.retry_dead_letters(&s, &everything, "ann", at(14)).await.expect("two"), 2);
    save(store, with_findings(vec![finding("z", Severity::High, 1)], 15)).await;
    let numbers: Vec<_> =
        taken(store, "hook", 20, 9).await.iter().map(|d| d.event.sequence).collect();
    assert_eq!(numbers.last(), Some(&7), "numbers go on");
}
