//! Detectors in front of a real upstream: attacks do not get there, everything else does, and what is
//! judged behind the answer says the same.

use std::io::Write as _;

use bartizan_analysis::{Snapshot, State, detectors::DETECTORS, judge::judge};
use bartizan_gateway::{Config, config::OverLimit};
use bartizan_model::{Action, Exchange, HashKey, PolicyOutcome, Scope};

use crate::{
    enforcement::Guarded,
    harness::{Client, Response},
    websocket::{HANDSHAKE, masked},
};

/// Far more than is needed: not what is tested here.
const ROOM: &str = "budget_micros: 1000000";

fn request(target: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: api.example\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn json(body: &str) -> Vec<u8> {
    request("/v1/items", "application/json", body.as_bytes())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn send(guarded: &Guarded, bytes: Vec<u8>) -> Response {
    Client::ask(guarded.gateway.addresses()[0], bytes).await
}

fn attacks() -> Vec<Vec<u8>> {
    let form = "application/x-www-form-urlencoded";
    let coded = gzip(r#"{"name": "x' union select login, password from users--"}"#);
    let mut zipped = format!(
        "POST /v1/items HTTP/1.1\r\nHost: api.example\r\nContent-Type: application/json\r\n\
         Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        coded.len()
    )
    .into_bytes();
    zipped.extend(coded);
    vec![
        b"GET /v1/items?name=x%27%20OR%20%271%27%3D%271 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"GET /v1/files/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Name: <script>alert(1)</script>\r\n\r\n".to_vec(),
        json(r#"{"filter": {"sku": "A-1'; select pg_sleep(9)--"}}"#),
        json(r#"{"text": "<svg/onload=alert(document.cookie)>"}"#),
        request("/v1/ping", form, b"host=127.0.0.1%3Bcat+%2Fetc%2Fpasswd&count=1"),
        request(
            "/v1/notes",
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nx' or '1'='1\r\n--b--\r\n",
        ),
        request("/v1/a", "text/xml", b"<a><b>x' or '1'='1</b></a>"),
        zipped,
        request("/v1/a", form, b"wOFF=1&name=x'+or+'1'='1"),
        b"POST /v1/items HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Note\r\n\r\n\
          2\r\n{}\r\n0\r\nX-Note: x' or '1'='1\r\n\r\n"
            .to_vec(),
    ]
}

fn benign() -> Vec<Vec<u8>> {
    vec![
        b"GET /v1/items?q=rain%20jacket&sort=-price HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"GET /odata/Items?$filter=Name%20eq%20%27Milk%27%20and%20Price%20lt%202.55 HTTP/1.1\r\n\
          Host: a\r\n\r\n"
            .to_vec(),
        json(r#"{"name": "Siobhan O'Neill", "pub": "The King's Head & Sons' Arms"}"#),
        json(
            r#"{"text": "Don't drop the table or select new chairs; update us where the union meets."}"#,
        ),
        json(r#"{"sql": "SELECT name FROM items WHERE price > 5 ORDER BY name"}"#),
        json(r#"{"query": "query { user(name: \"bo\") { id orders(first: 5) { total } } }"}"#),
        json(r#"{"markdown": "Use `id` & co; see <b>bold</b> and a < b > c"}"#),
        request("/v1/login", "application/x-www-form-urlencoded", b"user=o%27neill&pass=a%26b%3Bc"),
    ]
}

#[tokio::test]
async fn attacks_end_here_and_say_no_more_than_that() {
    let policies = format!("[{{name: no-attacks, mode: enforce, detectors: {{{ROOM}}}}}]");
    let mut guarded = Guarded::new(&policies).await;
    for (at, attack) in attacks().into_iter().enumerate() {
        let shown = String::from_utf8_lossy(&attack).into_owned();
        let answer = send(&guarded, attack).await;
        assert_eq!(answer.status, 403, "{shown}");
        assert_eq!(answer.field("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["code"], "detectors-refused");
        assert!(problem["incident"].as_str().is_some_and(|incident| incident.len() > 8));
        for word in ["select", "union", "script", "passwd", "' or", "svg", "injection"] {
            assert!(!answer.text().contains(word), "{}", answer.text());
        }
        let decided = guarded.decided(at).await;
        let (policy, action, outcome, reason) = &decided[0];
        assert_eq!(
            (policy.as_str(), *action, *outcome),
            ("no-attacks", Action::Deny, PolicyOutcome::Enforced)
        );
        let is_name = DETECTORS.iter().any(|item| item.meta.name == *reason);
        assert!(is_name && decided.len() == 1, "{decided:?}");
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!((exchange.policies.len(), exchange.policies[0].reason.as_str()), (1, *reason));
    }
    assert!(guarded.upstream.seen().is_empty(), "nothing of them went on");
    for (at, benign) in benign().into_iter().enumerate() {
        let shown = String::from_utf8_lossy(&benign).into_owned();
        assert_eq!(send(&guarded, benign).await.status, 200, "{shown}");
        assert!(guarded.decided(attacks().len() + at).await.is_empty(), "{shown}");
    }
    assert_eq!(guarded.upstream.seen().len(), benign().len());
    let metrics = guarded.metrics();
    assert!(metrics.contains("reason=\"sql-injection\""), "{metrics}");
}

/// The exchange as it is judged once it is over, by a judgement that knows nothing else.
fn behind(exchange: &Exchange) -> (Action, Vec<&'static str>) {
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let exchange = Exchange { policies: Vec::new(), ..exchange.clone() };
    let judged = judge(&exchange, &snapshot, &mut State::new(&snapshot.scope), None);
    (judged.verdict.action, judged.detections.iter().map(|one| one.code).collect())
}

#[tokio::test]
async fn monitoring_passes_and_agrees_with_what_is_judged_behind() {
    let mut guarded = Guarded::new(&format!("[{{name: watched, detectors: {{{ROOM}}}}}]")).await;
    let mut requests = [attacks(), benign()].concat();
    let examples = DETECTORS.iter().filter(|item| item.judges_requests());
    let examples = examples.flat_map(|item| item.examples).flat_map(|one| (one.exchanges)());
    for exchange in examples {
        let asked = exchange.request;
        let media_type = asked.headers.get("content-type").unwrap_or("text/plain");
        requests.push(request(&asked.target, media_type, &asked.body));
    }
    let mut counts = [0, 0];
    for (at, bytes) in requests.into_iter().enumerate() {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(send(&guarded, bytes).await.status, 200, "{shown}");
        let decided = guarded.decided(at).await;
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        let (action, codes) = behind(&exchange);
        let would_refuse = decided.iter().any(|one| one.1 == Action::Deny);
        assert!(decided.iter().all(|one| one.2 == PolicyOutcome::Monitored), "{decided:?}");
        assert_eq!(would_refuse, action == Action::Deny, "{shown}: {decided:?} {codes:?}");
        counts[usize::from(would_refuse)] += 1;
    }
    assert!(counts.iter().all(|count| *count >= 12), "{counts:?}");
}

#[tokio::test]
async fn scopes_budgets_and_bodies_that_are_not_read() {
    let policies = format!(
        "[{{name: a, mode: enforce, scope: {{paths: [/v1/**], methods: [POST]}}, detectors: {{{ROOM}, body_bytes: 100}}}},
          {{name: strict, mode: enforce, scope: {{paths: [/strict]}},
            detectors: {{{ROOM}, body_bytes: 100, on_budget: refuse}}}},
          {{name: hasty, mode: enforce, scope: {{paths: [/hasty]}}, detectors: {{budget_micros: 100}}}},
          {{name: sure, mode: enforce, scope: {{paths: [/sure]}},
            detectors: {{{ROOM}, on_unreadable: refuse}}}}]"
    );
    let guarded = Guarded::new(&policies).await;
    let attack = br#"{"name": "x' or '1'='1"}"#;
    let long = [&b"["[..], &b"1,".repeat(40_000), b"\"x' or '1'='1\"]"].concat();
    let kind = "application/json";
    let not_evaluated = |reason| vec![(Action::Allow, PolicyOutcome::NotEvaluated, reason)];
    let refused = |reason| vec![(Action::Deny, PolicyOutcome::Enforced, reason)];
    for (at, (target, body, status, decided)) in [
        ("/v1/a", &attack[..], 403, refused("sql-injection")),
        ("/v2/a", attack, 200, vec![]),
        ("/v2/../v1/a", attack, 403, refused("sql-injection")),
        ("/v1/a", &long, 200, not_evaluated("over-limits")),
        ("/strict", &long, 403, refused("over-limits")),
        ("/strict", b"{\"a\": 1}", 200, vec![]),
        ("/hasty", &long, 200, not_evaluated("over-budget")),
        ("/sure", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 415, refused("not-readable")),
        ("/strict", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 200, not_evaluated("not-readable")),
        ("/sure", b"", 200, vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&guarded, request(target, kind, body)).await;
        assert_eq!(answer.status, status, "{at} {target}");
        let said: Vec<_> =
            guarded.decided(at).await.into_iter().map(|(_, a, o, reason)| (a, o, reason)).collect();
        assert_eq!(said, decided, "{at} {target}");
    }
    let metrics = guarded.metrics();
    assert!(metrics.contains("reason=\"over-budget\""), "{metrics}");
}

#[tokio::test]
async fn large_and_deep_bodies_cost_no_more_than_the_budget() {
    let policy = "[{name: a, mode: enforce, detectors: {body_bytes: 8388608}}]";
    let room = |config: &mut Config| config.limits.request_body_bytes = 16 << 20;
    let guarded = Guarded::with(policy, room).await;
    let deep = "[".repeat(10 << 20);
    let large = format!("[{}1]", "\"it's\",".repeat((10 << 20) / 7));
    for (at, body) in [deep, large].into_iter().enumerate() {
        let begin = std::time::Instant::now();
        let answer = send(&guarded, request("/", "application/json", body.as_bytes())).await;
        assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
        assert_eq!(answer.status, 200);
        let reason = guarded.decided(at).await[0].3;
        assert!(["over-budget", "over-limits"].contains(&reason), "{reason}");
    }
}

#[tokio::test]
async fn of_a_streamed_body_the_head_is_judged_and_nobody_is_before_it_is_known_who_asks() {
    let policies = format!(
        "[{{name: known, mode: enforce, scope: {{paths: [/known]}}, authentication: {{any_of: [api_key]}}}},
          {{name: a, mode: enforce, detectors: {{{ROOM}}}}}]"
    );
    let stream = |config: &mut Config| {
        config.limits.request_body_bytes = 1_000;
        config.services[0].request_over = OverLimit::Stream;
    };
    let guarded = Guarded::with(&policies, stream).await;
    let body = format!("[{}\"x' or '1'='1\"]", "1,".repeat(2_000));
    let hostile = "?q=x%27%20or%20%271%27%3D%271";
    let not_held = (Action::Allow, PolicyOutcome::NotEvaluated, "body-not-held");
    let refused = |reason| (Action::Deny, PolicyOutcome::Enforced, reason);
    for (at, (target, status, decided)) in [
        ("/a".to_owned(), 200, not_held),
        (format!("/a{hostile}"), 403, refused("sql-injection")),
        (format!("/known{hostile}"), 401, refused("authentication-required")),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&guarded, request(&target, "application/json", body.as_bytes())).await;
        assert_eq!(answer.status, status, "{target}");
        let said = guarded.decided(at).await;
        let said: Vec<_> = said.into_iter().map(|(_, a, o, reason)| (a, o, reason)).collect();
        assert_eq!(said, [decided], "{target}");
    }
    assert_eq!(guarded.upstream.seen().len(), 1);
}

#[tokio::test]
async fn websockets_are_judged_by_handshake_and_message() {
    let policies =
        format!("[{{name: a, mode: enforce, detectors: {{{ROOM}, on_unreadable: refuse}}}}]");
    let mut guarded = Guarded::before_echo(&policies).await;
    let address = guarded.gateway.addresses()[0];
    let hostile = HANDSHAKE.replace("/chat", "/chat?room=x%27%20or%20%271%27%3D%271");
    assert_eq!(Client::ask(address, hostile).await.status, 403);
    let mut client = Client::connect(address).await;
    client.send(HANDSHAKE).await;
    assert_eq!(client.response().await.status, 101);
    client.send(masked(0x81, br#"{"say": "it's fine"}"#)).await;
    assert_eq!(client.take(22).await, b"\x81\x14{\"say\": \"it's fine\"}");
    client.send(masked(0x81, br#"{"say": "x' or '1'='1"}"#)).await;
    assert_eq!(client.take(4).await, b"\x88\x02\x03\xf0", "1008");
    let mut reasons = Vec::new();
    while reasons.len() < 2 {
        let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
        let texts = exchange.messages.len();
        reasons.extend(exchange.policies.into_iter().map(|one| (texts, one.reason)));
    }
    assert_eq!(reasons, [(0, "sql-injection".to_owned()), (1, "sql-injection".to_owned())]);
}

/// A handshake that is not refused for itself counts with each of its messages, as it does behind.
#[tokio::test]
async fn a_handshake_counts_with_each_message() {
    let mut guarded =
        Guarded::before_echo(&format!("[{{name: watched, detectors: {{{ROOM}}}}}]")).await;
    let odd = HANDSHAKE.replace("Host: a\r\n", "Host: a\r\nX-File: ../../../a\r\n");
    let said = [r#"{"say": "hi"}"#, r#"{"say": "`id`"}"#, r#"{"say": "x' or '1'='1"}"#];
    for (handshake, expected) in
        [(HANDSHAKE.to_owned(), [false, false, true]), (odd, [false, true, true])]
    {
        let mut client = Client::connect(guarded.gateway.addresses()[0]).await;
        client.send(handshake).await;
        assert_eq!(client.response().await.status, 101);
        for text in said {
            client.send(masked(0x81, text.as_bytes())).await;
            assert!(client.take(2 + text.len()).await.ends_with(text.as_bytes()));
        }
        let mut refused = Vec::new();
        while refused.len() < said.len() {
            let exchange = guarded.received.recv().await.unwrap().into_exchange().unwrap();
            if exchange.messages.iter().any(|message| message.from_client) {
                let is_refused = exchange.policies.iter().any(|one| one.action == Action::Deny);
                assert_eq!(is_refused, behind(&exchange).0 == Action::Deny, "{exchange:?}");
                refused.push(is_refused);
            }
        }
        assert_eq!(refused, expected);
    }
}
