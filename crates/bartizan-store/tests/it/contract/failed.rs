//! Deliveries that no upstream took.

use bartizan_model::{
    EnvironmentId, FailedDeliveryId, KeyedHash, Scope,
    webhook::{Delivered, DeliveryState, FailedDelivery, KeptDelivery, Replayed},
};
use bartizan_store::{
    FailedDeliveryChange, FailedDeliveryFilter, KeepReport, MAX_FAILED_BYTES,
    MAX_FAILED_DELIVERIES, Store, StoreError,
};

use super::all;
use crate::samples::{at, scope};

fn delivered(time: i64, body: Vec<u8>) -> Delivered {
    Delivered {
        time: at(time),
        peer: "203.0.113.7".parse().expect("an address"),
        is_secure: true,
        method: "POST".to_owned(),
        target: "/hook?a=1".to_owned(),
        authority: "api.example.com".to_owned(),
        fields: vec![("x-signature".to_owned(), vec![0x61, 0xff])],
        body,
    }
}

fn failed(number: u16, time: i64) -> FailedDelivery {
    let [high, low] = number.to_be_bytes();
    FailedDelivery {
        key: KeyedHash([high, low, 0, 0, 0, 0, 0, 0, 0, 0]),
        policy: "hooks".to_owned(),
        service: "default".to_owned(),
        time: at(time),
        until: at(time + 1_000),
        exchange: format!("exc_{time}"),
        failure: "upstream-timeout".to_owned(),
        status: None,
        bytes: 3,
        content: Ok(Box::new(delivered(time, b"one".to_vec()))),
    }
}

fn id(number: u16) -> FailedDeliveryId {
    FailedDeliveryId::derive(&scope(), &[&failed(number, 0).key.to_string()])
}

fn change(number: u16, to: DeliveryState, now: i64) -> FailedDeliveryChange {
    let (who, reason) = ("ann".to_owned(), "it is up again".to_owned());
    FailedDeliveryChange { id: id(number), to, who, reason, now: at(now) }
}

fn replayed(is_taken: bool) -> Replayed {
    let (outcome, exchange) = ("answered".to_owned(), "exc_again".to_owned());
    Replayed { is_taken, outcome, status: Some(if is_taken { 204 } else { 503 }), exchange }
}

async fn listed(store: &dyn Store, filter: &FailedDeliveryFilter) -> Vec<KeptDelivery> {
    store.failed_deliveries(&scope(), filter, &all()).await.expect("a list").items
}

async fn actions(store: &dyn Store) -> Vec<(String, String)> {
    let records = store.audit_records(&scope(), 0, &Default::default()).await.expect("audit").items;
    records.into_iter().map(|one| (one.action, one.who)).collect()
}

pub(super) async fn failed_deliveries_are_kept_whole_and_apart(store: &dyn Store) {
    let s = scope();
    let kept = store.keep_failed_deliveries(&s, &[failed(1, 10), failed(2, 20)], at(21)).await;
    assert_eq!(kept.expect("kept"), KeepReport::default());
    let (one, content) = store.failed_delivery(&s, &id(1)).await.expect("read").expect("there");
    assert_eq!(content, Some(delivered(10, b"one".to_vec())));
    assert_eq!((one.state, one.failures, one.replays), (DeliveryState::Failed, 1, 0));
    assert_eq!((one.is_whole, one.status, one.first), (true, None, at(10)));
    // The same once more, as its sender signed it now.
    let again = FailedDelivery {
        status: Some(503),
        failure: "answered".to_owned(),
        content: Ok(Box::new(delivered(30, b"two".to_vec()))),
        ..failed(1, 30)
    };
    store.keep_failed_deliveries(&s, &[again], at(31)).await.expect("kept");
    let (one, content) = store.failed_delivery(&s, &id(1)).await.expect("read").expect("there");
    assert_eq!((one.first, one.last, one.failures), (at(10), at(30), 2));
    assert_eq!((one.status, content.expect("whole").body), (Some(503), b"two".to_vec()));
    let ids: Vec<_> = listed(store, &FailedDeliveryFilter::default()).await;
    assert_eq!(ids.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [id(1), id(2)]);
    let other = FailedDeliveryFilter { policy: Some("other".to_owned()), state: None };
    assert!(listed(store, &other).await.is_empty());
    // What cannot be kept whole is a record that says so.
    let large =
        FailedDelivery { content: Err("body-too-large"), bytes: 9_000_000, ..failed(3, 40) };
    store.keep_failed_deliveries(&s, &[large], at(41)).await.expect("kept");
    let (one, content) = store.failed_delivery(&s, &id(3)).await.expect("read").expect("there");
    assert_eq!((one.is_whole, one.missing.as_str(), content), (false, "body-too-large", None));
    let refused = store.change_failed_delivery(&s, &change(3, DeliveryState::Asked, 42)).await;
    assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{refused:?}");
    let elsewhere = Scope { environment: EnvironmentId::from_text("staging"), ..s };
    assert!(store.failed_delivery(&elsewhere, &id(1)).await.expect("read").is_none());
    assert!(store.failed_delivery_keys(&elsewhere).await.expect("keys").is_empty());
}

