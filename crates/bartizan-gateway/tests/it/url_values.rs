//! URLs in requests, before a service fetches them.

use std::sync::Arc;

use bartizan_gateway::{
    Gateway, Handover, Running,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;

use crate::harness::{Client, Response, Upstream, config_with};

async fn guarded(upstream: &Upstream, mode: &str, settings: &str) -> Running {
    let text = format!("[{{name: urls, mode: {mode}, url_values: {settings}}}]");
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&text).unwrap();
    let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
    let enforcement = Enforcement::new(&policies, surroundings).unwrap();
    let config = config_with(upstream, |config| {
        config.limits.request_body_bytes = 4_096;
        config.services[0].request_over = bartizan_gateway::config::OverLimit::Stream;
    });
    Gateway::start(&config, Arc::new(enforcement), Handover::none()).await.unwrap()
}

async fn post(running: &Running, target: &str, kind: &str, body: &str) -> Response {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Client::ask(running.addresses()[0], head).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn what_leads_inside_reaches_no_service() {
    let upstream = Upstream::ok().await;
    let running = guarded(&upstream, "enforce", "{}").await;
    for (target, kind, body) in [
        ("/", JSON, r#"{"url":"http://169.254.169.254/latest/meta-data"}"#),
        ("/", JSON, r#"{"url":"http:\/\/127.0.0.1\/"}"#),
        ("/", JSON, r#"{"url":"\u0068ttp://[::1]/"}"#),
        ("/", JSON, r#"{"deep":[{"er":{"url":"http://0177.0.0.1/"}}]}"#),
        ("/", "application/x-www-form-urlencoded", "url=http%3A%2F%2F2130706433%2F"),
        ("/", "application/xml", "<a><url>http://localhost/</url></a>"),
        ("/?u=http://a@10.0.0.1/", JSON, "{}"),
        ("/?u=%68ttp://127.1/", JSON, "{}"),
        ("/?u=%3Chttp://127.0.0.1/%3E", JSON, "{}"),
        ("/", JSON, r#"{"url":"url:http://127.0.0.1/"}"#),
        ("/", JSON, r#"{"url":"127.0.0.1:8080/x"}"#),
        ("/", "application/x-www-form-urlencoded", "url=localhost%3A8080%2Fx"),
        ("/", JSON, r#"{"urls":"https://partner.example/ http://127.0.0.1/"}"#),
    ] {
        let response = post(&running, target, kind, body).await;
        assert_eq!(response.status, 400, "{target} {body}");
        assert!(response.text().contains("url-refused"), "{}", response.text());
        assert!(!response.text().contains("127.0.0.1"), "the client is told little");
    }
    assert!(upstream.seen().is_empty());
    let body = r#"{"url":"https://partner.example/x","note":"as http://127.0.0.1 says"}"#;
    assert_eq!(post(&running, "/?page=2", JSON, body).await.status, 200);
    let get = "GET /?q=books HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], get).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_refused_unless_it_may_pass() {
    let long = format!(r#"{{"a":"{}","url":"http://127.0.0.1/"}}"#, "x".repeat(8_000));
    for (settings, expected) in [("{}", 415), ("{on_unreadable: pass}", 200)] {
        let upstream = Upstream::ok().await;
        let running = guarded(&upstream, "enforce", settings).await;
        assert_eq!(post(&running, "/", JSON, &long).await.status, expected, "{settings}");
        let broken = post(&running, "/", JSON, r#"{"url":"#).await;
        assert_eq!(broken.status, expected, "{settings}");
    }
}

#[tokio::test]
async fn watching_refuses_nothing() {
    let upstream = Upstream::ok().await;
    let running = guarded(&upstream, "monitor", "{at: ['body:/url']}").await;
    let body = r#"{"url":"http://127.0.0.1/"}"#;
    assert_eq!(post(&running, "/", JSON, body).await.status, 200);
    assert_eq!(upstream.seen().len(), 1);
}
