//! An OpenAPI contract in front of a real upstream, both ways.

use std::{collections::BTreeMap, sync::Arc};

use bartizan_gateway::{
    handover,
    policy::{Enforcement, PolicyConfig, Surroundings, WouldBreakAll},
};
use bartizan_model::{Action, HashKey, PolicyOutcome};

use crate::{
    answers::{answer, ask},
    enforcement::Guarded,
    harness::{Client, Response, Upstream, until},
};

/// The upstream answers what it was sent, so that the answer fits when the request does.
const SPEC: &str =
    "{openapi: 3.0.3, info: {title: t, version: '1'}, paths: {'/orders/{id}': {post: {
    parameters: [{name: id, in: path, required: true, schema: {type: integer}},
                 {name: dry, in: query, schema: {type: boolean}}],
    requestBody: {required: true, content: {application/json: {schema: {type: object, required: ['n'],
        properties: {n: {type: integer, nullable: true, minimum: 0, exclusiveMinimum: true}}}}}},
    responses: {default: {description: d}}}}}}";

fn request(target: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: api.example\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn send(guarded: &Guarded, target: &str, body: &str) -> Response {
    Client::ask(guarded.gateway.addresses()[0], request(target, body)).await
}

fn policy(mode: &str) -> String {
    format!("[{{name: orders, mode: {mode}, openapi: {{budget_micros: 1000000, inline: {SPEC}}}}}]")
}

const BAD: [(&str, &str, u16, &str); 6] = [
    ("/orders/x", r#"{"n":1}"#, 400, "type"),
    ("/orders/1?dry=2", r#"{"n":1}"#, 400, "type"),
    ("/orders/1?debug=1", r#"{"n":1}"#, 400, "undocumented-query"),
    ("/admin", r#"{"n":1}"#, 404, "undocumented-path"),
    ("/orders/1", r#"{"n":0}"#, 422, "exclusiveMinimum"),
    ("/orders/1", r#"{"n":1,"n":2}"#, 415, "not-readable"),
];

#[tokio::test]
async fn what_is_not_in_the_contract_ends_here() {
    let guarded = Guarded::new(&policy("enforce")).await;
    for (at, (target, body, status, reason)) in BAD.into_iter().enumerate() {
        let answer = send(&guarded, target, body).await;
        assert_eq!(answer.status, status, "{target} {body}");
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["code"].as_str(), Some("contract-refused"));
        assert!(problem["incident"].as_str().is_some_and(|incident| incident.len() > 8));
        let decided = guarded.decided(at).await;
        assert_eq!(decided.len(), 1, "{target}");
        let (_, action, outcome, why) = decided[0].clone();
        assert_eq!(
            (action, outcome, why),
            (Action::Deny, PolicyOutcome::Enforced, reason),
            "{target}"
        );
    }
    assert!(guarded.upstream.seen().is_empty(), "nothing of them went on");
    // The body is still there once it was looked at, and integers in paths are integers.
    for body in [r#"{"n": 1}"#, r#"{"n": null}"#] {
        assert_eq!(send(&guarded, "/orders/17?dry=true", body).await.status, 200);
        let seen = guarded.upstream.seen();
        assert_eq!(seen.last().map(|seen| seen.body.as_slice()), Some(body.as_bytes()));
    }
}

#[tokio::test]
async fn monitoring_tells_which_would_be_refused() {
    let guarded = Guarded::new(&policy("monitor")).await;
    for (at, (target, body, _, reason)) in BAD.into_iter().enumerate() {
        assert_eq!(send(&guarded, target, body).await.status, 200, "{target} {body}");
        let decided = guarded.decided(at).await;
        let (_, action, outcome, why) = decided[0].clone();
        assert_eq!(
            (action, outcome, why),
            (Action::Deny, PolicyOutcome::Monitored, reason),
            "{target}"
        );
    }
    let line = "policy_decisions_total{policy=\"orders\",kind=\"openapi\",mode=\"monitor\",outcome=\"would_refuse\"} 6";
    assert!(guarded.metrics().contains(line), "{}", guarded.metrics());
}

#[tokio::test]
async fn monitoring_tells_which_clients_would_break() {
    let guarded = Guarded::new(&policy("monitor")).await;
    let (id, key) = guarded.good_key();
    for (target, times) in [("/orders/x", 2), ("/orders/1?debug=1", 1), ("/orders/1", 1)] {
        for _ in 0..times {
            send(&guarded, target, r#"{"n":1}"#).await;
        }
    }
    let mut request = String::from_utf8(request("/admin", r#"{"n":1}"#)).unwrap();
    request = request.replacen("\r\n", &format!("\r\nx-api-key: {key}\r\n"), 1);
    assert_eq!(Client::ask(guarded.gateway.addresses()[0], request).await.status, 200);
    until("noted", || guarded.would_break("orders").clients.len() == 2).await;
    let WouldBreakAll { clients, forgotten } = guarded.would_break("orders");
    let [anybody, named] = &clients[..] else { panic!("{clients:?}") };
    assert_eq!((anybody.requests, named.requests, forgotten), (3, 1, 0));
    assert_eq!(anybody.reasons, BTreeMap::from([("type", 2), ("undocumented-query", 1)]));
    assert!(anybody.client.starts_with("127.0.0.0/"), "{}", anybody.client);
    assert!(anybody.first_seen <= anybody.last_seen);
    assert_eq!(named.client, format!("api_key {id}"));
    assert_eq!(named.reasons, BTreeMap::from([("undocumented-path", 1)]));
    // What is enforced breaks nobody any more without telling so.
    let enforced = Guarded::new(&policy("enforce")).await;
    send(&enforced, "/admin", "{}").await;
    enforced.decided(0).await;
    assert!(enforced.would_break("orders").clients.is_empty());
}

/// What the specification of `GET /` says about its answer.
const ANSWER: &str =
    "{openapi: 3.1.0, info: {title: t, version: '1'}, paths: {'/': {get: {responses: {'200': {
    description: d, content: {application/json: {schema: {type: object, required: ['n'],
        properties: {n: {type: integer}, secret: {writeOnly: true}}}}}}}}}}}";

#[tokio::test]
async fn answers_that_break_the_contract_are_replaced_and_kept() {
    for (mode, body, reason) in [
        ("enforce", r#"{"n":1}"#, None),
        ("enforce", r#"{"n":"hunter2"}"#, Some("type")),
        ("enforce", r#"{"n":1,"secret":"hunter2"}"#, Some("writeOnly")),
        ("monitor", r#"{"n":"hunter2"}"#, Some("type")),
    ] {
        let upstream =
            Upstream::new(move |_| answer("200 OK\r\ncontent-type: application/json", body)).await;
        let text = format!(
            "[{{name: contract, mode: {mode}, openapi: {{budget_micros: 1000000, answers: {{}}, inline: {ANSWER}}}}}]"
        );
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&text).unwrap();
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Enforcement::new(&policies, surroundings).unwrap();
        let (handover, mut received) = handover::channel(100, 1 << 20);
        let response = ask(&upstream, Arc::new(enforcement), handover).await;
        let is_withheld = mode == "enforce" && reason.is_some();
        assert_eq!(response.status, if is_withheld { 502 } else { 200 }, "{mode} {body}");
        assert_eq!(response.text().contains("contract-broken"), is_withheld, "{mode} {body}");
        assert!(!is_withheld || !response.text().contains("hunter2"), "{}", response.text());
        let seen = received.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!(
            seen.response.unwrap().body,
            body.as_bytes(),
            "what the upstream answered is kept"
        );
        let told: Vec<_> = seen.policies.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(told, Vec::from_iter(reason), "{mode} {body}");
    }
}
