//! Which services call which, and whom ours call.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    with_token,
    world::{World, elsewhere, here},
};

async fn ask(world: &World, path: &str) -> (StatusCode, Value) {
    world.json(with_token(path, Method::GET, &here())).await
}

#[tokio::test]
async fn services_are_those_of_who_asks() {
    let world = World::new().await;
    let (status, body) = ask(&world, "/service-graph").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["graph"]["nodes"][1]["id"], json!("service:default"), "{body}");
    let link = &body["graph"]["links"][0];
    assert_eq!((&link["caller"], &link["calls"]), (&json!("network:public"), &json!(7)));
    assert_eq!(link["told_by"], json!([{"by": "address", "calls": 7}]));
    let (_, theirs) = world.json(with_token("/service-graph", Method::GET, &elsewhere())).await;
    assert_ne!(theirs["graph"]["nodes"][1]["id"], json!("service:default"), "{theirs}");
    let (status, _) = ask(&world, "/service-graph?depth=2").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn third_parties_are_listed_filtered_and_given_as_a_table() {
    let world = World::new().await;
    for (query, count) in [
        ("", 1),
        ("host=PAY", 1),
        ("host=nobody", 0),
        ("sent=iban&sent=email", 1),
        ("sent=email", 0),
        ("plain=true&told_by=configuration&sort=host", 1),
        ("plain=false", 0),
        ("told_by=traffic&sort=-last_seen", 0),
    ] {
        let (status, body) = ask(&world, &format!("/egress?{query}")).await;
        let found = body["items"].as_array().map(Vec::len);
        assert_eq!((status, found), (StatusCode::OK, Some(count)), "{query}: {body}");
    }
    for wrong in ["told_by=somebody", "plain=maybe", "sort=sent", "colour=red", "limit=0"] {
        let (status, body) = ask(&world, &format!("/egress?{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {body}");
    }
    let response = world.send(with_token("/egress?format=csv", Method::GET, &here())).await;
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("body");
    let table = String::from_utf8(bytes.to_vec()).expect("text");
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("host,told_by,told,requests,"), "{table}");
    assert!(lines.len() == 2 && lines[1].starts_with("pay.default.example,configuration,"));
}
