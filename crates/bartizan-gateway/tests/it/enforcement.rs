//! Policies in front of a real upstream.

use std::sync::{Arc, Mutex};

use bartizan_gateway::{
    Config, Finished, Gateway, Handover, Policies, Running, handover,
    messages::Watching,
    phases::{BodyView, Step},
    policy::{Decisions, Enforcement, KeyTable, PolicyConfig, Surroundings, WouldBreakAll},
    websocket::Message,
};
use bartizan_model::{
    Action, ApiKey, ApiKeyId, ApiKeySecret, ApiKeyState, ApiKeys, HashKey, PolicyOutcome, Scope,
    Timestamp,
};
use http::{request, response};
use prometheus_client::{encoding::text::encode, registry::Registry};

use crate::{
    harness::{Client, Reply, Response, Upstream, config_with, until},
    websocket::echo,
};

const HASH_KEY: [u8; 32] = [7; 32];

/// A gateway with policies in front of an upstream, and what became of its exchanges.
pub(crate) struct Guarded {
    pub(crate) upstream: Upstream,
    pub(crate) gateway: Running,
    watched: Arc<Watched>,
    table: Arc<KeyTable>,
    pub(crate) received: handover::Receiver,
}

/// Policies, and what they decided.
struct Watched {
    enforcement: Enforcement,
    decisions: Mutex<Vec<Decisions>>,
}

impl Policies for Watched {
    fn request_filter<'a>(
        &'a self,
        call: &'a mut bartizan_gateway::Call,
        request: &'a request::Parts,
    ) -> Step<'a> {
        self.enforcement.request_filter(call, request)
    }

    fn request_body<'a>(
        &'a self,
        call: &'a mut bartizan_gateway::Call,
        request: &'a request::Parts,
        body: BodyView<'a>,
    ) -> Step<'a> {
        self.enforcement.request_body(call, request, body)
    }

    fn response_filter<'a>(
        &'a self,
        call: &'a mut bartizan_gateway::Call,
        response: &'a response::Parts,
    ) -> Step<'a> {
        self.enforcement.response_filter(call, response)
    }

    fn response_body<'a>(
        &'a self,
        call: &'a mut bartizan_gateway::Call,
        response: &'a response::Parts,
        body: BodyView<'a>,
    ) -> Step<'a> {
        self.enforcement.response_body(call, response, body)
    }

    fn grpc_messages(
        &self,
        call: &mut bartizan_gateway::Call,
        response: Option<&response::Parts>,
    ) -> Option<Watching> {
        self.enforcement.grpc_messages(call, response)
    }

    fn websocket_message(
        &self,
        call: &mut bartizan_gateway::Call,
        handshake: &request::Parts,
        message: &Message,
    ) -> bool {
        self.enforcement.websocket_message(call, handshake, message)
    }

    fn logging(&self, finished: &Finished) {
        let decisions = Enforcement::decisions(finished.call()).cloned().unwrap_or_default();
        self.decisions.lock().unwrap().push(decisions);
        self.enforcement.logging(finished);
    }
}

impl Guarded {
    pub(crate) async fn new(policies: &str) -> Self {
        Self::with(policies, |_| {}).await
    }

    /// In front of an upstream that sends back what it is told over WebSockets.
    pub(crate) async fn before_echo(policies: &str) -> Self {
        let (address, _) = echo().await;
        let upstreams = vec![address.to_string()];
        Self::with(policies, |config| config.services[0].upstreams = upstreams).await
    }

    pub(crate) async fn with(policies: &str, change: impl FnOnce(&mut Config)) -> Self {
        let answer = "HTTP/1.1 200 OK\r\nserver: secret/1.0\r\naccess-control-allow-origin: *\r\n\
                      content-length: 2\r\n\r\nok";
        let upstream = Upstream::new(move |_| Reply::bytes(answer)).await;
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(policies).unwrap();
        let policies = PolicyConfig::with_defaults(policies);
        let surroundings = Surroundings::embedded(HashKey::new(HASH_KEY));
        let table = Arc::clone(&surroundings.keys);
        let enforcement = Enforcement::new(&policies, surroundings).unwrap();
        let watched = Arc::new(Watched { enforcement, decisions: Mutex::default() });
        let (handover, received): (Handover, _) = handover::channel(100, 1 << 20);
        let config = config_with(&upstream, change);
        let gateway = Gateway::start(&config, Arc::clone(&watched) as _, handover).await.unwrap();
        Self { upstream, gateway, watched, table, received }
    }

    async fn ask(&self, head: &str) -> Response {
        let request = format!("{head}\r\nhost: api.example\r\n\r\n");
        Client::ask(self.gateway.addresses()[0], request).await
    }

