//! Policies that know a protocol, in front of a real upstream: what asks for too much never gets there, everything else
//! does.

use std::sync::Arc;

use bartizan_gateway::{
    Gateway, handover,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;

use crate::{
    enforcement::Guarded,
    harness::{Client, Reply, Response, Upstream, config_with},
    websocket::{HANDSHAKE, masked},
};

/// Far more than is needed: not what is tested here.
const ROOM: &str = "budget_micros: 1000000";

async fn post(guarded: &Guarded, target: &str, kind: &str, body: &str) -> Response {
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: api.example\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Client::ask(guarded.gateway.addresses()[0], request).await
}

async fn code(guarded: &Guarded, target: &str, kind: &str, body: &str) -> (u16, Option<String>) {
    let answer = post(guarded, target, kind, body).await;
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, problem["code"].as_str().map(str::to_owned))
}

fn told(status: u16, code: &str) -> (u16, Option<String>) {
    (status, Some(code.to_owned()))
}

const JSON: &str = "application/json";
const XML: &str = "text/xml";

#[tokio::test]
async fn what_asks_for_too_much_ends_here() {
    let policies = format!(
        "[{{name: graphql, mode: enforce, scope: {{paths: [/graphql]}}, graphql: {{{ROOM}}}}},
          {{name: rpc, mode: enforce, scope: {{paths: [/rpc]}}, json_rpc: {{{ROOM}, batch: 2, methods: {{deny: [admin.*]}}}}}},
          {{name: xml, mode: enforce, scope: {{paths: [/xmlrpc]}}, xml_rpc: {{{ROOM}}}}},
          {{name: soap, mode: enforce, scope: {{paths: [/soap]}}, soap: {{{ROOM}}}}},
          {{name: grpc, mode: enforce, grpc: {{{ROOM}}}}},
          {{name: files, mode: enforce, scope: {{paths: [/files]}}, upload: {{{ROOM}}}}}]"
    );
    let guarded = Guarded::new(&policies).await;
    let deep = r#"{"query": "{a{...F}} fragment F on A {b{c{d{e{f}}}}}"}"#;
    let envelope = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><Get/></s:Body></s:Envelope>";
    let list = "<methodCall><methodName>system.listMethods</methodName></methodCall>";
    let reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let calls = |method: &str| format!(r#"[{{"method":"a"}},{{"method":"{method}"}}]"#);
    let file = |content: &str| {
        format!(
            "--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n{content}\r\n--b--\r\n"
        )
    };
    let form = "multipart/form-data; boundary=b";
    for (target, kind, body, expected) in [
        ("/graphql", JSON, deep, told(400, "graphql-refused")),
        ("/graphql", JSON, r#"{"query": "{__schema{types{name}}}"}"#, told(403, "graphql-refused")),
        ("/graphql?query=mutation%7Ba%7D", JSON, "", told(403, "graphql-refused")),
        ("/gr%61phql", JSON, deep, told(400, "graphql-refused")),
        ("/rpc", JSON, &calls("admin.drop"), told(403, "json-rpc-refused")),
        (
            "/rpc",
            JSON,
            r#"[{"method":"a"},{"method":"a"},{"method":"a"}]"#,
            told(400, "json-rpc-refused"),
        ),
        ("/xmlrpc", XML, list, told(403, "xml-rpc-refused")),
        ("/soap", XML, &format!("<!DOCTYPE a>{envelope}"), told(403, "soap-refused")),
        (reflect, "application/grpc", "\0\0\0\0\0", told(403, "grpc-refused")),
        ("/files", form, &file("MZ this is a program"), told(415, "upload-refused")),
    ] {
        assert_eq!(code(&guarded, target, kind, body).await, expected, "{target} {body}");
    }
    assert!(guarded.upstream.seen().is_empty(), "nothing of them went on");
    for (target, kind, body) in [
        ("/graphql", JSON, r#"{"query": "{me{name shipments(limit:10){id}}}"}"#),
        ("/rpc", JSON, &calls("b")),
        ("/xmlrpc", XML, "<methodCall><methodName>depot.list</methodName></methodCall>"),
        ("/soap", XML, envelope),
        ("/quay.v1.Tracking/Get", "application/grpc", "\0\0\0\0\0"),
        ("/files", form, &file("hello").replace("image/png", "text/plain")),
        ("/other", JSON, deep),
    ] {
        assert_eq!(post(&guarded, target, kind, body).await.status, 200, "{target} {body}");
    }
    assert_eq!(guarded.upstream.seen().len(), 7);
}

#[tokio::test]
async fn a_handshake_hides_nothing() {
    let policies = format!("[{{name: graphql, mode: enforce, graphql: {{{ROOM}}}}}]");
    let guarded = Guarded::new(&policies).await;
    let upgrading = HANDSHAKE.replace("GET /chat", "GET /graphql?query=mutation%7Ba%7D");
    let answer = Client::ask(guarded.gateway.addresses()[0], upgrading).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("graphql-refused"), "{}", answer.text());
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn monitoring_passes_and_counts() {
    let guarded = Guarded::new(&format!("[{{name: a, graphql: {{{ROOM}, depth: 1}}}}]")).await;
    assert_eq!(post(&guarded, "/graphql", JSON, r#"{"query":"{a{b}}"}"#).await.status, 200);
    let decided = guarded.decided(0).await;
    assert_eq!((decided.len(), decided[0].3), (1, "depth"));
    let metrics = guarded.metrics();
    let line = "policy_decisions_total{policy=\"a\",kind=\"graphql\",mode=\"monitor\",outcome=\"would_refuse\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn suggestions_are_taken_out_and_learned_from() {
    const TOLD: &str =
        r#"{"errors":[{"message":"Cannot query field \"shipmen\". Did you mean \"shipment\"?"}]}"#;
    let upstream = Upstream::new(|_| {
        let length = TOLD.len();
        Reply::bytes(format!("HTTP/1.1 400 X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{TOLD}"))
    })
    .await;
    let policies: Vec<PolicyConfig> =
        serde_saphyr::from_str(&format!("[{{name: a, mode: enforce, graphql: {{{ROOM}}}}}]"))
            .unwrap();
    let enforcement = Enforcement::new(&policies, Surroundings::embedded(HashKey::new([7; 32])));
    let (handover, mut received) = handover::channel(100, 1 << 20);
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(enforcement.unwrap()), handover).await.unwrap();
    let body = r#"{"query":"{shipmen}"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Client::ask(running.addresses()[0], request).await;
    assert_eq!(answer.text(), r#"{"errors":[{"message":"Cannot query field \"shipmen\"."}]}"#);
    assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(upstream.seen()[0].field("accept-encoding"), Some("identity"));
    let seen = received.recv().await.unwrap().into_exchange().unwrap();
    assert_eq!(seen.response.unwrap().body, TOLD.as_bytes());
    assert_eq!(seen.request.headers.get("accept-encoding"), Some("gzip, br"));
}

/// Closed for a violation of policy (RFC 6455, section 7.4.1).
const CLOSED: &[u8] = b"\x88\x02\x03\xf0";

async fn open(guarded: &Guarded) -> Client {
    let mut client = Client::connect(guarded.gateway.addresses()[0]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.response().await.status, 101);
    client
}

#[tokio::test]
async fn connections_are_closed_by_what_is_said_on_them() {
    let policies = format!(
        "[{{name: ws, mode: enforce, websocket: {{{ROOM}, messages: 3, period_seconds: 3600, \
           client: {{not: {{required: [secret]}}}}, server: {{not: {{required: [leak]}}}}}}}}]"
    );
    let guarded = Guarded::before_echo(&policies).await;
    let mut client = open(&guarded).await;
    for _ in 0..3 {
        client.send(masked(0x81, b"{}")).await;
        assert_eq!(client.take(4).await, b"\x81\x02{}");
    }
    client.send(masked(0x81, b"{}")).await;
    assert_eq!(client.take(4).await, CLOSED, "the fourth");

    let mut client = open(&guarded).await;
    client.send(masked(0x81, br#"{"secret":1}"#)).await;
    assert_eq!(client.take(4).await, CLOSED, "what the client must not say");

    let mut client = open(&guarded).await;
    client.send(masked(0x81, br#"{"leak":1}"#)).await;
    assert_eq!(client.take(4).await, CLOSED, "what the server must not say");
}
