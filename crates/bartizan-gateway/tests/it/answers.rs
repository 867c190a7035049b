//! Answers that are not what the upstream answered.

use std::sync::Arc;

use bartizan_gateway::{
    Call, Gateway, Handover, Policies, handover,
    phases::{BodyView, Step},
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;
use bytes::Bytes;
use http::response;

use crate::harness::{Client, Reply, Response, Upstream, config_with};

const TRACE: &str = r#"{"error":"x\n\tat com.example.Orders.find(Orders.java:7)"}"#;

pub(crate) fn answer(head: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::bytes(format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
}

pub(crate) async fn ask(
    upstream: &Upstream,
    policies: Arc<dyn Policies>,
    handover: Handover,
) -> Response {
    let config = config_with(upstream, |_| {});
    let running = Gateway::start(&config, policies, handover).await.unwrap();
    Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await
}

#[tokio::test]
async fn what_is_withheld_from_the_client_is_handed_over() {
    for (mode, status, is_withheld) in
        [("enforce", 500, true), ("monitor", 500, false), ("enforce", 200, false)]
    {
        let upstream = Upstream::new(move |_| {
            answer(&format!("{status} X\r\ncontent-type: application/json\r\nx-kept: 1"), TRACE)
        })
        .await;
        let text = format!("[{{name: no-traces, mode: {mode}, leak: {{}}}}]");
        let policies: Vec<PolicyConfig> = serde_saphyr::from_str(&text).unwrap();
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Enforcement::new(&policies, surroundings).unwrap();
        let (handover, mut received) = handover::channel(100, 1 << 20);
        let response = ask(&upstream, Arc::new(enforcement), handover).await;
        assert_eq!(response.status, status, "{mode}");
        assert_eq!(response.text().contains("Orders.java"), !is_withheld, "{mode}");
        assert_eq!(response.text().contains("answer-withheld"), is_withheld, "{mode}");
        let seen = received.recv().await.unwrap().into_exchange().unwrap();
        let original = seen.response.unwrap();
        assert_eq!(
            (original.status, original.body),
            (status, Bytes::from_static(TRACE.as_bytes()))
        );
        assert_eq!(original.headers.get("x-kept"), Some("1"));
        assert_eq!(seen.policies.len(), usize::from(status == 500), "{mode}");
    }
}

#[tokio::test]
async fn refused_answers_get_the_fields_of_other_answers() {
    let policies = "
- {name: no-traces, mode: enforce, leak: {}}
- {name: pages, mode: enforce, cors: {origins: ['https://app.example.com'], credentials: true}}
- {name: fields, mode: enforce, headers: {set: {x-added: '1'}}}
- {name: only-seen, mode: monitor, headers: {set: {x-monitored: '1'}}}
";
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(policies).unwrap();
    for origin in ["https://app.example.com", "https://evil.example.com"] {
        let upstream = Upstream::new(|_| {
            answer("500 X\r\ncontent-type: application/json\r\nx-kept: 1", TRACE)
        })
        .await;
        let surroundings = Surroundings::embedded(HashKey::new([7; 32]));
        let enforcement = Arc::new(Enforcement::new(&policies, surroundings).unwrap());
        let config = config_with(&upstream, |_| {});
        let running = Gateway::start(&config, enforcement, Handover::none()).await.unwrap();
        let request =
            format!("GET / HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nCookie: a=b\r\n\r\n");
        let response = Client::ask(running.addresses()[0], request).await;
        assert!(response.text().contains("answer-withheld"), "{origin}");
        let is_listed = origin.contains("app");
        let allowed = response.field("access-control-allow-origin");
        assert_eq!(allowed, is_listed.then_some(origin));
        assert_eq!(response.field("vary"), Some("Origin"));
        assert_eq!(response.field("x-added"), Some("1"));
        assert_eq!(response.field("x-monitored"), None);
        assert_eq!(response.field("cache-control"), Some("no-store"), "with a credential");
        assert_eq!(response.field("x-kept"), None, "of the upstream");
    }
}

/// Puts another body in the place of each answer's.
struct Masking;

impl Policies for Masking {
    fn response_body<'a>(
        &'a self,
        call: &'a mut Call,
        _: &'a response::Parts,
        _: BodyView<'a>,
    ) -> Step<'a> {
        call.replace_response_body(Bytes::from_static(b"masked"));
        Step::Continue
    }
}

#[tokio::test]
async fn a_body_can_be_replaced_unless_it_is_signed() {
    let about = "200 OK\r\netag: \"1\"\r\ncontent-md5: x";
    let signed = "200 OK\r\nsignature-input: a=()\r\nsignature: a=:AA==:";
    for (head, shown) in [(about, "masked"), (signed, "original text")] {
        let upstream = Upstream::new(move |_| answer(head, "original text")).await;
        let (handover, mut received) = handover::channel(100, 1 << 20);
        let response = ask(&upstream, Arc::new(Masking), handover).await;
        assert_eq!((response.text(), response.field("etag")), (shown, None));
        assert_eq!(response.field("content-md5"), None);
        assert_eq!(response.field("content-length"), Some(shown.len().to_string().as_str()));
        let seen = received.recv().await.unwrap().into_exchange().unwrap();
        assert_eq!(seen.response.unwrap().body, Bytes::from_static(b"original text"));
    }
}