    pub(crate) fn metrics(&self) -> String {
        let mut registry = Registry::default();
        self.watched.enforcement.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    /// The clients that a policy would break.
    pub(crate) fn would_break(&self, policy: &str) -> WouldBreakAll {
        self.watched.enforcement.would_break(policy)
    }

    /// A key of ours that is good.
    pub(crate) fn good_key(&self) -> (String, String) {
        let (key, text) = key(9, ApiKeyState::Active);
        let id = key.id.to_string();
        self.table.replace(ApiKeys { version: 1, keys: vec![key] });
        (id, text)
    }

    /// What was decided about the exchange with that number, once it is over.
    pub(crate) async fn decided(
        &self,
        at: usize,
    ) -> Vec<(String, Action, PolicyOutcome, &'static str)> {
        until("an exchange", || self.watched.decisions.lock().unwrap().len() > at).await;
        let decisions = self.watched.decisions.lock().unwrap()[at].clone();
        let short = |a: bartizan_gateway::policy::Applied| {
            (a.policy.to_string(), a.action, a.outcome, a.reason)
        };
        decisions.applied.into_iter().map(short).collect()
    }
}

fn key(fill: u8, state: ApiKeyState) -> (ApiKey, String) {
    let secret = ApiKeySecret::from_random([fill; 32]);
    let digest = secret.digest(&HashKey::new(HASH_KEY));
    let key = ApiKey {
        id: ApiKeyId::derive(&Scope::default(), &[&digest.to_string()]),
        name: "n".to_owned(),
        owner: "acme".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        state,
        created: Timestamp::default(),
        expires: None,
        last_used: None,
        terms: bartizan_model::ApiKeyTerms::default(),
        digest,
    };
    (key, secret.reveal().to_string())
}

#[tokio::test]
async fn own_keys_are_verified_without_configuration_and_go_nowhere() {
    let mut guarded = Guarded::new("[{name: fields, mode: enforce, headers: {}}]").await;
    let (good, text) = key(1, ApiKeyState::Active);
    let (revoked, revoked_text) = key(2, ApiKeyState::Revoked);
    let id = good.id.to_string();
    guarded.table.replace(ApiKeys { version: 1, keys: vec![good, revoked] });

    let answer = guarded.ask(&format!("GET /a HTTP/1.1\r\nx-api-key: {text}")).await;
    assert_eq!((answer.status, answer.field("cache-control")), (200, Some("no-store")));
    let bearer = format!("GET /b HTTP/1.1\r\nauthorization: Bearer {text}");
    assert_eq!(guarded.ask(&bearer).await.status, 200);
    let bare = format!("GET /b HTTP/1.1\r\nauthorization: {text}");
    assert_eq!(guarded.ask(&bare).await.status, 200);
    let unknown_text = key(3, ApiKeyState::Active).1;
    let refused = [
        (revoked_text.as_str(), "key-revoked"),
        (&unknown_text, "key-unknown"),
        ("btz_x", "key-malformed"),
    ];
    for (at, (value, reason)) in refused.into_iter().enumerate() {
        let refused = guarded.ask(&format!("GET /c HTTP/1.1\r\nx-api-key: {value}")).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.field("www-authenticate"), Some("Bearer error=\"invalid_token\""));
        assert_eq!(refused.field("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
        let (status, code) = (problem["status"].as_u64(), problem["code"].as_str());
        assert_eq!((status, code), (Some(401), Some("invalid-key")), "no more than that");
        assert_eq!(guarded.decided(3 + at).await[0].3, reason);
        assert!(problem["incident"].as_str().is_some_and(|incident| incident.len() > 8));
        assert!(!refused.text().contains(value));
    }
    // Keys of others are none of our business, and so is their absence.
    assert_eq!(guarded.ask("GET /d HTTP/1.1\r\nx-api-key: sk_other").await.status, 200);
    assert_eq!(guarded.ask("GET /e HTTP/1.1").await.status, 200);

    let seen = guarded.upstream.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| !seen.head.contains("btz_")));
    assert_eq!(seen[3].field("x-api-key"), Some("sk_other"));
    assert_eq!(guarded.table.take_used().len(), 1);
    let expected =
        ("default-api-keys".to_owned(), Action::Deny, PolicyOutcome::Enforced, "key-revoked");
    assert_eq!(guarded.decided(3).await, [expected]);
    for shown in [id.as_str(), &id, &id, "own key"] {
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        let text = format!("{exchange:?}");
        assert!(!text.contains("btz_"), "{text}");
        assert!(text.contains(shown), "{text}");
    }
}

