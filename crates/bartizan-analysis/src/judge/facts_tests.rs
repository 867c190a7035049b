//! What sources and specifications say beside traffic, from the exchange to the result.

use std::sync::Arc;

use bartizan_model::{DriftKind, Exchange, Flow, HashKey, Message, Scope, analysis::Analysis};
use bartizan_protocols::spec::{NoFiles, read};

use super::{State, judge, results};
use crate::{checks::example::get, snapshot::Snapshot, specs::Specs};

fn analyse(spec: Option<&str>, exchanges: Vec<Exchange>) -> Analysis {
    let mut snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    if let Some(text) = spec {
        let document = read(text.as_bytes(), &mut NoFiles).expect("a document");
        snapshot.specs = Some(Arc::new(Specs::new(vec![("api.yaml".to_owned(), document)])));
    }
    let mut state = State::new(&snapshot.scope);
    for exchange in exchanges {
        judge(&exchange, &snapshot, &mut state, exchange.time);
    }
    let saved = state.save().expect("saves");
    results(&mut State::load(&saved).expect("loads"), &snapshot)
}

#[test]
fn the_route_that_answered_is_the_template() {
    let asked = |path: &str, route: Option<&str>| Exchange {
        route: route.map(str::to_owned),
        ..get(&format!("https://api.example.com{path}")).json(200, r#"{"a":1}"#).build()
    };
    let paths = |exchanges| {
        let found = analyse(None, exchanges);
        found.endpoints.into_iter().map(|one| one.path).collect::<Vec<_>>()
    };
    let route = Some("/otel/{oid}");
    assert_eq!(paths(vec![asked("/otel/7", route), asked("/otel/x", route)]), ["/otel/{oid}"]);
    assert_eq!(paths(vec![asked("/otel/7", Some("/{*rest}"))]), ["/otel/{otel_id}"]);
}

#[test]
fn header_fields_that_answers_have_to_have_are_counted() {
    const SPEC: &str = r"openapi: 3.1.0
info: {title: t, version: '1'}
servers: [{url: https://api.example.com}]
paths:
  /items/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {'200': {description: ok, headers: {X-Total: {required: true}, X-Version: {required: true}}}}
";
    let answered = |n: u32| {
        get(&format!("https://api.example.com/items/{n}")).json(200, "{}").with("x-version", "1")
    };
    let found = analyse(Some(SPEC), (0..8).map(|n| answered(n).build()).collect());
    let endpoint = found.endpoints.iter().find(|one| one.requests > 0).expect("an endpoint");
    let drift = &endpoint.written.as_ref().expect("it is written").drift;
    let missing: Vec<_> = drift
        .iter()
        .filter(|one| one.kind == DriftKind::Missing)
        .map(|one| (one.part.as_str(), one.location.as_str(), one.seen.as_str()))
        .collect();
    assert_eq!(missing, [("200", "header.x-total", "never there")]);
}

#[test]
fn messages_of_a_socket_are_compared_with_its_channel() {
    const SPEC: &str = r"asyncapi: 2.6.0
info: {title: t, version: '1'}
servers: {ws: {url: 'wss://ws.example.com', protocol: wss}}
channels:
  /chat:
    publish: {message: {payload: {type: object, required: [type], properties: {type: {const: join}, room: {type: integer}}}}}
    subscribe: {message: {payload: {type: object, properties: {type: {const: joined}}}}}
";
    let message = |from_client, text: &str| Message {
        from_client,
        time: None,
        data: text.as_bytes().to_vec().into(),
        text: true,
    };
    let socket = || Exchange {
        messages: vec![
            message(true, r#"{"type":"join","room":"r1"}"#),
            message(false, r#"{"type":"joined"}"#),
            message(true, r#"{"action":"ping"}"#),
        ],
        protocol: Some("websocket".to_owned()),
        ..get("https://ws.example.com/chat")
            .header("upgrade", "websocket")
            .header("connection", "Upgrade")
            .answer(101, "", "")
            .with("upgrade", "websocket")
            .build()
    };
    let found = analyse(Some(SPEC), vec![socket(), socket()]);
    let endpoint = found.endpoints.iter().find(|one| one.requests > 0).expect("an endpoint");
    let drift = &endpoint.written.as_ref().expect("it is written").drift;
    let told: Vec<_> =
        drift.iter().map(|one| (one.kind, one.location.as_str(), one.seen.as_str())).collect();
    assert_eq!(
        told,
        [(DriftKind::Unwritten, "", "ping"), (DriftKind::Type, "ws.message:/room", "string"),]
    );
}

#[test]
fn what_goes_out_to_a_public_name_is_egress_whatever_the_address_of_who_asks() {
    let out = |ip: &str| {
        let mut exchange = get("https://hooks.example.com/services/a").json(200, "{}").build();
        exchange.flow = Some(Flow::Outbound);
        exchange.client.ip = ip.parse().ok();
        exchange.caller = Some("billing".to_owned());
        exchange
    };
    let found = analyse(None, vec![out("10.0.0.7"), out("198.51.100.7"), out("8.8.8.8")]);
    let hosts: Vec<_> = found.egress.iter().map(|one| (one.host.as_str(), one.requests)).collect();
    assert_eq!(hosts, [("hooks.example.com", 3)]);
}
