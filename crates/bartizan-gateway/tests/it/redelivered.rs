//! Deliveries of webhooks that the upstream failed to take, and their replays.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::hmac;
use bartizan_gateway::{
    Gateway, Handover, Redelivery, Running,
    policy::{Enforcement, FailedDeliveries, FailedReceiver, PolicyConfig, Surroundings, Told},
};
use bartizan_model::{
    FailedDeliveryId, HashKey, Timestamp,
    webhook::{Delivered, FailedDelivery, MOST_BODY, Replayed},
};

use crate::harness::{Client, PATIENCE, Reply, Response, Upstream, config_with};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// Stripe signs a time, which is out of its window an hour later.
const HOOKS: &str = "[{name: hooks, mode: enforce, scope: {paths: [/hook]}, webhook: {scheme: stripe, secrets: [SECRET]}}]";

/// A gateway whose upstream answers with the status that it is told to: 0 for none, 1 for never.
struct Hooked {
    upstream: Upstream,
    running: Running,
    failed: FailedReceiver,
    status: Arc<AtomicU16>,
    _folder: tempfile::TempDir,
}

impl Hooked {
    async fn new(policies: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, SECRET).unwrap();
        let text = policies.replace("SECRET", &format!("file:{}", path.display()));
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&text).unwrap();
        let (failed_deliveries, failed) = FailedDeliveries::queue([]);
        let surroundings =
            Surroundings { failed_deliveries, ..Surroundings::embedded(HashKey::new([7; 32])) };
        let enforcement = Arc::new(Enforcement::new(&policies, surroundings).unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let told = Arc::clone(&status);
        let upstream = Upstream::new(move |_| match told.load(SeqCst) {
            0 => Reply::Close,
            1 => Reply::Silence,
            status => Reply::bytes(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")),
        })
        .await;
        let config = config_with(&upstream, |config| {
            config.deadlines.response_head = Duration::from_millis(200);
        });
        let running = Gateway::start(&config, enforcement, Handover::none()).await.unwrap();
        Self { upstream, running, failed, status, _folder: folder }
    }

    async fn ask(&self, status: u16, request: impl AsRef<[u8]>) -> Response {
        self.status.store(status, SeqCst);
        Client::ask(self.running.addresses()[0], request).await
    }

    async fn told(&mut self) -> Told {
        tokio::time::timeout(PATIENCE, self.failed.recv()).await.unwrap().unwrap()
    }

    async fn failed(&mut self) -> FailedDelivery {
        match self.told().await {
            Told::Failed(failed) => *failed,
            Told::Came(key) => panic!("{key} came"),
        }
    }

    async fn redeliver(&self, status: u16, delivered: Delivered) -> Replayed {
        self.redeliver_to("default", status, delivered).await
    }

    async fn redeliver_to(&self, service: &str, status: u16, delivered: Delivered) -> Replayed {
        self.status.store(status, SeqCst);
        let (id, service) = (FailedDeliveryId::from_text("dlv_1"), service.to_owned());
        self.running.redeliver(Redelivery { id, service, delivered }).await
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn signature(time: i64, body: &[u8]) -> String {
    let signed = [format!("{time}.").as_bytes(), body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &signed);
    let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={tag}")
}

fn request(time: i64, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /hook?a=1 HTTP/1.1\r\nHost: api.example.com\r\nStripe-Signature: {}\r\n{fields}Content-Length: {}\r\n\r\n",
        signature(time, body),
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// As [`request`], as it is kept.
fn delivered(time: i64, body: &[u8]) -> Delivered {
    Delivered {
        time: Timestamp::from_seconds(time),
        peer: Ipv4Addr::LOCALHOST.into(),
        is_secure: false,
        method: "POST".to_owned(),
        target: "/hook?a=1".to_owned(),
        authority: "api.example.com".to_owned(),
        fields: vec![
            ("host".to_owned(), b"api.example.com".to_vec()),
            ("stripe-signature".to_owned(), signature(time, body).into_bytes()),
            ("x-idempotency".to_owned(), b"evt_1".to_vec()),
        ],
        body: body.to_vec(),
    }
}

#[tokio::test]
async fn what_the_upstream_fails_to_take_is_handed_over_whole() {
    let mut hooked = Hooked::new(HOOKS).await;
    for (at, (upstream, status, failure, answered)) in [
        (503, 503, "answered", Some(503)),
        (0, 502, "upstream-broken", None),
        (1, 504, "upstream-timeout", None),
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!("{{\"id\":\"evt_{at}\"}}");
        let asked = request(now(), "Authorization: Bearer abc\r\n", body.as_bytes());
        assert_eq!(hooked.ask(upstream, asked).await.status, status, "{failure}");
        let failed = hooked.failed().await;
        assert_eq!((failed.failure.as_str(), failed.status), (failure, answered));
        assert_eq!((failed.policy.as_str(), failed.service.as_str()), ("hooks", "default"));
        assert_eq!((failed.until.seconds() - failed.time.seconds()) / 86_400, 7);
        let delivered = failed.content.unwrap();
        assert_eq!((delivered.method.as_str(), delivered.target.as_str()), ("POST", "/hook?a=1"));
        assert_eq!(
            (delivered.authority.as_str(), delivered.body),
            ("api.example.com", body.into_bytes())
        );
        let value = |name: &str| {
            let mut fields = delivered.fields.iter().filter(|(known, _)| known == name);
            fields.next().map(|(_, value)| value.clone())
        };
        assert_eq!(value("authorization"), Some(b"Bearer abc".to_vec()));
        assert!(value("stripe-signature").is_some());
    }
}

#[tokio::test]
async fn of_nothing_else_anything_is_kept() {
    let mut hooked = Hooked::new(HOOKS).await;
    // Taken; refused by the upstream; not signed; too old.
    assert_eq!(hooked.ask(200, request(now(), "", b"{\"id\":\"a\"}")).await.status, 200);
    assert_eq!(hooked.ask(410, request(now(), "", b"{\"id\":\"b\"}")).await.status, 410);
    let mut forged = request(now(), "", b"{\"id\":\"c\"}");
    *forged.last_mut().unwrap() = b' ';
    assert_eq!(hooked.ask(503, forged).await.status, 401);
    assert_eq!(hooked.ask(503, request(now() - 3_600, "", b"{\"id\":\"d\"}")).await.status, 401);
    assert_eq!(hooked.ask(503, "GET /other HTTP/1.1\r\nHost: a\r\n\r\n").await.status, 503);
    // What comes after them comes first.
    assert_eq!(hooked.ask(503, request(now(), "", b"{\"id\":\"e\"}")).await.status, 503);
    assert_eq!(hooked.failed().await.content.unwrap().body, b"{\"id\":\"e\"}");
    // It comes again, and is taken.
    assert_eq!(hooked.ask(204, request(now(), "", b"{\"id\":\"e\"}")).await.status, 204);
    assert!(matches!(hooked.told().await, Told::Came(_)));
    // Too large to be kept whole, and none at all where that is not wanted.
    let large = [b"{\"id\":\"f\",\"text\":\"", vec![b'a'; MOST_BODY].as_slice(), b"\"}"].concat();
    assert_eq!(hooked.ask(503, request(now(), "", &large)).await.status, 503);
    let failed = hooked.failed().await;
    assert_eq!((failed.bytes, failed.content), (large.len() as u64, Err("body-too-large")));
    let off = HOOKS.replace("scheme: stripe", "scheme: stripe, keep_failed_days: 0");
    let mut hooked = Hooked::new(&off).await;
    assert_eq!(hooked.ask(503, request(now(), "", b"{}")).await.status, 503);
    assert!(hooked.failed.try_recv().is_none());
}

#[tokio::test]
async fn an_operator_replays_what_a_client_cannot() {
    let hooked = Hooked::new(HOOKS).await;
    let (time, body) = (now() - 7_200, b"{\"id\":\"evt_1\"}");
    // A client cannot say that it replays, neither to the policies nor to the upstream.
    let claimed = "X-Bartizan-Replay: dlv_1\r\n";
    assert_eq!(hooked.ask(200, request(time, claimed, body)).await.status, 401);
    let plain = format!("GET /other HTTP/1.1\r\nHost: a\r\n{claimed}\r\n");
    assert_eq!(hooked.ask(200, plain).await.status, 200);
    assert_eq!(hooked.upstream.only().field("x-bartizan-replay"), None);

    let failed = hooked.redeliver(503, delivered(time, body)).await;
    assert_eq!(
        (failed.is_taken, failed.outcome.as_str(), failed.status),
        (false, "answered", Some(503))
    );
    let taken = hooked.redeliver(204, delivered(time, body)).await;
    assert_eq!((taken.is_taken, taken.status), (true, Some(204)));
    assert_ne!(taken.exchange, failed.exchange, "each is an exchange of its own");
    let seen = hooked.upstream.seen();
    assert_eq!(seen.len(), 3);
    for seen in &seen[1..] {
        assert_eq!((seen.line(), seen.body.as_slice()), ("POST /hook?a=1 HTTP/1.1", &body[..]));
        assert_eq!(seen.field("x-bartizan-replay"), Some("dlv_1"));
        assert_eq!(seen.field("x-idempotency"), Some("evt_1"));
        assert_eq!(seen.field("stripe-signature"), Some(&*signature(time, body)));
    }
    // It is taken: neither an operator nor its sender gets it there once more.
    let again = hooked.redeliver(200, delivered(time, body)).await;
    assert_eq!(
        (again.is_taken, again.outcome.as_str(), again.status),
        (true, "delivery-taken", None)
    );
    let sent = hooked.ask(200, request(now(), "", body)).await;
    assert!(sent.status == 200 && sent.text().contains("already taken"), "{}", sent.text());
    assert_eq!(hooked.upstream.seen().len(), 3);
}

#[tokio::test]
async fn a_replay_is_asked_about_as_any_request() {
    let policies = "[{name: hooks, mode: enforce, webhook: {scheme: stripe, secrets: [SECRET]}},\
         {name: near, mode: enforce, address: {deny: [203.0.113.0/24]}}]";
    let hooked = Hooked::new(policies).await;
    let good = || delivered(now(), b"{\"id\":\"evt_1\"}");
    let changed = Delivered { body: b"{\"id\":\"evt_2\"}".to_vec(), ..good() };
    let elsewhere = Delivered { peer: "203.0.113.7".parse().unwrap(), ..good() };
    let broken = Delivered { target: "no target".to_owned(), ..good() };
    for (delivered, outcome) in [(changed, "invalid-signature"), (broken, "malformed")] {
        let replayed = hooked.redeliver(200, delivered).await;
        assert_eq!((replayed.is_taken, replayed.outcome.as_str()), (false, outcome));
    }
    let refused = hooked.redeliver(200, elsewhere).await;
    assert!(!refused.is_taken && refused.status.is_none(), "{refused:?}");
    let other = hooked.redeliver_to("gone", 200, good()).await;
    assert_eq!((other.is_taken, other.outcome.as_str()), (false, "service-changed"));
    assert!(hooked.upstream.seen().is_empty());
    let late = hooked.redeliver(1, good()).await;
    assert_eq!((late.is_taken, late.outcome.as_str()), (false, "upstream-timeout"));
    assert!(hooked.redeliver(200, good()).await.is_taken);
}

/// What fails again at a replay is told to who replays, and not once more as a failure of its sender.
#[tokio::test]
async fn a_replay_that_fails_is_no_new_failure() {
    let mut hooked = Hooked::new(HOOKS).await;
    let replayed = hooked.redeliver(503, delivered(now(), b"{\"id\":\"evt_1\"}")).await;
    assert!(!replayed.is_taken);
    assert!(hooked.failed.try_recv().is_none());
}
