//! What policies decide is seen by operators: in the log, in the judged exchange, and nowhere a key.

use std::sync::Arc;

use bartizan_gateway::{
    Gateway, Running,
    config::{AccessLog, Config},
    handover::{self, Receiver},
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::{Action, HashKey, PolicyOutcome};

use crate::harness::{Client, Reply, Upstream, config_with, http2::RawHttp2, until};

pub(crate) fn compile(text: &str) -> Enforcement {
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(text).unwrap();
    Enforcement::new(&policies, Surroundings::embedded(HashKey::new([1; 32]))).unwrap()
}

async fn start(
    upstream: &Upstream,
    policies: &str,
    change: impl FnOnce(&mut Config),
) -> (Running, Receiver) {
    let (handover, received) = handover::channel(100, 1 << 20);
    let config = config_with(upstream, change);
    let running = Gateway::start(&config, Arc::new(compile(policies)), handover).await.unwrap();
    (running, received)
}

async fn ask(running: &Running, head: &str) -> u16 {
    Client::ask(running.addresses()[0], format!("{head}\r\nhost: a\r\n\r\n")).await.status
}

#[tokio::test]
async fn decisions_are_in_the_log_and_in_the_exchange() {
    let upstream = Upstream::ok().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let policies = "[{name: few, rate: {requests: 1, period_seconds: 100}},
        {name: closed, mode: enforce, scope: {paths: [/closed]}, address: {deny: ['127.0.0.0/8']}}]";
    let to = path.clone();
    let (running, mut received) =
        start(&upstream, policies, |config| config.access_log = AccessLog::File(to)).await;
    assert_eq!(ask(&running, "GET /1 HTTP/1.1").await, 200);
    assert_eq!(ask(&running, "GET /2 HTTP/1.1").await, 200);
    assert_eq!(ask(&running, "GET /closed HTTP/1.1").await, 403);
    let mut decided = Vec::new();
    for _ in 0..3 {
        let exchange = received.recv().await.unwrap().into_exchange().unwrap();
        let one = exchange.policies.first().cloned();
        decided.push(one.map(|one| (one.policy, one.outcome, one.action, one.status, one.reason)));
    }
    let text = str::to_owned;
    let monitored =
        (text("few"), PolicyOutcome::Monitored, Action::Throttle, Some(429), text("rate-limited"));
    let enforced =
        (text("closed"), PolicyOutcome::Enforced, Action::Deny, Some(403), text("address-refused"));
    assert_eq!(decided, [None, Some(monitored), Some(enforced)]);
    let lines = || std::fs::read_to_string(&path).unwrap_or_default();
    until("three lines", || lines().lines().count() == 3).await;
    let lines: Vec<serde_json::Value> =
        lines().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0].get("policies").is_none(), "{}", lines[0]);
    let logged = [&lines[1]["policies"][0], &lines[2]["policies"][0]];
    assert_eq!((&logged[0]["policy"], &logged[0]["outcome"]), (&"few".into(), &"monitored".into()));
    assert_eq!(
        (&logged[1]["action"], &logged[1]["reason"]),
        (&"deny".into(), &"address-refused".into())
    );
    assert!(lines[2]["id"].as_str().is_some_and(|id| id.len() == 32));
}

#[tokio::test]
async fn a_call_sees_one_generation_of_policies() {
    let upstream = Upstream::new(|_| {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        Reply::Slow(vec![(std::time::Duration::from_millis(300), answer.into())])
    })
    .await;
    let (running, mut received) =
        start(&upstream, "[{name: old, mode: enforce, headers: {set: {x-policy: old}}}]", |_| {})
            .await;
    let address = running.addresses()[0];
    let asked = tokio::spawn(Client::ask(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    until("the request is under way", || !upstream.seen().is_empty()).await;
    let other = "[{name: new, mode: enforce, headers: {set: {x-policy: new}}}]";
    running.reload(&config_with(&upstream, |_| {}), Arc::new(compile(other))).unwrap();
    assert_eq!(asked.await.unwrap().field("x-policy"), Some("old"));
    let next = Client::ask(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(next.field("x-policy"), Some("new"));
    assert!(received.recv().await.is_some());
}

#[tokio::test]
async fn a_reload_that_fails_changes_no_setting_of_live_upstreams() {
    let upstream = Upstream::ok().await;
    let (running, _received) = start(&upstream, "[]", |_| {}).await;
    assert_eq!(ask(&running, "GET / HTTP/1.1").await, 200);
    // The first service would be taken over, the second one cannot be compiled.
    let wrong = config_with(&upstream, |config| {
        config.limits.idle_upstream_connections = 0;
        config.deadlines.upstream_idle = std::time::Duration::ZERO;
        let mut second = config.services[0].clone();
        (second.name, second.path_prefix) = ("second".to_owned(), "x".to_owned());
        config.services.push(second);
    });
    assert!(running.reload(&wrong, Arc::new(compile("[]"))).is_err());
    for _ in 0..3 {
        assert_eq!(ask(&running, "GET / HTTP/1.1").await, 200);
    }
    assert_eq!(upstream.connections(), 1, "idle connections are kept as before");
    let right = config_with(&upstream, |config| config.limits.idle_upstream_connections = 0);
    running.reload(&right, Arc::new(compile("[]"))).unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&running, "GET / HTTP/1.1").await, 200);
    }
    assert!(upstream.connections() > 1, "and are not kept under the new settings");
}

