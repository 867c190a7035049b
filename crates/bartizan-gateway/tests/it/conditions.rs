//! Conditions: through a gateway, with tokens, bodies and reloads.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bartizan_gateway::{
    Gateway, Handover, Running,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use crate::harness::{Client, Response, Upstream, config_with};

const SECRET: &[u8] = b"a shared secret of enough bytes, for a test";

/// Knows tokens, and asks nothing of them.
const TOKENS: &str = "
- name: tokens
  mode: enforce
  jwt: {issuer: shop, audiences: [shop], algorithms: [HS256], secret: 'file:SECRET'}
";

struct Shop {
    upstream: Upstream,
    running: Running,
    enforcement: Arc<Enforcement>,
    secret: String,
    _folder: tempfile::TempDir,
}

fn policies(secret: &str, text: &str) -> Vec<PolicyConfig> {
    serde_saphyr::from_str(&format!("{TOKENS}{text}").replace("SECRET", secret)).unwrap()
}

impl Shop {
    async fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, SECRET).unwrap();
        let secret = path.to_str().unwrap().to_owned();
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Enforcement::new(&policies(&secret, text), surroundings).unwrap();
        let enforcement = Arc::new(enforcement);
        let upstream = Upstream::ok().await;
        let config = config_with(&upstream, |_| {});
        let inline = Arc::clone(&enforcement) as Arc<_>;
        let running = Gateway::start(&config, inline, Handover::none()).await.unwrap();
        Self { upstream, running, enforcement, secret, _folder: folder }
    }

    async fn ask(&self, line: &str, fields: &str, body: &str) -> Response {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: Shop.example:80\r\ncontent-type: application/json\r\n\
             {fields}content-length: {length}\r\n\r\n{body}"
        );
        Client::ask(self.running.addresses()[0], request).await
    }

    fn metrics(&self) -> String {
        let mut registry = Registry::default();
        self.enforcement.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }

    async fn status(&self, line: &str, fields: &str, body: &str) -> u16 {
        self.ask(line, fields, body).await.status
    }
}

/// The field with a token of somebody.
fn token(subject: &str, claims: &Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut all = json!({"iss": "shop", "aud": "shop", "sub": subject, "iat": now,
        "exp": now + 600});
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&all));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("authorization: Bearer {message}.{signature}\r\n")
}

#[tokio::test]
async fn large_refunds_are_for_some() {
    let shop = Shop::with(
        "
- name: refunds
  mode: enforce
  scope: {paths: [/invoices/*/refund], methods: [POST]}
  condition: {deny_if: \"request.body.amount > 500 && !('finance' in identity.roles)\"}
",
    )
    .await;
    let clerk = token("7", &json!({"role": "clerk"}));
    let finance = token("8", &json!({"roles": ["clerk", "finance"]}));
    let line = "POST /invoices/1/refund";
    for (by, body, status) in [
        (&clerk, r#"{"amount":500}"#, 200),
        (&clerk, r#"{"amount":501}"#, 403),
        (&finance, r#"{"amount":501}"#, 200),
        (&clerk, r#"{"amount":"501"}"#, 403),
        (&clerk, r#"{"amount":1,"Amount":501}"#, 403),
        (&clerk, r#"{"amount":1,"amount":501}"#, 415),
        (&clerk, "{}", 403),
        (&clerk, "", 403),
    ] {
        assert_eq!(shop.status(line, by, body).await, status, "{body}");
    }
    // Nobody has no roles.
    assert_eq!(shop.status(line, "", r#"{"amount":501}"#).await, 403);
    assert_eq!(shop.status("POST /invoices/1", &clerk, r#"{"amount":501}"#).await, 200);
    assert_eq!(shop.upstream.seen().len(), 3, "nothing else came through");
    let told = shop.metrics();
    for reason in ["deny-if-true", "wrong-type", "ambiguous-name", "not-readable", "value-missing"]
    {
        assert!(told.contains(&format!("reason=\"{reason}\"")), "{reason}: {told}");
    }
}

#[tokio::test]
async fn claims_segments_and_heads_are_compared() {
    let shop = Shop::with(
        "
- name: own
  mode: enforce
  scope: {paths: [/users/**]}
  condition:
    template: /users/{user}
    allow_if: request.path_parameters.user == identity.subject
    hide: true
- name: tenants
  mode: enforce
  scope: {paths: [/orders]}
  condition:
    allow_if: >-
      request.host == 'shop.example' && client.address.startsWith('127.')
      && request.headers['x-tenant'] == identity.claims['https://shop/tenant']
",
    )
    .await;
    let ada = token("7", &json!({"https://shop/tenant": "north"}));
    for (line, fields, status) in [
        ("GET /users/7", "", 200),
        ("GET /users/8", "", 404),
        ("GET /orders", "x-tenant: north\r\n", 200),
        ("GET /orders", "x-tenant: south\r\n", 403),
        ("GET /orders", "x-tenant: north\r\nx-tenant: south\r\n", 403),
        ("GET /orders", "", 403),
    ] {
        let got = shop.status(line, &format!("{ada}{fields}"), "").await;
        assert_eq!(got, status, "{line} {fields}");
    }
    assert_eq!(shop.status("GET /users/7", "", "").await, 404, "nobody");
    let answer = shop.ask("GET /orders", &ada, "").await;
    assert!(answer.text().contains("condition-refused"), "{}", answer.text());
    assert!(!answer.text().contains("value-missing"), "clients are not told why");
}

#[tokio::test]
async fn what_is_monitored_passes_and_is_counted() {
    let shop = Shop::with(
        "
- name: pages
  condition: {deny_if: \"has(request.query.page) && int(request.query.page[0]) > 100\"}
",
    )
    .await;
    for line in ["GET /?page=101", "GET /?page=1", "GET /", "GET /?page=x", "GET /?Page=1"] {
        assert_eq!(shop.status(line, "", "").await, 200, "{line}");
    }
    let tally = shop.enforcement.tally("pages");
    assert_eq!((tally.would_refuse, tally.passed), (3, 2));
}

#[tokio::test]
async fn a_reload_asks_the_new_expression_and_a_wrong_one_changes_nothing() {
    let of =
        |text: &str| format!("- {{name: q, mode: enforce, condition: {{deny_if: \"{text}\"}}}}\n");
    let shop = Shop::with(&of("'a' in request.query")).await;
    assert_eq!(shop.status("GET /?a", "", "").await, 403);
    let wrong = policies(&shop.secret, &of("'a' in request.qery"));
    let error = shop.enforcement.successor(&wrong).unwrap_err();
    assert_eq!((error.policy.as_str(), error.key.as_str()), ("q", "condition.deny_if"));
    assert!(error.problem.starts_with("line 1, column 15: there is no `request.qery`"), "{error}");
    assert_eq!(shop.status("GET /?a", "", "").await, 403);
    let next = policies(&shop.secret, &of("'b' in request.query"));
    let next = Arc::new(shop.enforcement.successor(&next).unwrap());
    let config = config_with(&shop.upstream, |_| {});
    shop.running.reload(&config, next).unwrap();
    assert_eq!(shop.status("GET /?a", "", "").await, 200);
    assert_eq!(shop.status("GET /?b", "", "").await, 403);
}