#[tokio::test]
async fn own_keys_are_kept_nowhere_when_something_else_refuses() {
    let mut guarded =
        Guarded::new("[{name: a, mode: enforce, address: {deny: [127.0.0.1]}}]").await;
    let text = key(1, ApiKeyState::Active).1;
    let ask = format!("GET / HTTP/1.1\r\nx-api-key: {text}\r\nauthorization: Bearer {text}");
    assert_eq!(guarded.ask(&ask).await.status, 403);
    let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
    let fields: Vec<_> = ["x-api-key", "authorization"]
        .map(|name| exchange.request.headers.get(name).map(str::to_owned))
        .into_iter()
        .collect();
    assert_eq!(fields, [Some("own key".to_owned()), Some("own key".to_owned())]);
}

#[tokio::test]
async fn rates_are_told_and_enforced() {
    let guarded =
        Guarded::new("[{name: few, mode: enforce, rate: {requests: 2, period_seconds: 100}}]")
            .await;
    let first = guarded.ask("GET / HTTP/1.1").await;
    assert_eq!((first.status, first.field("ratelimit")), (200, Some("\"few\";r=1;t=50")));
    assert_eq!(first.field("ratelimit-policy"), Some("\"few\";q=2;w=100"));
    assert_eq!(first.field("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.field("x-ratelimit-remaining"), Some("1"));
    assert_eq!(first.field("x-ratelimit-reset"), Some("50"));
    assert_eq!(guarded.ask("GET / HTTP/1.1").await.status, 200);
    let third = guarded.ask("GET / HTTP/1.1").await;
    assert_eq!((third.status, third.field("x-ratelimit-remaining")), (429, Some("0")));
    assert_eq!(third.field("retry-after"), Some("50"));
    assert_eq!(third.field("content-type"), Some("application/problem+json"));
    let expected = ("few".to_owned(), Action::Throttle, PolicyOutcome::Enforced, "rate-limited");
    assert_eq!(guarded.decided(2).await, [expected]);
    assert_eq!(guarded.upstream.seen().len(), 2);
}

#[tokio::test]
async fn monitored_policies_only_show_what_they_would_do() {
    let guarded = Guarded::new(
        "[{name: few, rate: {requests: 1, period_seconds: 100}},
          {name: nobody, address: {deny: [0.0.0.0/0]}},
          {name: small, mode: monitor, size: {body_bytes: 1}},
          {name: whoever, authentication: {any_of: [api_key]}},
          {name: page, cors: {origins: ['https://a.example']}}]",
    )
    .await;
    let ask =
        "POST / HTTP/1.1\r\norigin: https://evil.example\r\ncontent-length: 2\r\nhost: a\r\n\r\nxx";
    for _ in 0..2 {
        let response = Client::ask(guarded.gateway.addresses()[0], ask).await;
        assert_eq!((response.status, response.text()), (200, "ok"));
        assert_eq!(response.field("server"), Some("secret/1.0"));
        assert_eq!(response.field("access-control-allow-origin"), Some("*"));
        assert_eq!((response.field("ratelimit"), response.field("vary")), (None, None));
    }
    let reasons: Vec<_> = guarded
        .decided(1)
        .await
        .into_iter()
        .map(|one| {
            assert_eq!(one.2, PolicyOutcome::Monitored);
            (one.0, one.1, one.3)
        })
        .collect();
    let expected = [
        ("nobody", Action::Deny, "address-refused"),
        ("small", Action::Deny, "body-too-large-here"),
        ("few", Action::Throttle, "rate-limited"),
        ("whoever", Action::Deny, "authentication-required"),
        ("small", Action::Deny, "body-too-large-here"),
    ];
    let expected = expected.map(|(policy, action, reason)| (policy.to_owned(), action, reason));
    assert_eq!(reasons, expected);
    assert_eq!(guarded.upstream.seen().len(), 2);
}

#[tokio::test]
async fn addresses_and_sizes_are_refused_before_anything_goes_on() {
    let guarded = Guarded::new(
        "[{name: lan, mode: enforce, scope: {paths: [/admin/**]}, address: {allow: [192.0.2.0/24]}},
          {name: small, scope: {paths: [/login]}, size: {body_bytes: 4, target_bytes: 20}}]",
    )
    .await;
    for path in ["/admin", "/admin/x", "/%61dmin/x", "/x/../admin/y", "/admin;a/x"] {
        assert_eq!(guarded.ask(&format!("GET {path} HTTP/1.1")).await.status, 403, "{path}");
    }
    assert_eq!(guarded.ask("GET /administrator HTTP/1.1").await.status, 200);
    assert_eq!(guarded.ask("GET /login?aaaaaaaaaaaaaaaaaaaaaa HTTP/1.1").await.status, 414);
    // By what is stated, without a byte of it.
    let stated = guarded.ask("POST /login HTTP/1.1\r\ncontent-length: 5").await;
    assert_eq!(stated.status, 413);
    // By what came.
    let address = guarded.gateway.addresses()[0];
    let chunked = "POST /login HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(Client::ask(address, chunked).await.status, 413);
    let fits = "POST /login HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nhell";
    assert_eq!(Client::ask(address, fits).await.status, 200);
    assert_eq!(guarded.upstream.seen().len(), 2);
}