#[tokio::test]
async fn own_keys_are_hidden_when_no_policy_ran() {
    let upstream = Upstream::ok().await;
    let (running, mut received) =
        start(&upstream, "[]", |config| config.services[0].hosts = vec!["b".to_owned()]).await;
    let status = ask(
        &running,
        "GET /?key=btz_secret HTTP/1.1\r\nx-api-key: btz_secret\r\nauthorization: Bearer BTZ_secret",
    )
    .await;
    assert_eq!(status, 404);
    // A head that is refused.
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "b"),
        (":path", "/"),
        ("host", "c"),
        ("x-api-key", "btz_secret"),
    ];
    client.headers(1, &fields).await;
    client.fate(1).await;
    for _ in 0..2 {
        let exchange = received.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!(exchange.request.headers.get("x-api-key"), Some("own key"));
        assert!(!format!("{exchange:?}").to_ascii_lowercase().contains("btz_"), "{exchange:?}");
    }
}

#[tokio::test]
async fn what_grants_is_given_only_where_every_reading_is_in_scope() {
    let upstream = Upstream::ok().await;
    let policies = "[{name: page, mode: enforce, scope: {paths: [/public/**]},
        cors: {origins: ['https://w.example'], credentials: true}}]";
    let (running, _received) = start(&upstream, policies, |_| {}).await;
    let asked = |method: &str, path: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\norigin: https://w.example\r\n\
             access-control-request-method: GET\r\n\r\n"
        );
        Client::ask(running.addresses()[0], request)
    };
    for (path, status, allowed) in [
        ("/public/me", 204, Some("https://w.example")),
        ("/public/..%2fprivate/me", 403, None),
        ("/public/%2e%2e/private/me", 403, None),
    ] {
        let origin = "access-control-allow-origin";
        assert_eq!(asked("GET", path).await.field(origin), allowed, "{path}");
        let preflight = asked("OPTIONS", path).await;
        assert_eq!((preflight.status, preflight.field(origin)), (status, allowed), "{path}");
    }
}

#[tokio::test]
async fn methods_that_others_read_as_more_are_refused() {
    let upstream = Upstream::ok().await;
    let policies = "[{name: login, mode: enforce, scope: {methods: [POST]},
        address: {deny: ['127.0.0.0/8']}}]";
    let (running, _received) = start(&upstream, policies, |_| {}).await;
    for (head, status) in [
        ("POST / HTTP/1.1", 403),
        ("post / HTTP/1.1", 501),
        ("Trace / HTTP/1.1", 501),
        ("PURGE / HTTP/1.1", 501),
        ("GET / HTTP/1.1\r\nx-http-method-override: post", 403),
        ("GET /?_method=POST HTTP/1.1", 403),
        ("GET / HTTP/1.1", 200),
        ("PROPFIND / HTTP/1.1", 200),
    ] {
        assert_eq!(ask(&running, head).await, status, "{head}");
    }
    let (open, _received) =
        start(&upstream, policies, |config| config.methods = vec!["*".to_owned()]).await;
    for (head, status) in [("post / HTTP/1.1", 403), ("PURGE / HTTP/1.1", 200)] {
        assert_eq!(ask(&open, head).await, status, "{head}");
    }
}

#[tokio::test]
async fn own_keys_are_in_no_path_of_the_log_and_in_no_answer_that_is_kept() {
    let upstream = Upstream::new(|_| {
        let head = "HTTP/1.1 302 Found\r\nlocation: /in?key=btz_secret\r\n\
                    set-cookie: k=%22btz_secret%22\r\ncontent-length: 0\r\n\r\n";
        Reply::bytes(head)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let to = path.clone();
    let (running, mut received) =
        start(&upstream, "[]", |config| config.access_log = AccessLog::File(to)).await;
    let head = "GET /keys/btz_secret?auth=Bearer%20btz_secret HTTP/1.1\r\n\
                cookie: session=%7B%22key%22%3A%22btz_secret%22%7D";
    assert_eq!(ask(&running, head).await, 302);
    let exchange = received.recv().await.unwrap().into_exchange().unwrap();
    assert!(!format!("{exchange:?}").contains("btz_"), "{exchange:?}");
    let text = || std::fs::read_to_string(&path).unwrap_or_default();
    until("a line", || text().lines().count() == 1).await;
    assert!(text().contains("\"path\":\"/keys/own key\""), "{}", text());
}

#[tokio::test]
async fn the_first_policy_about_pages_decides_for_preflight_requests_and_answers() {
    let upstream = Upstream::ok().await;
    let policies = "[{name: admin, mode: enforce, scope: {paths: [/admin/**]},
          cors: {origins: ['https://admin.example'], credentials: true}},
        {name: watched, cors: {origins: ['https://w.example']}},
        {name: app, mode: enforce, cors: {origins: ['https://app.example'], credentials: true}}]";
    let (running, _received) = start(&upstream, policies, |_| {}).await;
    let asked = |method: &str, path: &str, origin: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: a\r\norigin: {origin}\r\n\
             access-control-request-method: GET\r\n\r\n"
        );
        Client::ask(running.addresses()[0], request)
    };
    for (path, origin, is_allowed) in [
        ("/admin/x", "https://admin.example", true),
        ("/admin/x", "https://app.example", false),
        ("/x", "https://app.example", true),
        ("/x", "https://admin.example", false),
        ("/x", "https://w.example", false),
    ] {
        let allowed = is_allowed.then_some(origin);
        for method in ["OPTIONS", "GET"] {
            let answer = asked(method, path, origin).await;
            let got = answer.field("access-control-allow-origin");
            assert_eq!(got, allowed, "{method} {path} {origin}");
        }
    }
}
