//! Questions to a server on this machine.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const NOW: i64 = 1_800_000_000;

/// A server that answers what it is told to, and keeps what it was asked.
struct Server {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    seen: Arc<Mutex<String>>,
}

impl Server {
    async fn new(answer: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("http://{}/introspect", listener.local_addr().expect("an address"));
        let this = Self {
            url,
            answer: Arc::new(Mutex::new(answer.to_string())),
            asked: Arc::default(),
            seen: Arc::default(),
        };
        let (answer, asked) = (Arc::clone(&this.answer), Arc::clone(&this.asked));
        let seen = Arc::clone(&this.seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, SeqCst);
                let (answer, seen) =
                    (answer.lock().expect("unpoisoned").clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let mut request = vec![0; 8_192];
                    let mut length = 0;
                    while !request[..length].windows(6).any(|part| part == b"token=")
                        && let Ok(more @ 1..) = stream.read(&mut request[length..]).await
                    {
                        length += more;
                    }
                    *seen.lock().expect("unpoisoned") =
                        String::from_utf8_lossy(&request[..length]).into_owned();
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    let length = answer.len();
                    let answer =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{answer}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        this
    }

    fn says(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().expect("unpoisoned"));
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    fn policy(&self) -> Introspected {
        let text = format!(
            "{{url: '{}', issuer: 'https://i.example', client_id: 'a b', client_secret: 'env:PATH',\
             audiences: [orders]}}",
            self.url
        );
        let config: IntrospectionConfig = serde_saphyr::from_str(&text).expect("a configuration");
        let surroundings = Surroundings::embedded(HashKey::new([1; 32]));
        Introspected::compile("a", &config, &BTreeSet::new(), &surroundings).expect("compiles")
    }
}

fn good() -> Value {
    json!({"active": true, "sub": "u1", "aud": "orders", "scope": "read", "exp": NOW + 60})
}

async fn ask(policy: &Introspected, text: &str, now: i64) -> Result<String, &'static str> {
    let judged = policy.ask(text, Timestamp::from_seconds(now)).await;
    judged.map(|credential| credential.identity.subject.to_string())
}

#[tokio::test]
async fn the_server_is_asked_once_for_many_and_again_when_the_answer_is_old() {
    let server = Server::new(&good()).await;
    let policy = Arc::new(server.policy());
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let policy = Arc::clone(&policy);
            tokio::spawn(async move { ask(&policy, "t0ken+/=", NOW).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic").as_deref(), Ok("u1"));
    }
    assert_eq!(server.asked(), 1);
    let seen = server.seen.lock().expect("unpoisoned").clone();
    assert!(seen.starts_with("POST /introspect HTTP/1.1"), "{seen}");
    assert!(seen.ends_with("token_type_hint=access_token&token=t0ken%2B%2F%3D"), "{seen}");
    let secret = std::env::var("PATH").expect("set").replace('/', "%2F").replace(':', "%3A");
    let pair = STANDARD.encode(format!("a+b:{secret}"));
    assert!(
        seen.to_lowercase().contains(&format!("authorization: basic {pair}").to_lowercase()),
        "{seen}"
    );
    server.says(r#"{"active":false}"#);
    assert_eq!(ask(&policy, "t0ken+/=", NOW + 9).await.as_deref(), Ok("u1"));
    assert_eq!(ask(&policy, "t0ken+/=", NOW + 10).await, Err("token-inactive"));
    assert_eq!(ask(&policy, "t0ken+/=", NOW + 19).await, Err("token-inactive"));
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn only_what_the_server_says_is_believed_and_all_of_it_is_asked_for() {
    let server = Server::new(&good()).await;
    let policy = server.policy();
    let with = |name: &str, value: Value| {
        let mut answer = good();
        answer[name] = value;
        answer.to_string()
    };
    let unavailable = Err("introspection-unavailable");
    for (at, (answer, expected)) in [
        (good().to_string(), Ok("u1")),
        (with("active", json!(false)), Err("token-inactive")),
        (with("active", json!("true")), unavailable),
        (with("active", json!(1)), unavailable),
        (with("iss", json!("https://j.example")), Err("token-issuer")),
        (with("iss", json!("https://i.example")), Ok("u1")),
        (with("aud", json!("order")), Err("token-audience")),
        (with("aud", json!(null)), Err("token-audience")),
        (with("exp", json!(NOW - 30)), Err("token-expired")),
        (with("exp", json!("soon")), Err("token-claims")),
        (with("nbf", json!(NOW + 31)), Err("token-not-yet-valid")),
        (with("sub", json!("")), Err("token-claims")),
        (with("sub", json!(7)), Err("token-claims")),
        (with("cnf", json!({"kid": "a"})), Err("jwt-binding-unknown")),
        (r#"{"active":false,"active":true}"#.to_owned(), unavailable),
        ("[]".to_owned(), unavailable),
        (String::new(), unavailable),
        ("x".repeat(300_000), unavailable),
    ]
    .into_iter()
    .enumerate()
    {
        server.says(&answer);
        let got = ask(&policy, &format!("t{at}"), NOW).await;
        assert_eq!(got.as_deref().map_err(|code| *code), expected, "{answer:.80}");
    }
    let asked = server.asked();
    for text in ["", "a b", "a&token=b", "é", &"a".repeat(5_000)] {
        assert_eq!(ask(&policy, text, NOW).await, Err("token-malformed"), "{text:.20}");
    }
    assert_eq!(server.asked(), asked);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_asked_again() {
    let server = Server::new(&json!({})).await;
    let policy = server.policy();
    assert_eq!(ask(&policy, "t", NOW).await, Err("introspection-unavailable"));
    server.says(&good().to_string());
    assert_eq!(ask(&policy, "t", NOW).await.as_deref(), Ok("u1"), "a failure is not kept");
    assert_eq!(policy.refusal("introspection-busy", Timestamp::from_seconds(NOW)).status, 503);
    // All places are taken.
    let places = Arc::clone(&policy.asked.places);
    let held = places.acquire_many(AT_ONCE as u32).await.expect("open");
    assert_eq!(ask(&policy, "u", NOW).await, Err("introspection-busy"));
    drop(held);
    assert_eq!(ask(&policy, "u", NOW).await.as_deref(), Ok("u1"));
}

#[tokio::test]
async fn answers_outlive_a_reload_with_the_same_settings() {
    let server = Server::new(&good()).await;
    let policies = |audience: &str| -> Vec<crate::policy::PolicyConfig> {
        let text = format!(
            "[{{name: a, introspection: {{url: '{}', issuer: 'https://i.example', client_id: a,\
             client_secret: 'env:PATH', audiences: [{audience}]}}}}]",
            server.url
        );
        serde_saphyr::from_str(&text).expect("policies")
    };
    let around = Surroundings::embedded(HashKey::new([1; 32]));
    let first = crate::policy::Enforcement::new(&policies("orders"), around).expect("compiles");
    let rule = |of: &crate::policy::Enforcement| Arc::clone(&of.set.introspected[0].rule);
    assert_eq!(ask(&rule(&first), "t", NOW).await.as_deref(), Ok("u1"));
    let same = first.successor(&policies("orders")).expect("compiles");
    assert_eq!(ask(&rule(&same), "t", NOW).await.as_deref(), Ok("u1"));
    assert_eq!(server.asked(), 1);
    let other = same.successor(&policies("others")).expect("compiles");
    assert_eq!(ask(&rule(&other), "t", NOW).await, Err("token-audience"));
    assert_eq!(server.asked(), 2, "what one policy was told is not for another one");
}