#[tokio::test]
async fn somebody_must_be_known_and_pages_are_told() {
    let guarded = Guarded::new(
        "[{name: known, mode: enforce, scope: {paths: [/v1/**]},
           authentication: {any_of: [api_key, jwt], scopes: ['orders:read']}},
          {name: page, mode: enforce, cors: {origins: ['https://app.example'], headers: [x-api-key]}},
          {name: fields, mode: enforce, headers: {}}]",
    )
    .await;
    let (good, text) = key(1, ApiKeyState::Active);
    let (poor, poor_text) = key(2, ApiKeyState::Active);
    let keys = vec![good, ApiKey { scopes: Vec::new(), ..poor }];
    guarded.table.replace(ApiKeys { version: 1, keys });

    let refused = guarded.ask("GET /v1/orders HTTP/1.1\r\norigin: https://app.example").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.field("www-authenticate"), Some("Bearer realm=\"api\""));
    // The page can read why, and nobody else's page can.
    assert_eq!(refused.field("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(refused.field("vary"), Some("Origin"));
    assert_eq!(refused.field("x-content-type-options"), Some("nosniff"));
    let poor = guarded.ask(&format!("GET /v1/orders HTTP/1.1\r\nx-api-key: {poor_text}")).await;
    assert_eq!(poor.status, 403);
    assert!(poor.field("www-authenticate").unwrap().contains("insufficient_scope"));
    let good = guarded
        .ask(&format!(
            "GET /v1/orders HTTP/1.1\r\nx-api-key: {text}\r\norigin: https://evil.example"
        ))
        .await;
    assert_eq!((good.status, good.field("access-control-allow-origin")), (200, None));
    assert_eq!((good.field("vary"), good.field("server")), (Some("Origin"), None));
    assert_eq!(guarded.ask("GET /public HTTP/1.1").await.status, 200);

    let preflight = guarded
        .ask(
            "OPTIONS /v1/orders HTTP/1.1\r\norigin: https://app.example\r\n\
             access-control-request-method: GET\r\naccess-control-request-headers: x-api-key",
        )
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.field("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(preflight.field("access-control-allow-headers"), Some("x-api-key"));
    let evil = guarded
        .ask("OPTIONS /v1/orders HTTP/1.1\r\norigin: https://evil.example\r\naccess-control-request-method: GET")
        .await;
    assert_eq!((evil.status, evil.field("access-control-allow-origin")), (403, None));
    assert_eq!(guarded.upstream.seen().len(), 2, "preflight requests end here");
}

#[tokio::test]
async fn a_monitored_policy_takes_no_key_away() {
    let mut guarded = Guarded::new("[{name: keys, mode: monitor, api_key: {}}]").await;
    let (good, text) = key(1, ApiKeyState::Active);
    guarded.table.replace(ApiKeys { version: 1, keys: vec![good] });
    let unknown = key(2, ApiKeyState::Active).1;
    for (at, value) in [&text, &unknown].into_iter().enumerate() {
        let answer = guarded.ask(&format!("GET / HTTP/1.1\r\nx-api-key: {value}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(guarded.upstream.seen()[at].field("x-api-key"), Some(value.as_str()));
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        assert!(!format!("{exchange:?}").contains("btz_"), "and none is kept: {exchange:?}");
    }
}

#[tokio::test]
async fn a_default_policy_stays_wherever_no_own_one_applies() {
    let guarded = Guarded::new(
        "[{name: partners, mode: monitor, scope: {paths: [/partners/**]},
           api_key: {headers: [x-partner]}},
          {name: open, mode: off, scope: {paths: [/open]}, api_key: {}}]",
    )
    .await;
    let (good, text) = key(1, ApiKeyState::Active);
    guarded.table.replace(ApiKeys { version: 1, keys: vec![good] });
    let unknown = key(2, ApiKeyState::Active).1;
    for (path, value, status) in [
        ("/orders", &text, 200),
        ("/orders", &unknown, 401),
        // What the configuration says counts where it applies, and only there.
        ("/partners/a", &unknown, 200),
        ("/open", &unknown, 200),
        ("/open/x", &unknown, 401),
        // It only may be what that is about.
        ("/partners/..%2forders", &unknown, 401),
        ("/x/..%2fopen", &unknown, 401),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nx-api-key: {value}");
        assert_eq!(guarded.ask(&head).await.status, status, "{path}");
    }
    let seen = guarded.upstream.seen();
    assert_eq!(seen[0].field("x-api-key"), None, "a verified key goes no further");
    assert_eq!(seen.len(), 3);
}
