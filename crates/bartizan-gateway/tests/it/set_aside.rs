//! Refusals that are set aside, in front of a real upstream: for one endpoint, one reason, and until a time.

use std::{sync::Arc, time::SystemTime};

use bartizan_gateway::{
    Gateway, Handover, Running,
    policy::{Enforcement, PolicyConfig, ScopeConfig, SetAside, Surroundings},
};
use bartizan_model::{HashKey, Timestamp};

use crate::harness::{Client, Upstream, config_with, until};

const POLICIES: &str = "[{name: pages, mode: enforce, page_size: {most: 100}},\
     {name: orders, mode: enforce, scope: {methods: [POST]}, schema: {budget_micros: 1000000, inline: {properties: {quantity: {minimum: 1}}}}}]";

fn after(seconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Timestamp::from_seconds(i64::try_from(now).unwrap() + seconds)
}

fn aside(method: &str, refusal: &str, until: Timestamp) -> SetAside {
    SetAside {
        scope: ScopeConfig {
            hosts: vec!["api.example.com".to_owned()],
            paths: vec!["/orders/*".to_owned()],
            methods: vec![method.to_owned()],
            ..ScopeConfig::default()
        },
        refusal: refusal.to_owned(),
        subject: None,
        until,
    }
}

struct Guarded {
    running: Running,
    enforcement: Arc<Enforcement>,
    upstream: Upstream,
}

impl Guarded {
    /// With this set aside of both policies.
    async fn new(all: &[SetAside]) -> Self {
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(POLICIES).unwrap();
        let policies: Vec<_> =
            policies.into_iter().map(|policy| policy.setting_aside(all.to_vec())).collect();
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Arc::new(Enforcement::new(&policies, surroundings).unwrap());
        let upstream = Upstream::ok().await;
        let config = config_with(&upstream, |_| {});
        let policies = Arc::clone(&enforcement) as Arc<_>;
        let running = Gateway::start(&config, policies, Handover::none()).await.unwrap();
        Self { running, enforcement, upstream }
    }

    async fn ask(&self, line: &str, body: &str) -> u16 {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: api.example.com\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Client::ask(self.running.addresses()[0], request).await.status
    }
}

#[tokio::test]
async fn only_such_refusals_of_that_endpoint_pass() {
    let guarded = Guarded::new(&[
        aside("GET", "page-too-large", after(60)),
        aside("POST", "minimum", after(60)),
    ])
    .await;
    for (line, body, status) in [
        ("GET /orders/7?limit=5", "", 200),
        ("GET /orders/7?limit=500", "", 200),
        ("POST /orders/7", r#"{"quantity": 0}"#, 200),
        // Another reason, another method, another endpoint.
        ("GET /orders/7?limit=all", "", 400),
        ("PUT /orders/7?limit=500", "", 400),
        ("GET /orders?limit=500", "", 400),
        ("GET /users/7?limit=500", "", 400),
        ("POST /users", r#"{"quantity": 0}"#, 422),
        // What a server may read as another endpoint.
        ("GET /orders/..%2fusers?limit=500", "", 400),
        ("GET /orders/7?limit=500&_method=DELETE", "", 400),
    ] {
        assert_eq!(guarded.ask(line, body).await, status, "{line}");
    }
    assert_eq!(guarded.upstream.seen().len(), 3);
    // It is told that nothing was decided, and not that it passed.
    until("counted", || guarded.enforcement.tally("pages").not_evaluated == 1).await;
    assert_eq!(guarded.enforcement.tally("orders").not_evaluated, 1);
    assert!(guarded.enforcement.tally("pages").refused >= 5);
}

#[tokio::test]
async fn it_ends_and_is_for_whom_it_says() {
    let over = aside("GET", "page-too-large", after(-1));
    let of_ada =
        SetAside { subject: Some("ada".to_owned()), ..aside("GET", "page-too-large", after(60)) };
    let guarded = Guarded::new(&[over, of_ada]).await;
    assert_eq!(guarded.ask("GET /orders/7?limit=500", "").await, 400, "nobody is known");
    assert!(guarded.upstream.seen().is_empty());
}