pub(super) async fn failed_deliveries_are_replayed_by_one_and_settled(store: &dyn Store) {
    let s = scope();
    store.keep_failed_deliveries(&s, &[failed(1, 10), failed(2, 20)], at(21)).await.expect("kept");
    assert!(store.take_failed_delivery(&s, at(22)).await.expect("looked").is_none());
    let asked = store.change_failed_delivery(&s, &change(1, DeliveryState::Asked, 30)).await;
    assert_eq!(asked.expect("asked").state, DeliveryState::Asked);
    for to in [DeliveryState::Asked, DeliveryState::Discarded, DeliveryState::Taken] {
        let refused = store.change_failed_delivery(&s, &change(1, to, 31)).await;
        assert!(matches!(refused, Err(StoreError::InvalidChange { .. })), "{to}");
    }
    let nobody =
        FailedDeliveryChange { who: " ".to_owned(), ..change(2, DeliveryState::Asked, 31) };
    assert!(store.change_failed_delivery(&s, &nobody).await.is_err());
    let (taken, content) = store.take_failed_delivery(&s, at(32)).await.expect("ok").expect("one");
    assert_eq!((taken.id.clone(), content.body), (id(1), b"one".to_vec()));
    assert!(store.take_failed_delivery(&s, at(32)).await.expect("ok").is_none(), "nobody else");
    // It failed again, and may be replayed once more.
    store.settle_replay(&s, &taken.id, &replayed(false), at(33)).await.expect("settled");
    let refused = store.settle_replay(&s, &taken.id, &replayed(true), at(34)).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })), "{refused:?}");
    let (one, content) = store.failed_delivery(&s, &id(1)).await.expect("read").expect("there");
    assert_eq!((one.state, one.replays, one.status), (DeliveryState::Failed, 1, Some(503)));
    assert!(content.is_some() && one.exchange == "exc_again");
    store.change_failed_delivery(&s, &change(1, DeliveryState::Asked, 40)).await.expect("asked");
    store.take_failed_delivery(&s, at(41)).await.expect("ok").expect("one");
    store.settle_replay(&s, &id(1), &replayed(true), at(42)).await.expect("settled");
    let (one, content) = store.failed_delivery(&s, &id(1)).await.expect("read").expect("there");
    assert_eq!((one.state, content, one.missing.as_str()), (DeliveryState::Taken, None, "settled"));
    store.change_failed_delivery(&s, &change(2, DeliveryState::Discarded, 50)).await.expect("done");
    let (_, content) = store.failed_delivery(&s, &id(2)).await.expect("read").expect("there");
    assert!(content.is_none(), "what nobody needs is not kept");
    assert!(store.failed_delivery_keys(&s).await.expect("keys").is_empty());
    let product = bartizan_store::PRODUCT;
    let expected = [
        ("webhook.keep", product),
        ("webhook.replay", "ann"),
        ("webhook.replayed", product),
        ("webhook.replay", "ann"),
        ("webhook.replayed", product),
        ("webhook.discard", "ann"),
    ];
    let expected = expected.map(|(action, who)| (action.to_owned(), who.to_owned()));
    assert_eq!(actions(store).await, expected);
}

