//! Failed deliveries of webhooks.

use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use bartizan_model::{
    FailedDeliveryId, KeyedHash, Scope, Timestamp,
    webhook::{Delivered, DeliveryState, FailedDelivery, Replayed},
};
use bartizan_store::Store;
use serde_json::{Value, json};

use super::{
    things::{change, get_as},
    world::{World, here},
};

/// What a delivery holds that nobody may see.
const SECRET: &str = "Hunter2Hunter2";

const KEY: KeyedHash = KeyedHash([7; 10]);

/// The id of that of the default organisation.
pub(super) static DELIVERY: LazyLock<String> =
    LazyLock::new(|| FailedDeliveryId::derive(&Scope::default(), &[&KEY.to_string()]).to_string());

/// One of a scope, kept for another hour.
pub(super) async fn fail(store: &dyn Store, scope: &Scope) {
    let now = crate::serve::now();
    let delivered = Delivered {
        time: now,
        peer: "203.0.113.7".parse().expect("an address"),
        is_secure: false,
        method: "POST".to_owned(),
        target: "/hook".to_owned(),
        authority: "a.example".to_owned(),
        fields: vec![("x-signature".to_owned(), SECRET.into())],
        body: format!("{{\"card\":\"{SECRET}\"}}").into_bytes(),
    };
    let failed = FailedDelivery {
        key: KEY,
        policy: "hooks".to_owned(),
        service: "default".to_owned(),
        time: now,
        until: Timestamp::from_seconds(now.seconds() + 3_600),
        exchange: format!("exc_{}_9", scope.organisation),
        failure: "upstream-timeout".to_owned(),
        status: None,
        bytes: delivered.body.len() as u64,
        content: Ok(Box::new(delivered)),
    };
    store.keep_failed_deliveries(scope, &[failed], now).await.expect("kept");
}

async fn post(world: &World, what: &str, body: Value) -> (StatusCode, Value) {
    let path = format!("/webhooks/{}/{what}", *DELIVERY);
    change(world, "operator", Method::POST, &path, body).await
}

#[tokio::test]
async fn deliveries_are_shown_without_their_values() {
    let world = World::new().await;
    let list = get_as(&world, "viewer", "/webhooks").await;
    let one = &list["items"][0];
    assert_eq!((&one["id"], &one["state"]), (&json!(*DELIVERY), &json!("failed")), "{list}");
    let shown = get_as(&world, "analyst", &format!("/webhooks/{}", *DELIVERY)).await;
    assert_eq!((&shown["policy"], &shown["request"]["target"]), (&json!("hooks"), &json!("/hook")));
    assert!(!shown.to_string().contains(SECRET) && !list.to_string().contains(SECRET), "{shown}");
    for query in ["state=taken", "policy=others"] {
        let none = get_as(&world, "viewer", &format!("/webhooks?{query}")).await;
        assert_eq!(none["items"], json!([]), "{query}");
    }
}

#[tokio::test]
async fn replays_are_asked_for_once_and_audited() {
    let world = World::new().await;
    let (status, asked) = post(&world, "replay", json!({"reason": "it is up again"})).await;
    assert_eq!((status, &asked["state"]), (StatusCode::OK, &json!("asked")));
    for what in ["replay", "discard"] {
        assert_eq!(
            post(&world, what, json!({})).await.0,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{what}"
        );
    }
    let (store, now) = (world.directory.store(), crate::serve::now());
    let (kept, delivered) =
        store.take_failed_delivery(&here(), now).await.expect("taken").expect("one");
    assert_eq!((kept.state, delivered.fields.len()), (DeliveryState::Replaying, 1));
    let (outcome, exchange) = ("answered".to_owned(), "exc_1".to_owned());
    let replayed = Replayed { is_taken: false, outcome, status: Some(500), exchange };
    store.settle_replay(&here(), &kept.id, &replayed, now).await.expect("settled");
    let (status, gone) = post(&world, "discard", json!({"reason": "it is old"})).await;
    assert_eq!(
        (status, &gone["state"], &gone["is_whole"]),
        (StatusCode::OK, &json!("discarded"), &json!(false))
    );
    let records = store.audit_records(&here(), 0, &Default::default()).await.expect("audit").items;
    let records = records.iter().filter(|one| one.action.starts_with("webhook."));
    let told: Vec<_> = records.map(|one| (one.action.as_str(), one.who.as_str())).collect();
    let product = bartizan_store::PRODUCT;
    let expected = [
        ("webhook.keep", product),
        ("webhook.replay", "operator"),
        ("webhook.replayed", product),
        ("webhook.discard", "operator"),
    ];
    assert_eq!(told, expected);
    let long = json!({"reason": "x".repeat(1_001)});
    assert_eq!(post(&world, "discard", long).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}
