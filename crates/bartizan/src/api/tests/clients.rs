//! The inventory of clients.

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
async fn clients_are_listed_filtered_and_counted() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/clients").await;
    let items = body["items"].as_array().expect("a list");
    assert_eq!((status, items.len()), (StatusCode::OK, 1), "{body}");
    for (member, expected) in [
        ("id", json!("cli_default")),
        ("kind", json!("server")),
        ("form", json!("application")),
        ("told_by", json!("token")),
        ("grade", json!("accepted")),
        ("scopes_unused", json!(1)),
        ("operations_unused", Value::Null),
    ] {
        assert_eq!(items[0][member], expected, "{member}");
    }
    assert_eq!(items[0].get("operations"), None, "a list has no details");
    for (query, count) in [
        ("kind=server&kind=device&form=application", 1),
        ("kind=browser", 0),
        ("form=key", 0),
        ("label=BILLING", 1),
        ("label=nothing", 0),
        ("sort=-scopes_unused", 1),
    ] {
        let (status, body) = ask(&world, &format!("/clients?{query}")).await;
        let found = body["items"].as_array().map(Vec::len);
        assert_eq!((status, found), (StatusCode::OK, Some(count)), "{query}: {body}");
    }
    for wrong in ["kind=nonsense", "form=app", "sort=kind", "colour=red", "limit=0"] {
        let (status, body) = ask(&world, &format!("/clients?{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let (_, facets) = ask(&world, "/clients/facets?kind=browser").await;
    assert_eq!(facets["total"], json!(0));
    let servers = json!([{"value": "server", "count": 1}]);
    assert_eq!(facets["facets"]["kind"]["values"], servers, "{facets}");
}

#[tokio::test]
async fn one_client_tells_its_grants_and_what_it_used() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/clients/cli_default").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["label"], json!("billing of default"));
    assert_eq!(body["scopes"][0], json!({"name": "x", "claim": "scope", "usage": "unused"}));
    assert_eq!(body["operations"][0]["endpoint_id"], json!("ep_default"));
    assert_eq!(body.get("absorbed"), None);
    for unknown in ["cli_elsewhere", "cli_nothing"] {
        let (status, _) = ask(&world, &format!("/clients/{unknown}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{unknown}");
    }
}
