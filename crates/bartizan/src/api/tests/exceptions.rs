//! Exceptions that are made of refusals.

use axum::http::{Method, StatusCode};
use bartizan_gateway::policy::ScopeConfig;
use bartizan_model::{ExchangeId, Timestamp};
use serde_json::{Value, json};

use super::{
    things::{change, get_as},
    world::{World, here},
};
use crate::serve::Exception;

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(crate::serve::now().seconds() + seconds)
}

/// One that is there from the beginning.
pub(super) fn made() -> Exception {
    Exception {
        id: "pex_default".to_owned(),
        policy: "default-rate".to_owned(),
        scope: ScopeConfig { paths: vec!["/v1/exports".to_owned()], ..ScopeConfig::default() },
        refusal: "rate-exceeded".to_owned(),
        subject: None,
        exchange: ExchangeId::from_text("exc_default_1"),
        until: after(600),
        reason: "a migration".to_owned(),
        who: "operator".to_owned(),
        made: crate::serve::now(),
    }
}

/// One that can be made.
pub(super) fn body() -> Value {
    json!({"exchange": "exc_default_1", "until": after(3_600), "reason": "a job of the partner"})
}

async fn add(world: &World, policy: &str, body: Value) -> (StatusCode, Value) {
    let path = format!("/policies/{policy}/exceptions");
    change(world, "operator", Method::POST, &path, body).await
}

fn with(member: &str, value: Value) -> Value {
    let mut body = body();
    body[member] = value;
    body
}

#[tokio::test]
async fn an_exception_is_as_narrow_as_the_refusal() {
    let world = World::new().await;
    let (status, made) = add(&world, "default-rate", with("subject", json!("ada"))).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let scope = json!({
        "hosts": ["default.example"], "paths": ["/v1/orders/*"], "ignore_case": false, "methods": ["GET"],
    });
    assert_eq!((&made["scope"], &made["refusal"]), (&scope, &json!("rate-exceeded")));
    assert_eq!((&made["subject"], &made["who"]), (&json!("ada"), &json!("operator")));
    let listed = get_as(&world, "viewer", "/exceptions").await;
    let ids: Vec<_> =
        listed["items"].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("pex_default"), &made["id"]]);
    let path = format!("/exceptions/{}", made["id"].as_str().expect("an id"));
    let (status, _) = change(&world, "operator", Method::DELETE, &path, json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = change(&world, "operator", Method::DELETE, &path, json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is gone");
    let store = world.directory.store();
    let records = store.audit_records(&here(), 0, &Default::default()).await.expect("audit").items;
    let told: Vec<_> =
        records.iter().filter(|one| one.action.starts_with("policy.except")).collect();
    assert_eq!(
        told.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(),
        ["policy.except", "policy.except.end"]
    );
    assert!(told.iter().all(|one| one.who == "operator" && one.subject == "default-rate"));
    assert!(told[0].details.contains("a job of the partner"), "{}", told[0].details);
}

#[tokio::test]
async fn what_is_wide_or_unexplained_is_refused() {
    let world = World::new().await;
    for (policy, body, status) in [
        ("default-rate", with("until", json!(after(-1))), 422),
        ("default-rate", with("until", json!(after(31 * 86_400))), 422),
        ("default-rate", with("reason", json!(" ")), 422),
        ("default-rate", with("subject", json!("")), 422),
        // Not refused, and not kept.
        ("default-rate", with("exchange", json!("exc_default_2")), 422),
        ("default-rate", with("exchange", json!("exc_none")), 422),
        ("default-headers", body(), 422),
        // Refused by a policy that is not in force.
        ("%3Cb%3E", body(), 404),
        ("default-rate", json!({"exchange": "exc_default_1", "until": after(60)}), 422),
        ("default-rate", json!({"exchange": "exc_default_1", "reason": "x"}), 422),
    ] {
        let (found, answer) = add(&world, policy, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{policy} {body}: {answer}");
    }
    let listed = get_as(&world, "viewer", "/exceptions").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}
