//! JSON Schema in front of a real upstream: what does not fit never gets there.

use bartizan_gateway::{Config, config::OverLimit};
use bartizan_model::{Action, PolicyOutcome};

use crate::{
    enforcement::Guarded,
    harness::{Client, Response},
    websocket::{HANDSHAKE, masked},
};

/// Far more than is needed: not what is tested here.
const ROOM: &str = "budget_micros: 1000000";
const ORDER: &str = "{type: object, required: [sku, quantity], additionalProperties: false, properties: \
                     {sku: {type: string, pattern: '^SKU-[0-9]{4}$'}, quantity: {type: integer, minimum: 1}}}";

fn request(target: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: api.example\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn send(guarded: &Guarded, target: &str, body: &[u8]) -> Response {
    let bytes = request(target, "application/json", body);
    Client::ask(guarded.gateway.addresses()[0], bytes).await
}

async fn said(guarded: &Guarded, at: usize) -> Vec<(Action, PolicyOutcome, &'static str)> {
    guarded.decided(at).await.into_iter().map(|(_, a, o, reason)| (a, o, reason)).collect()
}

const BAD: [(&str, u16, &str, Option<&str>); 6] = [
    (r#"{"sku": "SKU-1", "quantity": 1}"#, 422, "pattern", Some("/sku fails pattern")),
    (r#"{"sku": "SKU-0001", "quantity": 0}"#, 422, "minimum", Some("/quantity fails minimum")),
    (r#"{"sku": "SKU-0001"}"#, 422, "required", Some("the body fails required")),
    (
        r#"{"sku": "SKU-0001", "quantity": 1, "role": "admin"}"#,
        422,
        "additionalProperties",
        Some("the body fails additionalProperties"),
    ),
    (r#"{"sku": "SKU-0001", "quantity": 1, "quantity": 99}"#, 415, "not-readable", None),
    ("sku=SKU-0001", 415, "not-readable", None),
];
const GOOD: &str = r#"{"sku": "SKU-0001", "quantity": 3}"#;

#[tokio::test]
async fn what_does_not_fit_ends_here_and_is_told_where() {
    let policies =
        format!("[{{name: orders, mode: enforce, schema: {{inline: {ORDER}, {ROOM}}}}}]");
    let guarded = Guarded::new(&policies).await;
    for (at, (body, status, reason, detail)) in BAD.into_iter().enumerate() {
        let answer = send(&guarded, "/v1/orders", body.as_bytes()).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.field("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (problem["code"].as_str(), problem["detail"].as_str()),
            (Some("schema-refused"), detail)
        );
        assert!(problem["incident"].as_str().is_some_and(|incident| incident.len() > 8));
        assert!(
            !answer.text().contains("SKU-") && !answer.text().contains("admin"),
            "{}",
            answer.text()
        );
        let refused = (Action::Deny, PolicyOutcome::Enforced, reason);
        assert_eq!(said(&guarded, at).await, [refused], "{body}");
    }
    assert!(guarded.upstream.seen().is_empty(), "nothing of them went on");
    assert_eq!(send(&guarded, "/v1/orders", GOOD.as_bytes()).await.status, 200);
    let seen = guarded.upstream.seen();
    assert_eq!((seen.len(), seen[0].body.as_slice()), (1, GOOD.as_bytes()));
    let metrics = guarded.metrics();
    for line in [
        "policy_decisions_total{policy=\"orders\",kind=\"schema\",mode=\"enforce\",outcome=\"refused\"} 6",
        "policy_decisions_total{policy=\"orders\",kind=\"schema\",mode=\"enforce\",outcome=\"passed\"} 1",
        "policy_reasons_total{policy=\"orders\",kind=\"schema\",outcome=\"enforced\",reason=\"not-readable\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn monitoring_passes_and_counts() {
    let mut guarded =
        Guarded::new(&format!("[{{name: a, schema: {{inline: {ORDER}, {ROOM}}}}}]")).await;
    for (at, (body, status, reason, _)) in BAD.into_iter().enumerate() {
        assert_eq!(send(&guarded, "/v1/orders", body.as_bytes()).await.status, 200, "{body}");
        let would = (Action::Deny, PolicyOutcome::Monitored, reason);
        assert_eq!(said(&guarded, at).await, [would], "{body}");
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!(exchange.policies[0].status, Some(status));
    }
    assert_eq!(guarded.upstream.seen().len(), BAD.len());
    let line = "policy_decisions_total{policy=\"a\",kind=\"schema\",mode=\"monitor\",outcome=\"would_refuse\"} 6";
    assert!(guarded.metrics().contains(line), "{}", guarded.metrics());
}

#[tokio::test]
async fn scopes_order_and_bodies_that_are_not_read() {
    let policies = format!(
        "[{{name: known, mode: enforce, scope: {{paths: [/known]}}, authentication: {{any_of: [api_key]}}}},
          {{name: small, mode: enforce, scope: {{paths: [/small]}}, size: {{body_bytes: 10}}}},
          {{name: attacks, mode: enforce, detectors: {{{ROOM}}}}},
          {{name: strict, mode: enforce, scope: {{paths: [/known, /small, /strict], methods: [POST]}},
            schema: {{inline: {ORDER}, {ROOM}, required: true}}}},
          {{name: lax, mode: enforce, scope: {{paths: [/lax]}},
            schema: {{inline: {{type: object}}, {ROOM}, on_budget: pass, on_unreadable: pass, body_bytes: 100}}}}]"
    );
    let stream = |config: &mut Config| {
        config.limits.request_body_bytes = 2_000;
        config.services[0].request_over = OverLimit::Stream;
    };
    let guarded = Guarded::with(&policies, stream).await;
    let attack = br#"{"sku": "x' or '1'='1", "quantity": 1}"#;
    let long = format!("[{}1]", "1,".repeat(200));
    let streamed = format!("[{}1]", "1,".repeat(2_000));
    let refused = |reason| (Action::Deny, PolicyOutcome::Enforced, reason);
    let passed = |reason| (Action::Allow, PolicyOutcome::NotEvaluated, reason);
    for (at, (target, body, status, decided)) in [
        ("/known", &attack[..], 401, vec![refused("authentication-required")]),
        ("/small", attack, 413, vec![refused("body-too-large-here")]),
        ("/strict", attack, 422, vec![refused("pattern")]),
        ("/other", attack, 403, vec![refused("sql-injection")]),
        ("/strict", b"", 400, vec![refused("no-body")]),
        ("/strict", streamed.as_bytes(), 415, vec![refused("body-not-held")]),
        ("/lax", streamed.as_bytes(), 200, vec![passed("body-not-held"), passed("body-not-held")]),
        ("/lax", long.as_bytes(), 200, vec![passed("over-limits")]),
        ("/lax", b"{} {}", 200, vec![passed("not-readable")]),
        ("/lax", b"", 200, vec![]),
        ("/lax", b"[]", 422, vec![refused("type")]),
        ("/lax/../strict", b"[]", 422, vec![refused("type")]),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&guarded, target, body).await;
        assert_eq!(answer.status, status, "{at} {target} {}", answer.text());
        assert_eq!(said(&guarded, at).await, decided, "{at} {target}");
    }
    assert_eq!(guarded.upstream.seen().len(), 4);
    let get = "GET /strict HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(Client::ask(guarded.gateway.addresses()[0], get).await.status, 200);
}

/// Without an end to it, two branches at each of sixty levels would be looked at 2^60 times.
#[tokio::test]
async fn recursion_costs_no_more_than_the_budget() {
    let branch =
        |name: &str| format!("{{properties: {{a: {{$ref: '#/$defs/n'}}}}, required: [{name}]}}");
    let schema = format!(
        "{{$defs: {{n: {{oneOf: [{}, {}, {{const: 0}}], unevaluatedProperties: false}}}}, $ref: '#/$defs/n'}}",
        branch("b"),
        branch("c")
    );
    let policies = format!("[{{name: a, mode: enforce, schema: {{inline: {schema}, {ROOM}}}}}]");
    let guarded = Guarded::new(&policies).await;
    let body = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
    let begin = std::time::Instant::now();
    let answer = send(&guarded, "/", body.as_bytes()).await;
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    // That it does not fit is found once for each level; to say where, there is no time.
    assert_eq!(answer.status, 422);
    let refused = |reason| [(Action::Deny, PolicyOutcome::Enforced, reason)];
    assert_eq!(said(&guarded, 0).await, refused("schema-refused"));
    let deep = "[".repeat(100_000);
    assert_eq!(send(&guarded, "/", deep.as_bytes()).await.status, 413);
    assert_eq!(said(&guarded, 1).await, refused("over-limits"));
    assert!(guarded.upstream.seen().is_empty());
}

#[tokio::test]
async fn messages_of_websockets_are_not_compared() {
    let policies = format!("[{{name: a, mode: enforce, schema: {{inline: {ORDER}, {ROOM}}}}}]");
    let guarded = Guarded::before_echo(&policies).await;
    let mut client = Client::connect(guarded.gateway.addresses()[0]).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.response().await.status, 101);
    client.send(masked(0x81, b"[]")).await;
    assert_eq!(client.take(4).await, b"\x81\x02[]");
}
