//! A WebSocket ends when it would not be let in any more.

use std::{sync::Arc, time::Duration};

use argon2::{Argon2, password_hash::PasswordHasher as _};
use bartizan_gateway::{
    Config, Gateway, Handover, Running,
    policy::{Enforcement, KeyTable, PolicyConfig, Surroundings},
};
use bartizan_model::{
    ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, ApiKeys, HashKey, Scope, Timestamp,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::{
    harness::{Client, Upstream, config_with, until},
    websocket::{HANDSHAKE, echo, masked},
};

const HASH_KEY: [u8; 32] = [7; 32];
const OFTEN: Duration = Duration::from_millis(100);
const NEVER: Duration = Duration::from_secs(3600);

struct Chat {
    running: Running,
    config: Config,
    enforcement: Arc<Enforcement>,
    table: Arc<KeyTable>,
}

fn policies(text: &str) -> Vec<PolicyConfig> {
    PolicyConfig::with_defaults(serde_saphyr::from_str(text).unwrap())
}

impl Chat {
    async fn new(text: &str, review: Duration) -> Self {
        let (address, _) = echo().await;
        let unused = Upstream::ok().await;
        let config = config_with(&unused, |config| {
            config.services[0].upstreams = vec![address.to_string()];
            config.deadlines.websocket_review = review;
        });
        let surroundings = Surroundings::embedded(HashKey::new(HASH_KEY));
        let table = Arc::clone(&surroundings.keys);
        table.replace(ApiKeys { version: 0, keys: Vec::new() });
        let enforcement = Arc::new(Enforcement::new(&policies(text), surroundings).unwrap());
        let policies = Arc::clone(&enforcement) as Arc<_>;
        let running = Gateway::start(&config, policies, Handover::none()).await.unwrap();
        Self { running, config, enforcement, table }
    }

    /// A WebSocket that works, let in with this field.
    async fn join(&self, field: &str) -> Client {
        let mut client = Client::connect(self.running.addresses()[0]).await;
        client.send(HANDSHAKE.replace("Host: a", &format!("Host: a\r\n{field}"))).await;
        assert_eq!(client.response().await.status, 101);
        client.send(masked(0x81, b"hi")).await;
        assert_eq!(client.take(4).await, b"\x81\x02hi");
        client
    }

    /// It is closed with 1008, and counted.
    async fn ends(&self, mut client: Client) {
        assert_eq!(client.take(4).await, b"\x88\x02\x03\xf0");
        assert!(client.is_closed().await);
        until("counted", || self.running.metrics().contains("websocket_revoked_total 1")).await;
        until("no connection", || self.running.connections() == 0).await;
    }

    fn reload(&self, text: &str) {
        let next = self.enforcement.successor(&policies(text)).unwrap();
        self.running.reload(&self.config, Arc::new(next)).unwrap();
    }
}

fn keys(version: u64, state: ApiKeyState) -> (ApiKeys, String) {
    let secret = ApiKeySecret::from_random([1; 32]);
    let digest = secret.digest(&HashKey::new(HASH_KEY));
    let key = ApiKey {
        id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
        name: "n".to_owned(),
        owner: "acme".to_owned(),
        scopes: Vec::new(),
        state,
        created: Timestamp::default(),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest,
    };
    (ApiKeys { version, keys: vec![key] }, secret.reveal().to_string())
}

#[tokio::test]
async fn with_a_key_that_is_revoked() {
    let chat = Chat::new("[]", OFTEN).await;
    let (good, text) = keys(1, ApiKeyState::Active);
    chat.table.replace(good);
    let mut client = chat.join(&format!("X-API-Key: {text}")).await;
    tokio::time::sleep(OFTEN * 4).await;
    client.send(masked(0x81, b"ho")).await;
    assert_eq!(client.take(4).await, b"\x81\x02ho", "a good one goes on");
    chat.table.replace(keys(2, ApiKeyState::Revoked).0);
    chat.ends(client).await;
}

#[tokio::test]
async fn with_an_address_that_is_denied() {
    let chat = Chat::new("[]", NEVER).await;
    let mut client = chat.join("X-A: 1").await;
    // Monitored, it may stay; and a reload that changes nothing ends nothing.
    chat.reload("[{name: lists, mode: monitor, address: {deny: [127.0.0.0/8]}}]");
    tokio::time::sleep(OFTEN).await;
    client.send(masked(0x81, b"ho")).await;
    assert_eq!(client.take(4).await, b"\x81\x02ho");
    chat.reload("[{name: lists, mode: enforce, address: {deny: [127.0.0.0/8]}}]");
    chat.ends(client).await;
}

#[tokio::test]
async fn with_a_service_that_serves_none_any_more() {
    let mut chat = Chat::new("[]", NEVER).await;
    let client = chat.join("X-A: 1").await;
    chat.config.services[0].websocket = false;
    chat.reload("[]");
    chat.ends(client).await;
}

/// A reload keeps what is known of passwords, and asks about each user that is left.
#[tokio::test]
async fn with_a_user_who_is_there_no_more() {
    let line = |name: &str, password: &str| {
        let hash = Argon2::default().hash_password(password.as_bytes()).unwrap();
        format!("'{name}:{hash}'")
    };
    let policies = |users: &str| {
        format!(
            "[{{name: users, mode: enforce, basic: {{users: [{users}]}}}},\
             {{name: who, mode: enforce, authentication: {{any_of: [basic]}}}}]"
        )
    };
    let (ann, bob) = (line("ann", "battery"), line("bob", "staple"));
    let chat = Chat::new(&policies(&format!("{ann}, {bob}")), OFTEN).await;
    let join = async |pair: &str| {
        chat.join(&format!("Authorization: Basic {}", STANDARD.encode(pair))).await
    };
    let mut stays = join("ann:battery").await;
    let mut goes = join("bob:staple").await;
    chat.reload(&policies(&ann));
    assert_eq!(goes.take(4).await, b"\x88\x02\x03\xf0", "1008");
    tokio::time::sleep(OFTEN * 4).await;
    stays.send(masked(0x81, b"ho")).await;
    assert_eq!(stays.take(4).await, b"\x81\x02ho", "known, and not hashed again");
    chat.reload(&policies(&line("ann", "another")));
    assert_eq!(stays.take(4).await, b"\x88\x02\x03\xf0", "with a password that is another");
}

/// A page sends the cookies of who reads it with a handshake, wherever it comes from.
#[tokio::test]
async fn with_an_origin_that_is_listed_no_more() {
    let listed = "[{name: pages, mode: enforce, cors: {origins: ['https://app.example']}}]";
    let chat = Chat::new(listed, NEVER).await;
    let ask = |origin: &'static str| {
        let handshake = HANDSHAKE.replace("Host: a", &format!("Host: a\r\nOrigin: {origin}"));
        Client::ask(chat.running.addresses()[0], handshake)
    };
    for (origin, status) in
        [("https://evil.example", 403), ("null", 403), ("http://a", 101), ("https://a", 101)]
    {
        assert_eq!(ask(origin).await.status, status, "{origin}");
    }
    until("no connection", || chat.running.connections() == 0).await;
    let stays = chat.join("X-A: 1").await;
    let client = chat.join("Origin: https://app.example").await;
    chat.reload(&listed.replace("enforce", "monitor"));
    assert_eq!(ask("https://evil.example").await.status, 101, "monitored, it only counts");
    until("the two", || chat.running.connections() == 2).await;
    chat.reload(&listed.replace("app.", "www."));
    drop(stays);
    chat.ends(client).await;
}

/// A token for the next seconds.
fn token(secret: &[u8], life: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let claims = serde_json::json!({
        "iss": "https://idp.example", "aud": "chat", "sub": "u1", "exp": now + life, "iat": now,
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = serde_json::json!({"alg": "HS256", "typ": "JWT"});
    let message = format!("{}.{}", part(&head), part(&claims));
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn with_a_token_that_expires() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let secret = [b'k'; 32];
    std::fs::write(&path, secret).unwrap();
    let text = format!(
        "[{{name: customers, mode: enforce, jwt: {{issuer: 'https://idp.example', audiences: [chat],\
         algorithms: [HS256], leeway_seconds: 0, secret: 'file:{}'}}}},\
         {{name: who, mode: enforce, authentication: {{any_of: [jwt]}}}}]",
        path.display()
    );
    let chat = Chat::new(&text, OFTEN).await;
    let began = std::time::Instant::now();
    let client = chat.join(&format!("Authorization: Bearer {}", token(&secret, 3))).await;
    chat.ends(client).await;
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
}