pub(super) async fn failed_deliveries_that_came_again_need_nothing(store: &dyn Store) {
    use DeliveryState::{Discarded, Failed, Taken};
    let s = scope();
    let all = [failed(1, 10), failed(2, 20), failed(3, 30)];
    store.keep_failed_deliveries(&s, &all, at(31)).await.expect("kept");
    assert_eq!(store.failed_delivery_keys(&s).await.expect("keys").len(), 3);
    store.change_failed_delivery(&s, &change(1, Discarded, 32)).await.expect("done");
    let keys = [all[0].key, all[1].key, failed(9, 0).key];
    store.failed_deliveries_came(&s, &keys, at(40)).await.expect("noted");
    let states: Vec<_> =
        listed(store, &FailedDeliveryFilter::default()).await.iter().map(|one| one.state).collect();
    assert_eq!(states, [Failed, Taken, Discarded]);
    let before = actions(store).await.len();
    store.failed_deliveries_came(&s, &keys, at(41)).await.expect("nothing to note");
    assert_eq!(actions(store).await.len(), before);
    // One that was discarded and fails again is there again.
    store.keep_failed_deliveries(&s, &[failed(1, 50)], at(51)).await.expect("kept");
    let (one, content) = store.failed_delivery(&s, &id(1)).await.expect("read").expect("there");
    assert_eq!((one.state, content.is_some()), (Failed, true));
}

pub(super) async fn failed_deliveries_are_bounded_and_end(store: &dyn Store) {
    let s = scope();
    let many = u16::try_from(MAX_FAILED_DELIVERIES).expect("few");
    let all: Vec<_> = (0..many).map(|number| failed(number, i64::from(number))).collect();
    store.keep_failed_deliveries(&s, &all, at(2_000)).await.expect("kept");
    // A settled one goes before an older one that is not.
    store
        .change_failed_delivery(&s, &change(7, DeliveryState::Discarded, 100))
        .await
        .expect("done");
    let report = store.keep_failed_deliveries(&s, &[failed(many, 2_000)], at(2_001)).await;
    assert_eq!(report.expect("kept"), KeepReport { dropped: 1, emptied: 0 });
    assert!(store.failed_delivery(&s, &id(7)).await.expect("read").is_none());
    assert!(store.failed_delivery(&s, &id(0)).await.expect("read").is_some());
    // Large ones take the place of the content of old ones.
    let mebibyte = 1 << 20;
    let large = |number| FailedDelivery {
        content: Ok(Box::new(delivered(3_000, vec![b'a'; mebibyte]))),
        ..failed(number, 3_000 + i64::from(number))
    };
    let budget = u16::try_from(MAX_FAILED_BYTES / mebibyte as u64).expect("few");
    let all: Vec<_> = (0..budget).map(|number| large(2_000 + number)).collect();
    let report = store.keep_failed_deliveries(&s, &all, at(6_000)).await.expect("kept");
    assert_eq!(report.dropped, u64::from(budget));
    assert_eq!(report.emptied, 1, "the oldest large one");
    let (one, content) = store.failed_delivery(&s, &id(2_000)).await.expect("read").expect("there");
    assert_eq!((one.missing.as_str(), content), ("no-room", None));
    // Age, and replays that nobody has ended.
    let newest = 2_000 + budget - 1;
    store
        .change_failed_delivery(&s, &change(newest, DeliveryState::Asked, 6_001))
        .await
        .expect("ok");
    store.take_failed_delivery(&s, at(6_002)).await.expect("ok").expect("one");
    store.tidy_failed_deliveries(&s, at(6_001), at(6_003)).await.expect("tidied");
    let (one, _) = store.failed_delivery(&s, &id(newest)).await.expect("read").expect("there");
    assert_eq!(one.state, DeliveryState::Replaying, "not for long enough");
    store.tidy_failed_deliveries(&s, at(6_002), at(6_004)).await.expect("tidied");
    let (one, _) = store.failed_delivery(&s, &id(newest)).await.expect("read").expect("there");
    assert_eq!((one.state, one.failure.as_str()), (DeliveryState::Failed, "replay-unknown"));
    store.tidy_failed_deliveries(&s, at(0), at(20_000)).await.expect("tidied");
    assert!(listed(store, &FailedDeliveryFilter::default()).await.is_empty());
}
