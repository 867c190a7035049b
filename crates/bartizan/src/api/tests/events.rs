//! What watchers are told.

use axum::{
    body::BodyDataStream,
    http::{Method, StatusCode, header},
};
use bartizan_analysis::{Snapshot, State, judge::judge};
use bartizan_model::{EndpointId, Exchange, ExchangeId, HashKey, Request};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{
    with_token,
    world::{World, here},
};
use crate::serve::Watch;

/// Tells of so many exchanges.
fn tell(watch: &Watch, count: usize) {
    let snapshot = Snapshot::new(here(), HashKey::new([1; 32]));
    let exchange = Exchange {
        id: ExchangeId::from_text("exc_1"),
        request: Request {
            method: "GET".to_owned(),
            authority: "api.example".to_owned(),
            target: "/v1/orders/1042?card=4111111111111111".to_owned(),
            ..Request::default()
        },
        ..Exchange::default()
    };
    let judgement = judge(&exchange, &snapshot, &mut State::new(&here()), None);
    for _ in 0..count {
        watch.tell(&exchange, &judgement, Some(&EndpointId::from_text("ep_default")));
    }
}

async fn watch(world: &World) -> BodyDataStream {
    let response = world.send(with_token("/events", Method::GET, &here())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The next event: its name, and its data.
async fn next(stream: &mut BodyDataStream) -> (String, Value) {
    let chunk = tokio::time::timeout(std::time::Duration::from_secs(30), stream.next()).await;
    let bytes = chunk.expect("in time").expect("not the end").expect("readable");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("{name} in {text:?}")).to_owned()
    };
    assert!(text.ends_with("\n\n"), "one event is one chunk: {text:?}");
    (field("event"), serde_json::from_str(&field("data")).expect("JSON"))
}

#[tokio::test]
async fn watchers_are_told_of_exchanges_without_their_values() {
    let world = World::new().await;
    let mut stream = watch(&world).await;
    tell(&world.watch, 1);
    let (name, data) = next(&mut stream).await;
    assert_eq!(name, "exchange");
    for (member, expected) in [
        ("id", json!("exc_1")),
        ("method", json!("GET")),
        ("host", json!("api.example")),
        ("path", json!("/v1/orders/9999")),
        ("endpoint_id", json!("ep_default")),
        ("status", Value::Null),
    ] {
        assert_eq!(data[member], expected, "{member}");
    }
    assert!(!data.to_string().contains("4111"), "{data}");
}

#[tokio::test]
async fn watchers_who_are_slow_are_told_how_much_they_missed() {
    let world = World::new().await;
    let mut stream = watch(&world).await;
    tell(&world.watch, 1_024 + 10);
    assert_eq!(next(&mut stream).await, ("missed".to_owned(), json!({"count": 10})));
    for _ in 0..1_024 {
        assert_eq!(next(&mut stream).await.0, "exchange", "the rest comes");
    }
}

#[tokio::test]
async fn only_so_many_may_watch() {
    let world = World::new().await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(watch(&world).await);
    }
    let refused = world.send(with_token("/events", Method::GET, &here())).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    streams.pop();
    streams.push(watch(&world).await);
}
