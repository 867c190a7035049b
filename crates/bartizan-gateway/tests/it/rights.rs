//! Who may what, whose it is, and what is shown of it: through a gateway in front of an upstream that lets everybody
//! see and change everything.

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
use serde_json::{Value, json};

use crate::harness::{Client, Reply, Response, Upstream, config_with};

const SECRET: &[u8] = b"a shared secret of enough bytes, for a test";

/// Knows tokens, and no rights.
const TOKENS: &str = "
- name: tokens
  mode: enforce
  jwt: {issuer: shop, audiences: [shop], algorithms: [HS256], secret: 'file:SECRET'}
";

struct Shop {
    upstream: Upstream,
    running: Running,
    enforcement: Arc<Enforcement>,
    _folder: tempfile::TempDir,
}

/// Orders are of the user whose number their hundreds are.
fn answer(line: &str) -> Reply {
    let path = line.split(' ').nth(1).unwrap_or_default();
    let id: u64 = path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(0);
    let order = |id: u64| json!({"id": id, "owner_id": id / 100, "margin": 1.50, "iban": "DE02"});
    let body = if path.ends_with("/orders") {
        json!({"orders": [order(700), order(701)]})
    } else {
        order(id)
    };
    let body = body.to_string();
    let length = body.len();
    Reply::bytes(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\netag: \"1\"\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

impl Shop {
    async fn with(policies: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, SECRET).unwrap();
        let text = format!("{TOKENS}{policies}").replace("SECRET", secret.to_str().unwrap());
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&text).unwrap();
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Arc::new(Enforcement::new(&policies, surroundings).unwrap());
        let upstream = Upstream::new(|seen| answer(seen.line())).await;
        let config = config_with(&upstream, |_| {});
        let inline = Arc::clone(&enforcement) as Arc<_>;
        let running = Gateway::start(&config, inline, Handover::none()).await.unwrap();
        Self { upstream, running, enforcement, _folder: folder }
    }

    async fn ask(&self, line: &str, token: Option<&str>, body: &str) -> Response {
        let field = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let (field, length) = (field.unwrap_or_default(), body.len());
        let head =
            format!("{line} HTTP/1.1\r\nhost: a\r\n{field}content-type: application/json\r\n");
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        Client::ask(self.running.addresses()[0], request).await
    }

    async fn status(&self, line: &str, token: &str) -> u16 {
        self.ask(line, Some(token), "").await.status
    }
}

