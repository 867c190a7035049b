//! Webhooks against a receiver on real sockets.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{
    super::tests::{OUTSIDE, about},
    *,
};

/// Head and body of a request.
type Seen = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers every request the same and keeps what came.
async fn receiver(answer: &'static str) -> (std::net::SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let (address, seen) = (listener.local_addr().expect("address"), Seen::default());
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let mut piece = [0; 4_096];
            loop {
                let many = stream.read(&mut piece).await.expect("read");
                bytes.extend_from_slice(&piece[..many]);
                let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                    if many == 0 {
                        break;
                    }
                    continue;
                };
                let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
                let length: usize = field(&head, "content-length").parse().expect("a length");
                if bytes.len() >= end + 4 + length {
                    kept.lock().expect("whole").push((head, bytes[end + 4..].to_vec()));
                    break;
                }
            }
            if answer.is_empty() {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, seen)
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let find = |line: &'a str| line.split_once(": ").filter(|(key, _)| *key == name);
    head.lines().find_map(find).map(|(_, value)| value).expect(name)
}

fn config(url: String) -> WebhookConfig {
    let json = serde_json::json!({"url": url, "secret": "env:HOOK_SECRET", "timeout_seconds": 1});
    serde_json::from_value(json).expect("settings")
}

async fn answered(answer: &'static str) -> Answer {
    let (address, _) = receiver(answer).await;
    let mut hook = open(&config(format!("http://{address}/x")), &OUTSIDE).expect("compiles");
    hook.send(&[about("t")]).await.pop().expect("an answer")
}

fn verify(key: &str, head: &str, body: &[u8]) -> Vec<bool> {
    let key = BASE64.decode(key).expect("Base64");
    let (id, time) = (field(head, "webhook-id"), field(head, "webhook-timestamp"));
    let signatures = field(head, "webhook-signature").split(' ');
    let verify = |signature: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body);
        let bytes = BASE64.decode(signature.strip_prefix("v1,").expect("v1")).expect("Base64");
        mac.verify_slice(&bytes).is_ok()
    };
    signatures.map(verify).collect()
}

#[tokio::test]
async fn events_come_signed_under_both_secrets() {
    let (address, seen) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut config = config(format!("http://{address}/in?a=b"));
    config.previous_secret = Some("env:OLD_SECRET".to_owned());
    let mut hook = open(&config, &OUTSIDE).expect("compiles");
    let deliveries = [about("one"), about("two")];
    assert_eq!(hook.send(&deliveries).await, [Answer::Taken, Answer::Taken]);
    let seen = seen.lock().expect("whole");
    assert_eq!(seen.len(), 2);
    for (head, body) in &*seen {
        assert!(head.starts_with("POST /in?a=b HTTP/1.1\r\n"), "{head}");
        assert_eq!(field(head, "content-type"), "application/json");
        assert_eq!(field(head, "host"), address.to_string());
        let new = verify("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", head, body);
        let old = verify("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", head, body);
        assert_eq!((new, old), (vec![true, false], vec![false, true]));
        let json: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(json["id"], field(head, "webhook-id"));
        assert_eq!(json["finding"]["host"], "api.example.com");
    }
}

#[test]
fn the_signature_is_that_of_the_standard() {
    // The example that the specification publishes.
    let hook = Webhook {
        place: Place::new("127.0.0.1", 1, None, false, &OUTSIDE).expect("a place"),
        authority: String::new(),
        target: String::new(),
        keys: vec![key("env:HOOK_SECRET", &OUTSIDE).expect("a key")],
        timeout: Duration::ZERO,
        concurrency: 1,
        now: OUTSIDE.now,
    };
    let signed =
        hook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn answers_are_judged_by_their_status() {
    for (status, expected) in [
        ("200 OK", Answer::Taken),
        ("202 Accepted", Answer::Taken),
        ("400 Bad Request", Answer::Refused("status 400: why".to_owned())),
        ("410 Gone", Answer::Refused("status 410: why".to_owned())),
        (
            "302 Found\r\nlocation: http://127.0.0.1:1/",
            Answer::Refused("status 302: why".to_owned()),
        ),
        ("408 Timeout", Answer::Failed("status 408: why".to_owned(), None)),
        ("425 Too Early", Answer::Failed("status 425: why".to_owned(), None)),
        ("500 Oops", Answer::Failed("status 500: why".to_owned(), None)),
        (
            "429 Slow\r\nretry-after: 120",
            Answer::Failed("status 429: why".to_owned(), Some(Duration::from_secs(120))),
        ),
        ("503 Later\r\nretry-after: soon", Answer::Failed("status 503: why".to_owned(), None)),
    ] {
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: 3\r\n\r\nwhy");
        assert_eq!(answered(text.leak()).await, expected, "{status}");
    }
}

#[tokio::test]
async fn whatever_is_answered_ends_in_time() {
    let endless = format!("HTTP/1.1 500 Oops\r\n\r\n{}", "x".repeat(1_000_000));
    assert!(matches!(answered(endless.leak()).await, Answer::Failed(why, None) if why.len() < 300));
    let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    assert!(matches!(answered(head.leak()).await, Answer::Failed(..)));
    let begin = std::time::Instant::now();
    assert!(matches!(answered("").await, Answer::Failed(why, None) if why.contains("within")));
    assert!(matches!(answered("nonsense").await, Answer::Failed(..)));
    assert!(begin.elapsed() < Duration::from_secs(5));
    // Nobody there.
    let port = TcpListener::bind("127.0.0.1:0").await.expect("bound").local_addr().expect("one");
    let mut hook = open(&config(format!("http://{port}/")), &OUTSIDE).expect("compiles");
    assert!(matches!(&hook.send(&[about("t")]).await[..], [Answer::Unreached(_)]));
}

#[test]
fn what_cannot_be_used_is_refused_without_the_secret() {
    for (url, secret) in [
        ("https://a@b/", "env:HOOK_SECRET"),
        ("http://hooks.example.com/", "env:HOOK_SECRET"),
        ("ftp://x/", "env:HOOK_SECRET"),
        ("/x", "env:HOOK_SECRET"),
        ("env:HOOK_SECRET", "env:HOOK_SECRET"),
        ("env:NOBODY", "env:HOOK_SECRET"),
        ("http://169.254.169.254/", "env:HOOK_SECRET"),
        ("http://localhost/", "env:SHORT"),
        ("http://localhost/", "env:ODD"),
        ("http://localhost/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("https://localhost/", "env:HOOK_SECRET"),
    ] {
        let config = WebhookConfig { secret: secret.to_owned(), ..config(url.to_owned()) };
        let error = open(&config, &OUTSIDE).err().expect(url);
        assert!(!error.contains("MfKQ9r8G"), "{error}");
    }
    assert!(open(&config("env:HOOK_URL".to_owned()), &OUTSIDE).is_ok());
    let mut cleartext = config("http://hooks.example.com/".to_owned());
    cleartext.cleartext = true;
    assert!(open(&cleartext, &OUTSIDE).is_ok());
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = Timestamp::from_seconds(1_700_000_000);
    for (text, expected) in [
        ("0", Some(0)),
        (" 30 ", Some(30)),
        ("Tue, 14 Nov 2023 22:14:20 GMT", Some(60)),
        ("Tue, 14 Nov 2023 22:00:00 GMT", Some(0)),
        ("-1", None),
        ("1.5", None),
        ("99999999999", None),
        ("", None),
    ] {
        assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
    }
}
