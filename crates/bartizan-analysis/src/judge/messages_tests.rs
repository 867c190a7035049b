//! What is learned of messages that are no text, and of operations that are only told.

use std::sync::Arc;

use bartizan_model::{Exchange, HashKey, Protocol, Scope, analysis::Analysis};
use bartizan_protocols::spec::{NoFiles, read};

use super::{State, judge, results};
use crate::{
    checks::example::{Builder, post, send},
    snapshot::Snapshot,
    specs::Specs,
};

fn analyse(spec: Option<&str>, exchanges: Vec<Exchange>) -> Analysis {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    if let Some(text) = spec {
        let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
        snapshot.specs = Some(Arc::new(Specs::new(vec![("pay.proto".to_owned(), document)])));
    }
    let mut state = State::new(&snapshot.scope);
    for exchange in exchanges {
        judge(&exchange, &snapshot, &mut state, exchange.time);
    }
    results(&mut state, &snapshot)
}

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("short");
    [&[number << 3 | 2, length], value].concat()
}

/// A call of `method` with a message, which is answered with the same.
fn call(method: &str, message: &[u8]) -> Exchange {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let body: Vec<u8> = [&[0], &length[..], message].concat();
    let url = format!("https://grpc.example.com/pay.Pay/{method}");
    let mut exchange = send("POST", &url)
        .header("content-type", "application/grpc")
        .answer(200, "application/grpc", "x")
        .build();
    exchange.request.body = body.clone().into();
    exchange.request.body_state = bartizan_model::BodyState::Complete;
    exchange.trailers.push("grpc-status", "0");
    if let Some(response) = &mut exchange.response {
        response.body = body.into();
    }
    exchange
}

fn paid() -> Vec<u8> {
    let text = b"hello world, this is a review of some length, as people write them. It was good.";
    [field(2, b"4111111111111111"), field(3, b"joe@example.org"), field(4, text)].concat()
}

fn places(analysis: &Analysis) -> Vec<(&str, &str)> {
    let endpoint = analysis.endpoints.first().expect("an endpoint");
    let mut found: Vec<_> =
        endpoint.data_classes.iter().map(|c| (c.class.as_str(), c.location.as_str())).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn messages_are_looked_at_by_their_values() {
    let calls = || (0..3).map(|_| call("Charge", &paid())).collect();
    let analysis = analyse(None, calls());
    let found = places(&analysis);
    assert!(found.iter().any(|(_, place)| *place == "grpc:Charge.2"), "{found:?}");
    assert!(found.iter().any(|(_, place)| *place == "grpc:Charge.3"), "{found:?}");
    assert!(analysis.detections.is_empty(), "{:?}", analysis.detections.first());
    let endpoint = &analysis.endpoints[0];
    assert_eq!((endpoint.path.as_str(), endpoint.protocol), ("/pay.Pay/Charge", Protocol::Grpc));
    let parameters: Vec<_> = endpoint.parameters.iter().map(|p| p.location.as_str()).collect();
    assert!(parameters.iter().all(|place| !place.starts_with("body")), "{parameters:?}");
    assert!(parameters.contains(&"grpc:Charge.4") && !parameters.contains(&"grpc:Charge"));
    assert!(analysis.summary.not_inspected.is_empty(), "{:?}", analysis.summary.not_inspected);

    let spec = "syntax = \"proto3\"; package pay; service Pay { rpc Charge(Ask) returns (Ask); } \
                message Ask { string card = 2; string mail = 3; string text = 4; }";
    let analysis = analyse(Some(spec), calls());
    let found = places(&analysis);
    assert!(found.iter().any(|(_, place)| *place == "grpc:Charge.card"), "{found:?}");
    assert!(found.iter().any(|(_, place)| *place == "grpc:Charge.mail"), "{found:?}");
}

#[test]
fn attacks_in_messages_are_detected() {
    let attack = field(1, b"1' OR '1'='1' UNION SELECT password FROM users--");
    let analysis = analyse(None, vec![call("Find", &attack)]);
    let evidence = analysis.detections.iter().flat_map(|detection| &detection.evidence);
    let mut places = evidence.filter_map(|one| one.location.as_ref());
    assert!(places.any(|place| place.as_str() == "grpc:Find.1"), "{:?}", analysis.detections);
}

fn rpc(body: &str, answer: &str) -> Exchange {
    let asked: Builder = post("https://rpc.example.com/rpc", body);
    asked.json(200, answer).build()
}

fn operations(analysis: &Analysis) -> Vec<&str> {
    let mut names: Vec<_> =
        analysis.endpoints.iter().map(|one| one.operation.as_deref().unwrap_or("-")).collect();
    names.sort_unstable();
    names
}

#[test]
fn notifications_are_operations_of_their_name() {
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"note"},{"jsonrpc":"2.0","id":2,"method":"b"}]"#;
    let answer = r#"[{"jsonrpc":"2.0","id":2,"result":1},{"jsonrpc":"2.0","id":1,"result":1}]"#;
    let analysis = analyse(None, vec![rpc(batch, answer)]);
    assert_eq!(operations(&analysis), ["[batch]", "a", "b", "note"]);
}

#[test]
fn tools_that_are_listed_are_in_the_inventory() {
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let tools =
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"search"},{"name":"wipe"}]}}"#;
    let used = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"search"}}"#;
    let result = r#"{"jsonrpc":"2.0","id":2,"result":{"content":[]}}"#;
    let analysis = analyse(None, vec![rpc(list, tools), rpc(used, result)]);
    assert_eq!(operations(&analysis), ["tools/call search", "tools/call wipe", "tools/list"]);
    let wipe = analysis.endpoints.iter().find(|one| one.requests == 0).expect("never called");
    assert_eq!(wipe.operation.as_deref(), Some("tools/call wipe"));
    assert!(wipe.template_evidence.iter().any(|line| line.contains("no call was seen")));
    let called = analysis.endpoints.iter().filter(|one| one.requests > 0);
    assert!(called.flat_map(|one| &one.template_evidence).all(|l| !l.contains("no call was seen")));
}
