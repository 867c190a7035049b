//! Deliveries of webhooks and signed requests, in front of a real upstream.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use bartizan_gateway::{
    Config, Gateway, Handover, Running,
    policy::{Enforcement, PolicyConfig, ReplayTable, Surroundings},
};
use bartizan_model::HashKey;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::harness::{Client, Reply, Response, Upstream, config_with, until};

const SECRET: &str = "a secret of more than thirty-two bytes";

/// A gateway with policies that name their secret as `SECRET`.
struct Signed {
    upstream: Upstream,
    running: Running,
    config: Config,
    enforcement: Arc<Enforcement>,
    folder: tempfile::TempDir,
}

fn policies(text: &str, folder: &Path) -> Vec<PolicyConfig> {
    let path = folder.join("secret");
    std::fs::write(&path, SECRET).unwrap();
    serde_saphyr::from_str(&text.replace("SECRET", &format!("file:{}", path.display()))).unwrap()
}

impl Signed {
    async fn new(text: &str) -> Self {
        Self::before(Upstream::ok().await, text, ReplayTable::default()).await
    }

    async fn before(upstream: Upstream, text: &str, replays: ReplayTable) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            replays: Arc::new(replays),
            ..Surroundings::embedded(HashKey::new([7; 32]))
        };
        let enforcement = Enforcement::new(&policies(text, folder.path()), surroundings).unwrap();
        let enforcement = Arc::new(enforcement);
        let config = config_with(&upstream, |_| {});
        let policies = Arc::clone(&enforcement) as Arc<_>;
        let running = Gateway::start(&config, policies, Handover::none()).await.unwrap();
        Self { upstream, running, config, enforcement, folder }
    }

    async fn ask(&self, request: impl AsRef<[u8]>) -> Response {
        Client::ask(self.running.addresses()[0], request).await
    }

    /// The same request eight times at once: the statuses of the answers.
    async fn at_once(&self, request: &[u8]) -> Vec<u16> {
        let address = self.running.addresses()[0];
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let request = request.to_vec();
                tokio::spawn(async move { Client::ask(address, request).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.unwrap());
        }
        statuses.sort_unstable();
        statuses
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(bytes: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), bytes)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn message(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{head}\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A delivery that GitHub would send.
fn delivery(body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /hook HTTP/1.1\r\nX-Hub-Signature-256: sha256={}", hex(mac(body).as_ref()));
    message(&head, body)
}

const GITHUB: &str = "[{name: hooks, mode: enforce, scope: {paths: [/hook]}, webhook: {scheme: github, secrets: [SECRET]}}]";

#[tokio::test]
async fn a_delivery_is_taken_once() {
    let signed = Signed::new(GITHUB).await;
    assert_eq!(signed.ask(delivery(b"one")).await.text(), "ok");
    let again = signed.ask(delivery(b"one")).await;
    assert_eq!((again.status, again.text()), (200, r#"{"status":"already taken"}"#));
    assert_eq!(again.field("content-type"), Some("application/json"));
    // Only to who can sign it.
    let forged = message("POST /hook HTTP/1.1\r\nX-Hub-Signature-256: sha256=00", b"one");
    let refused = signed.ask(forged).await;
    assert_eq!((refused.status, refused.text().contains("taken")), (401, false));
    assert!(refused.field("www-authenticate").is_some());
    let mut other = delivery(b"two");
    *other.last_mut().unwrap() = b'0';
    assert_eq!(signed.ask(other).await.status, 401);
    assert_eq!(signed.ask(delivery(b"two")).await.text(), "ok");
    let seen = signed.upstream.seen();
    let bodies: Vec<_> = seen.iter().map(|seen| seen.body.as_slice()).collect();
    assert_eq!(bodies, [b"one", b"two"]);
    // A reload forgets nothing.
    let next = signed.enforcement.successor(&policies(GITHUB, signed.folder.path())).unwrap();
    signed.running.reload(&signed.config, Arc::new(next)).unwrap();
    assert!(signed.ask(delivery(b"two")).await.text().contains("already taken"));
}

#[tokio::test]
async fn what_was_not_taken_may_come_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let upstream = Upstream::new(move |_| match counted.fetch_add(1, SeqCst) {
        0 => Reply::bytes("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"),
        1 => Reply::Close,
        2 => Reply::bytes("HTTP/1.1 410 X\r\ncontent-length: 0\r\n\r\n"),
        _ => Reply::ok("taken"),
    })
    .await;
    let text = GITHUB.replace("scheme: github", "scheme: github, repeated: refuse");
    let signed = Signed::before(upstream, &text, ReplayTable::default()).await;
    let mut heard = Vec::new();
    // Whoever is quick may hear that the last attempt is under way, until that has ended here.
    for _ in 0..1_000 {
        if heard.len() == 6 {
            break;
        }
        let answer = signed.ask(delivery(b"{}")).await;
        if !answer.text().contains("delivery-under-way") {
            heard.push(answer.status);
        }
    }
    assert_eq!(heard, [500, 502, 410, 200, 409, 409]);
    assert_eq!(count.load(SeqCst), 4);
}

#[tokio::test]
async fn of_many_at_once_one_is_taken() {
    let pause = Duration::from_millis(300);
    let upstream =
        Upstream::new(move |_| Reply::Slow(vec![(pause, b"HTTP/1.1 204 X\r\n\r\n".to_vec())]))
            .await;
    let signed = Signed::before(upstream, GITHUB, ReplayTable::default()).await;
    let statuses = signed.at_once(&delivery(b"{}")).await;
    assert_eq!(signed.upstream.seen().len(), 1, "{statuses:?}");
    // Whoever came later than the answer has heard that it was taken.
    assert!(statuses.iter().all(|status| [200, 204, 409].contains(status)), "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1);
}

#[tokio::test]
async fn what_the_head_shows_is_refused_before_the_body_comes() {
    let signed = Signed::new(GITHUB).await;
    for head in [
        "POST /hook HTTP/1.1",
        "POST /hook HTTP/1.1\r\nX-Hub-Signature-256: sha256=",
        "POST /hook HTTP/1.1\r\nX-Hub-Signature: sha1=00",
        "POST /hook?a=1 HTTP/1.1\r\nX-Hub-Signature-256: 00",
    ] {
        let head = format!("{head}\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
        assert_eq!(signed.ask(head).await.status, 401);
    }
    let tag = hex(mac(b"").as_ref());
    let upgrade = format!(
        "GET /hook HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256={tag}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    assert_eq!(signed.ask(upgrade).await.status, 401);
    assert!(signed.upstream.seen().is_empty());
    assert_eq!(signed.ask("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").await.status, 200);
}

#[tokio::test]
async fn a_packed_body_is_signed_packed() {
    let signed = Signed::new(GITHUB).await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"{\"a\":1}").unwrap();
    let packed = packed.finish().unwrap();
    let of = |signed: &[u8]| {
        let tag = hex(mac(signed).as_ref());
        let head = format!(
            "POST /hook HTTP/1.1\r\nContent-Encoding: gzip\r\nX-Hub-Signature-256: sha256={tag}"
        );
        message(&head, &packed)
    };
    assert_eq!(signed.ask(of(b"{\"a\":1}")).await.status, 401);
    assert_eq!(signed.ask(of(&packed)).await.status, 200);
    assert_eq!(signed.upstream.only().body, packed);
}

#[tokio::test]
async fn monitored_deliveries_all_pass() {
    let signed = Signed::new(&GITHUB.replace("enforce", "monitor")).await;
    for request in [delivery(b"{}"), delivery(b"{}"), message("POST /hook HTTP/1.1", b"{}")] {
        assert_eq!(signed.ask(request).await.text(), "ok");
    }
    until("counted", || signed.enforcement.tally("hooks").would_act == 1).await;
    let tally = signed.enforcement.tally("hooks");
    assert_eq!((tally.passed, tally.would_refuse, tally.refused), (1, 1, 0), "each once");
}

/// Nobody makes room for a replay by filling the store.
#[tokio::test]
async fn a_full_store_refuses() {
    let signed = Signed::before(Upstream::ok().await, GITHUB, ReplayTable::new(0, 0)).await;
    let mut statuses = Vec::new();
    for n in 0..60 {
        statuses.push(signed.ask(delivery(format!("{n}").as_bytes())).await.status);
    }
    assert!(statuses.iter().filter(|status| **status == 503).count() >= 60 - 16, "{statuses:?}");
    assert_eq!(statuses[0], 200);
    assert!(
        signed.ask(delivery(b"0")).await.text().contains("already taken"),
        "and forgets nothing"
    );
}

/// A receiver that is sent more than there is room for keeps no other one from taking deliveries.
#[tokio::test]
async fn one_receiver_takes_no_room_of_another() {
    let of = |name: &str| {
        format!(
            "{{name: {name}, mode: enforce, scope: {{paths: [/{name}]}}, webhook: {{scheme: github, secrets: [SECRET]}}}}"
        )
    };
    let text = format!("[{}, {}]", of("hook"), of("other"));
    let signed = Signed::before(Upstream::ok().await, &text, ReplayTable::new(0, 4 * 16)).await;
    let mut refused = 0;
    for n in 0..120 {
        let answer = signed.ask(delivery(format!("{n}").as_bytes())).await;
        refused += usize::from(answer.status == 503);
    }
    assert!(refused >= 120 - 2 * 16, "{refused}");
    let other = String::from_utf8(delivery(b"0")).unwrap().replace("/hook", "/other");
    assert_eq!(signed.ask(other).await.status, 200);
}

#[tokio::test]
async fn a_time_has_to_be_near() {
    let text = "[{name: hooks, mode: enforce, webhook: {scheme: stripe, secrets: [SECRET], tolerance_seconds: 60}}]";
    let signed = Signed::new(text).await;
    for (time, status) in [(now(), 200), (now() - 90, 401), (now() + 90, 401)] {
        let tag = hex(mac(format!("{time}.{{}}").as_bytes()).as_ref());
        let head = format!("POST / HTTP/1.1\r\nSTRIPE-signature: t={time},v1={tag}");
        assert_eq!(signed.ask(message(&head, b"{}")).await.status, status);
    }
}

const MESSAGES: &str = "[{name: signed, mode: enforce, message_signature: {secrets: [{id: k, secret: SECRET}]}},\
     {name: who, mode: enforce, authentication: {any_of: [signature]}}]";

/// A signed request with this body, which covers its digest.
fn request(nonce: Option<&str>, body: &[u8]) -> Vec<u8> {
    let nonce = nonce.map(|nonce| format!(";nonce=\"{nonce}\"")).unwrap_or_default();
    let created = now();
    let params = format!(
        "(\"@method\" \"@target-uri\" \"content-digest\");created={created};keyid=\"k\"{nonce}"
    );
    let told = STANDARD.encode(digest(&SHA256, body).as_ref());
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": http://a/pay?to=b\n\"content-digest\": sha-256=:{told}:\n\
         \"@signature-params\": {params}"
    );
    let tag = STANDARD.encode(mac(base.as_bytes()).as_ref());
    let head = format!(
        "POST /pay?to=b HTTP/1.1\r\nContent-Digest: sha-256=:{told}:\r\nSIGNATURE-INPUT: s={params}\r\nSignature: s=:{tag}:"
    );
    message(&head, body)
}

#[tokio::test]
async fn signed_requests_are_somebodys() {
    let signed = Signed::new(MESSAGES).await;
    assert_eq!(signed.ask(request(None, b"{}")).await.status, 200);
    assert_eq!(signed.ask(request(None, b"")).await.status, 200);
    let unsigned = signed.ask(message("POST /pay?to=b HTTP/1.1", b"{}")).await;
    assert_eq!(unsigned.status, 401);
    assert_eq!(
        unsigned.field("accept-signature"),
        Some("sig=(\"@method\" \"@target-uri\");created;keyid")
    );
    assert!(unsigned.field("www-authenticate").is_some_and(|value| value.starts_with("Signature")));
    let text = String::from_utf8(request(None, b"{}")).unwrap();
    for (from, to) in [
        ("to=b", "to=c"),
        ("POST", "PUT"),
        ("Host: a", "Host: b"),
        ("\r\n\r\n{}", "\r\n\r\n[]"),
        ("Content-Digest", "Other-Digest"),
        ("keyid=\"k\"", "keyid=\"l\""),
    ] {
        assert_eq!(signed.ask(text.replace(from, to)).await.status, 401, "{from} {to}");
    }
    assert_eq!(signed.upstream.seen().len(), 2, "nothing else has passed");
    let optional = MESSAGES.replace("SECRET}]", "SECRET}], required: false");
    let signed = Signed::new(&optional).await;
    assert_eq!(signed.ask(request(None, b"{}")).await.status, 200);
    let nobody = signed.ask(message("POST /pay?to=b HTTP/1.1", b"{}")).await;
    assert!(nobody.status == 401 && nobody.text().contains("authentication-required"));
}

#[tokio::test]
async fn a_nonce_is_good_once_also_at_once() {
    let signed = Signed::new(MESSAGES).await;
    let once = request(Some("n"), b"{}");
    let statuses = signed.at_once(&once).await;
    assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401, 401]);
    assert_eq!(signed.ask(&once).await.status, 401);
    assert_eq!(signed.ask(request(Some("m"), b"{}")).await.status, 200);
}

/// What was forgotten when it was too old is not good again because signatures are good for longer.
#[tokio::test]
async fn a_reload_brings_no_nonce_back() {
    let short = MESSAGES.replace("SECRET}]", "SECRET}], max_age_seconds: 3, leeway_seconds: 0");
    let signed = Signed::new(&short).await;
    let once = request(Some("n"), b"{}");
    assert_eq!(signed.ask(&once).await.status, 200);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let longer = policies(&short.replace("seconds: 3,", "seconds: 3600,"), signed.folder.path());
    let next = signed.enforcement.successor(&longer).unwrap();
    signed.running.reload(&signed.config, Arc::new(next)).unwrap();
    assert_eq!(signed.ask(&once).await.status, 401);
    assert_eq!(signed.ask(request(Some("m"), b"{}")).await.status, 200);
}
