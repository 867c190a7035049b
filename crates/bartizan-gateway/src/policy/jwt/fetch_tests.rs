//! Keys that are fetched, and that change.

use std::{
    sync::{
        Arc, Mutex as StdMutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{
    tests::{NOW, Signer, around, at, claims, config, verify, with},
    *,
};

/// An issuer on this machine that publishes what it is told to, and counts who asks.
struct Publisher {
    url: String,
    body: Arc<StdMutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("http://{}/jwks", listener.local_addr().expect("an address"));
        let this = Self { url, body: Arc::default(), asked: Arc::default() };
        let (body, asked) = (Arc::clone(&this.body), Arc::clone(&this.asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, SeqCst);
                let answer = match body.lock().expect("unpoisoned").clone() {
                    Some(body) => {
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    }
                    None => "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned(),
                };
                let mut head = [0; 1_024];
                let _ = stream.read(&mut head).await;
                tokio::time::sleep(Duration::from_millis(30)).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        this
    }

    fn publish(&self, keys: &[Value]) {
        *self.body.lock().expect("unpoisoned") = Some(json!({"keys": keys}).to_string());
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    /// A policy that may ask again after a second.
    fn policy(&self) -> Tokens {
        self.policy_with(600, &LookUps::default())
    }

    fn policy_with(&self, refresh_seconds: u32, look_ups: &LookUps) -> Tokens {
        let (_folder, config) = config(&[Signer::new("x").public()]);
        let fetch = FetchConfig { interval_seconds: 1, refresh_seconds, ..FetchConfig::default() };
        let config =
            JwtConfig { jwks_file: None, jwks_url: Some(self.url.clone()), fetch, ..config };
        Tokens::compile(&config, &BTreeSet::new(), &around(look_ups)).expect("compiles")
    }
}

#[tokio::test]
async fn keys_are_fetched_once_for_many() {
    let (publisher, signer) = (Publisher::new().await, Signer::new("a"));
    publisher.publish(&[signer.public()]);
    let policy = Arc::new(publisher.policy());
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (policy, text) = (Arc::clone(&policy), signer.token(&with("jti", json!(n))));
            tokio::spawn(async move { verify(&policy, &text).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic").as_deref(), Ok("u1"));
    }
    assert_eq!(publisher.asked(), 1);
}

#[tokio::test]
async fn keys_rotate_and_strangers_do_not_make_us_ask() {
    let (publisher, old, new) = (Publisher::new().await, Signer::new("old"), Signer::new("new"));
    publisher.publish(&[old.public()]);
    let policy = publisher.policy();
    let before = old.token(&claims());
    assert_eq!(verify(&policy, &before).await.as_deref(), Ok("u1"));
    publisher.publish(&[new.public()]);
    // Within the interval nobody is asked, and nothing is taken for known.
    assert_eq!(verify(&policy, &new.token(&claims())).await, Err("jwt-unknown-key"));
    assert_eq!(publisher.asked(), 1);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(verify(&policy, &new.token(&claims())).await.as_deref(), Ok("u1"));
    assert_eq!(publisher.asked(), 2);
    // What the old key verified is no longer believed.
    assert_eq!(policy.remembered(&before, at(NOW)), None);
    assert_eq!(verify(&policy, &before).await, Err("jwt-unknown-key"));
    // Names that nobody knows are asked for once.
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let stranger = Signer::new("stranger").token(&claims());
    assert_eq!(verify(&policy, &stranger).await, Err("jwt-unknown-key"));
    assert_eq!(publisher.asked(), 3);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    for _ in 0..5 {
        assert_eq!(verify(&policy, &stranger).await, Err("jwt-unknown-key"));
    }
    assert_eq!(publisher.asked(), 3);
}

#[tokio::test]
async fn keys_stay_when_a_fetch_fails_and_that_is_told() {
    let (publisher, signer) = (Publisher::new().await, Signer::new("a"));
    let told = Arc::new(StdMutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let look_ups =
        LookUps::new(move |text| tells.lock().expect("unpoisoned").push(text.to_owned()));
    let policy = publisher.policy_with(600, &look_ups);
    policy.warm().await;
    assert_eq!(verify(&policy, &signer.token(&claims())).await, Err("jwks-unavailable"));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    publisher.publish(&[signer.public()]);
    assert_eq!(verify(&policy, &signer.token(&claims())).await.as_deref(), Ok("u1"));
    for broken in [Some("{\"keys\":[]}".to_owned()), Some("x".repeat(300_000)), None] {
        *publisher.body.lock().expect("unpoisoned") = broken;
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        let stranger = Signer::new("stranger").token(&claims());
        assert_eq!(verify(&policy, &stranger).await, Err("jwt-unknown-key"));
        let good = signer.token(&with("jti", json!(publisher.asked())));
        assert_eq!(verify(&policy, &good).await.as_deref(), Ok("u1"));
    }
    // Once at the beginning of each trouble, and once at its end.
    let told = told.lock().expect("unpoisoned");
    let issuer = "https://idp.example";
    for (text, expected) in told.iter().zip([
        format!("the keys of {issuer} cannot be fetched"),
        format!("the keys of {issuer} can be fetched again"),
        format!("the keys of {issuer} cannot be fetched"),
    ]) {
        assert!(text.starts_with(&expected), "{told:?}");
    }
    assert_eq!(told.len(), 3);
    assert!(told[0].contains("500") && told[0].contains("refused"), "{told:?}");
    let mut registry = prometheus_client::registry::Registry::default();
    look_ups.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("encoded");
    for (outcome, count) in [("failed", 4), ("ok", 1)] {
        let line =
            format!("jwks_fetches_total{{issuer=\"{issuer}\",outcome=\"{outcome}\"}} {count}");
        assert!(text.contains(&line), "{line} in {text}");
    }
    assert!(text.contains("jwks_fetched_timestamp_seconds{issuer="), "{text}");
}

#[tokio::test]
async fn tokens_of_a_withdrawn_key_die_although_only_known_ones_come() {
    let (publisher, stolen, other) = (Publisher::new().await, Signer::new("a"), Signer::new("b"));
    publisher.publish(&[stolen.public(), other.public()]);
    let policy = publisher.policy_with(1, &LookUps::default());
    let text = stolen.token(&claims());
    assert_eq!(verify(&policy, &text).await.as_deref(), Ok("u1"));
    assert!(policy.remembered(&text, at(NOW)).is_some());
    publisher.publish(&[other.public()]);
    let mut is_known = true;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        is_known = policy.remembered(&text, at(NOW)).is_some();
        if !is_known {
            break;
        }
    }
    assert!(!is_known, "the keys were fetched {} times", publisher.asked());
    assert_eq!(verify(&policy, &text).await, Err("jwt-unknown-key"));
}
