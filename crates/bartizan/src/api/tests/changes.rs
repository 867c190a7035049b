//! The change log of the catalogue.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    with_token,
    world::{World, here},
};

async fn ask(world: &World, path: &str) -> (StatusCode, Value) {
    world.json(with_token(path, Method::GET, &here())).await
}

#[tokio::test]
async fn changes_are_listed_filtered_and_counted() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/changes").await;
    let items = body["items"].as_array().expect("a list");
    assert_eq!((status, items.len()), (StatusCode::OK, 1), "{body}");
    let one = &items[0];
    for (member, expected) in [
        ("kind", "auth_changed"),
        ("grade", "alert"),
        ("subject", "anonymous"),
        ("before", "not answered"),
        ("after", "answered"),
        ("endpoint_id", "ep_default"),
        ("host", "default.example"),
        ("path", "/v1/orders/{id}"),
    ] {
        assert_eq!(one[member], json!(expected), "{member}");
    }
    for (query, count) in [
        ("kind=auth_changed&kind=data_class_added&grade=alert", 1),
        ("kind=parameter_added", 0),
        ("grade=info", 0),
        ("endpoint=ep_default&host=default.example", 1),
        ("endpoint=ep_elsewhere", 0),
        ("since=2026-01-01T00:00:00Z", 0),
        ("before=2026-01-01T00:00:00Z&sort=time", 1),
    ] {
        let (status, body) = ask(&world, &format!("/changes?{query}")).await;
        let found = body["items"].as_array().map(Vec::len);
        assert_eq!((status, found), (StatusCode::OK, Some(count)), "{query}: {body}");
    }
    for wrong in ["kind=nonsense", "grade=high", "since=yesterday", "sort=grade", "colour=red"] {
        let (status, body) = ask(&world, &format!("/changes?{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let (_, facets) = ask(&world, "/changes/facets?grade=info").await;
    assert_eq!(facets["total"], json!(0));
    let alerts = json!([{"value": "alert", "count": 1}]);
    assert_eq!(facets["facets"]["grade"]["values"], alerts, "{facets}");
}

#[tokio::test]
async fn it_is_told_from_when_on_there_are_changes_and_how_long() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/changes/baseline").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["baseline"]["began"], body["baseline"]["ends"], "{body}");
    let began = body["baseline"]["began"].as_str().expect("a time");
    assert!(began.starts_with("1970-01-01T00:00:00"), "{body}");
    assert_eq!((&body["most_kept"], &body["days_kept"]), (&json!(10_000), &json!(400)));
}