fn token(subject: &str, role: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"iss": "shop", "aud": "shop", "sub": subject, "role": role,
        "iat": now, "exp": now + 600});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&claims));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn what_no_policy_allows_is_closed() {
    let shop = Shop::with(
        "
- {name: orders, mode: enforce, scope: {paths: [/orders, /orders/**]}, authorization: {allow: [{identified: true}]}}
- {name: admin, mode: monitor, scope: {paths: [/admin/**]}, authorization: {allow: [{roles: [admin]}]}}
- {name: health, mode: enforce, scope: {paths: [/health]}, authorization: {allow: [{anyone: true}]}}
- {name: misspelt, mode: enforce, scope: {paths: [/raports/**]}, authorization: {allow: [{anyone: true}]}}
- {name: rest, mode: enforce, authorization: {deny_rest: true}}
",
    )
    .await;
    let (user, admin) = (token("7", "user"), token("1", "admin"));
    for (line, token, status) in [
        ("GET /health", None, 200),
        ("GET /orders/700", Some(&user), 200),
        ("GET /orders/700", None, 401),
        ("GET /admin/x", Some(&admin), 200),
        ("GET /admin/x", Some(&user), 403),
        ("GET /reports/1", Some(&admin), 403),
    ] {
        let answer = shop.ask(line, token.map(String::as_str), "").await;
        assert_eq!(answer.status, status, "{line}");
    }
    assert_eq!(shop.enforcement.tally("admin").would_refuse, 1, "only monitored itself");
    for line in ["GET /orders/../admin/x", "GET /orders/..%2fadmin/x", "GET /orders;/../admin/x"] {
        assert!(shop.status(line, &user).await >= 400, "{line}");
    }
    assert_eq!(shop.upstream.seen().len(), 3);
}

#[tokio::test]
async fn objects_are_for_their_owners_from_the_first_read_on() {
    let shop = Shop::with(
        "
- name: own
  mode: enforce
  scope: {paths: [/orders, /orders/**]}
  ownership:
    template: /orders/{order}
    answer: [{at: 'body:/owner_id'}, {at: 'body:/orders/*/owner_id'}]
    objects: [{at: path.order, kind: order}]
    shows: [{kind: order, id: id, owner: owner_id}]
    exempt_roles: [clerk]
    hide: true
",
    )
    .await;
    let (ada, bea, clerk) = (token("7", "user"), token("8", "user"), token("9", "clerk"));
    assert_eq!(shop.status("GET /orders/700", &ada).await, 200);
    assert_eq!(shop.status("GET /orders/801", &ada).await, 404, "a first read");
    assert_eq!(shop.status("GET /orders/801", &clerk).await, 200);
    assert_eq!(shop.status("GET /orders", &bea).await, 404, "a list of others");
    assert_eq!(shop.status("GET /orders", &ada).await, 200);
    let seen = shop.upstream.seen().len();
    // By now it is known whose they are: nothing of a change goes on.
    assert_eq!(shop.status("DELETE /orders/801", &ada).await, 404);
    assert_eq!(shop.status("DELETE /orders/%38%30%31", &ada).await, 404);
    assert_eq!(shop.status("DELETE /orders/701", &bea).await, 404);
    assert_eq!(shop.upstream.seen().len(), seen);
    assert_eq!(shop.status("DELETE /orders/701", &ada).await, 200);
    let nobody = shop.ask("GET /orders/801", None, "").await;
    assert_eq!(nobody.status, 200, "for an authentication policy to say");
    assert!(shop.enforcement.tally("own").not_evaluated > 0);
}

#[tokio::test]
async fn what_is_not_shown_is_taken_out_and_what_is_read_only_goes_nowhere() {
    let shop = Shop::with(
        "
- name: shown
  mode: enforce
  scope: {paths: [/orders/**]}
  properties: {strip: [margin], mask: [iban], read_only: [owner_id], exempt_roles: [clerk]}
",
    )
    .await;
    let (ada, clerk) = (token("7", "user"), token("9", "clerk"));
    let answer = shop.ask("GET /orders/700", Some(&ada), "").await;
    let shown: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(shown, json!({"id": 700, "owner_id": 7, "iban": "***"}));
    assert_eq!(answer.field("etag"), None, "of the bytes that are no more");
    let answer = shop.ask("GET /orders/700", Some(&clerk), "").await;
    assert!(answer.text().contains("margin"));
    let seen = shop.upstream.seen().len();
    let refused = shop.ask("PATCH /orders/700", Some(&ada), r#"{"OwnerId":8}"#).await;
    assert_eq!((refused.status, shop.upstream.seen().len()), (403, seen));
    assert!(refused.text().contains("read-only-property"));
    assert_eq!(shop.ask("PATCH /orders/700", Some(&ada), r#"{"note":8}"#).await.status, 200);
}

#[tokio::test]
async fn other_spellings_change_nothing_of_what_is_refused() {
    let shop = Shop::with(
        "
- name: own
  mode: enforce
  scope: {paths: [/orders, /orders/**]}
  ownership:
    template: /orders/{order}
    request: [{at: query.owner}]
    objects: [{at: path.order, kind: order}]
    shows: [{kind: order, id: id, owner: owner_id}]
- name: shown
  mode: enforce
  scope: {paths: [/orders/**]}
  properties: {strip: [margin], read_only: [owner_id]}
",
    )
    .await;
    let (ada, bea) = (token("7", "user"), token("8", "user"));
    assert_eq!(shop.status("GET /orders/801", &bea).await, 200);
    let seen = shop.upstream.seen().len();
    for line in [
        "DELETE /orders/0801?owner=7",
        "DELETE /orders/801.0?owner=7",
        "DELETE /orders/8.01e2?owner=7",
        "DELETE /orders/700,801?owner=7",
        "GET /orders?owner=7&Owner%5B%5D=8",
        "GET /orders?x;owner=8",
    ] {
        assert_eq!(shop.status(line, &ada).await, 403, "{line}");
    }
    let patch = r#"[{"op":"replace","path":"/ownerId","value":8}]"#;
    assert_eq!(shop.ask("PATCH /orders/700?owner=7", Some(&ada), patch).await.status, 403);
    let aliased = r#"{"Query":"{order(id:700){x: margin}}"}"#;
    assert_eq!(shop.ask("POST /orders/700?owner=7", Some(&ada), aliased).await.status, 403);
    let large = format!(r#"{{"a":"{}","query":"{{x: margin}}"}}"#, "x".repeat(1 << 20));
    let refused = shop.ask("POST /orders/700?owner=7", Some(&ada), &large).await;
    // Whichever policy is the first to find that it has not read all of it.
    assert!([403, 415].contains(&refused.status), "{}", refused.status);
    assert_eq!(shop.upstream.seen().len(), seen);
}

#[tokio::test]
async fn what_was_not_shown_is_not_asked_for() {
    let shop = Shop::with(
        "
- name: guessed
  mode: enforce
  scope: {paths: [/orders, /orders/**]}
  shown:
    kind: order
    template: /orders/{order}
    shows: ['body:/orders/*/id']
    asks: [path.order, query.order]
    exempt_roles: [clerk]
    hide: true
",
    )
    .await;
    let (user, other, clerk) = (token("7", "user"), token("8", "user"), token("3", "clerk"));
    assert_eq!(shop.status("GET /orders/700", &user).await, 404, "nobody has shown it");
    assert_eq!(shop.status("GET /orders", &user).await, 200);
    for (line, token, status) in [
        ("GET /orders/700", Some(&user), 200),
        ("GET /orders/%37%30%30?order=701", Some(&user), 200),
        ("GET /orders/702", Some(&user), 404),
        ("GET /orders/700?order=702", Some(&user), 404),
        ("GET /orders/700", Some(&other), 404),
        ("GET /orders/700", None, 404),
        ("GET /orders/702", Some(&clerk), 200),
    ] {
        let answer = shop.ask(line, token.map(String::as_str), "").await;
        assert_eq!(answer.status, status, "{line}");
    }
    assert_eq!(shop.enforcement.tally("guessed").refused, 5);
}
