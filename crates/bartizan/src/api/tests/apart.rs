//! Undoing merges of endpoints.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use bartizan_analysis::{
    Snapshot,
    classes::custom::{ClassDefinition, CustomClasses},
    endpoints::Part,
};
use bartizan_model::{EndpointId, HashKey};
use bartizan_pipeline::live::Question;
use serde_json::{Value, json};

use super::{
    BASE, COOKIE, CSRF_HEADER, secret, with_token,
    world::{World, here},
};
use crate::serve::Judging;

/// What judges by these data classes, and learned nothing but what was merged into an endpoint.
pub(super) fn judging(classes: &[ClassDefinition]) -> Arc<Judging> {
    let classes = Arc::new(CustomClasses::compile(classes).expect("proven"));
    let snapshot = Snapshot { classes, ..Snapshot::new(here(), HashKey::new([1; 32])) };
    let (judging, orders) = Judging::new(Arc::new(snapshot), Vec::new());
    // It ends with the last who could ask.
    std::thread::spawn(move || {
        while let Some(Question { endpoint, answer }) = orders.wait() {
            let part = |method: &str, path: &str| Part {
                id: EndpointId::from_text(format!("ep_default_{path}_{method}")),
                method: method.to_owned(),
                written: format!("a.example/{path}"),
            };
            answer(match endpoint.as_str() {
                "ep_default" => vec![part("GET", "me"), part("PUT", "me"), part("GET", "search")],
                _ => Vec::new(),
            });
        }
    });
    Arc::new(judging)
}

async fn split(world: &World, id: &str, body: Value) -> (StatusCode, Value) {
    let secret = secret(&here(), "operator");
    let asked = Request::builder()
        .method(Method::POST)
        .uri(format!("{BASE}/endpoints/{id}/split"))
        .header(header::COOKIE, format!("{COOKIE}={}", secret.reveal().as_str()))
        .header(CSRF_HEADER, secret.csrf_token().to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    world.json(asked.expect("a request")).await
}

#[tokio::test]
async fn what_was_merged_is_told_by_path() {
    let world = World::new().await;
    let ask = |id: &str| with_token(&format!("/endpoints/{id}/parts"), Method::GET, &here());
    let (status, body) = world.json(ask("ep_default")).await;
    assert_eq!((status, &body["is_all"]), (StatusCode::OK, &json!(true)), "{body}");
    let me = json!({"path": "a.example/me", "methods": ["GET", "PUT"],
        "endpoint_ids": ["ep_default_me_GET", "ep_default_me_PUT"]});
    assert_eq!((&body["items"][0], body["items"].as_array().map(Vec::len)), (&me, Some(2)));
    assert_eq!(world.send(ask("ep_nothing")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_split_is_kept_told_and_done_once() {
    let world = World::new().await;
    let store = world.directory.store();
    let wanted = json!({"paths": ["a.example/me"], "reason": "me is somebody"});
    let expected = |is_new| {
        json!({
            "endpoint_id": "ep_default", "paths": ["a.example/me"], "is_new": is_new, "count": 1,
            "is_all": true,
        })
    };
    assert_eq!(split(&world, "ep_default", wanted.clone()).await, (StatusCode::OK, expected(true)));
    assert_eq!(split(&world, "ep_default", wanted).await, (StatusCode::OK, expected(false)));
    let apart = store.paths_apart(&here()).await.expect("read");
    assert_eq!(apart.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["a.example/me"]);
    let audit = store.audit_records(&here(), 0, &Default::default()).await.expect("audit").items;
    let done = audit.iter().filter(|record| record.action == "endpoint.keep_apart");
    let done: Vec<_> = done.map(|record| (record.who.as_str(), record.details.as_str())).collect();
    let details = r#"{"paths":["a.example/me"],"reason":"me is somebody"}"#;
    assert_eq!(done, [("operator", details)]);
    // No batch takes it in again.
    let old = EndpointId::from_text("ep_default_me_GET");
    let merge = bartizan_store::EndpointMerge {
        from: vec![old.clone()],
        into: EndpointId::from_text("ep_default"),
        reason: "values".to_owned(),
    };
    let batch = bartizan_store::Batch { merges: vec![merge], ..Default::default() };
    store.save_batch(&here(), &batch).await.expect("saved");
    assert_eq!(store.resolve_endpoint(&here(), &old).await.expect("read"), old);
}

#[tokio::test]
async fn what_cannot_be_split_is_said() {
    let world = World::new().await;
    for (id, body, status) in [
        ("ep_nothing", json!({}), StatusCode::NOT_FOUND),
        ("ep_default", json!({"paths": ["a.example/other"]}), StatusCode::UNPROCESSABLE_ENTITY),
        ("ep_default", json!({"reason": "x".repeat(1_001)}), StatusCode::UNPROCESSABLE_ENTITY),
        ("ep_default", json!({"reason": "a\nb"}), StatusCode::UNPROCESSABLE_ENTITY),
        ("ep_default", json!({"path": []}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (given, answer) = split(&world, id, body.clone()).await;
        assert_eq!(given, status, "{id} {body}: {answer}");
        assert_eq!(answer["status"], json!(status.as_u16()), "a problem");
    }
    let store = world.directory.store();
    assert!(store.paths_apart(&here()).await.expect("read").is_empty());
    let endpoint = store.endpoint(&here(), &EndpointId::from_text("ep_default")).await;
    let mut alone = endpoint.expect("read").expect("there");
    alone.id = EndpointId::from_text("ep_alone");
    let batch = bartizan_store::Batch { endpoints: vec![alone], ..Default::default() };
    store.save_batch(&here(), &batch).await.expect("saved");
    let (status, body) = split(&world, "ep_alone", json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "nothing was merged: {body}");
}
