//! The phases, as whoever implements them sees them.

use std::sync::{Arc, Mutex};

use bartizan_gateway::{
    Call, Finished, Gateway, Handover, Policies, Running,
    phases::{BodyView, Reply, Step},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, request, response};

use crate::harness::{Client, Reply as Answer, Upstream, config_with, until};

/// Notes what it is asked and replies in the phase that the path names.
#[derive(Default)]
struct Noting(Mutex<Vec<String>>);

impl Noting {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn step(&self, phase: &str, call: &mut Call, path: &str) -> Step<'static> {
        self.note(phase);
        call.extensions().insert(path.to_owned());
        let deny = || Reply::problem(StatusCode::FORBIDDEN, "denied", "not today");
        match path {
            path if path == format!("/{phase}") => Step::Reply(Box::new(deny())),
            path if path == format!("/later/{phase}") => Step::Later(Box::pin(async move {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                Some(Box::new(deny()))
            })),
            _ => Step::Continue,
        }
    }
}

impl Policies for Noting {
    fn request_filter<'a>(&'a self, call: &'a mut Call, request: &'a request::Parts) -> Step<'a> {
        call.to_upstream().set(HeaderName::from_static("x-added"), HeaderValue::from_static("1"));
        call.to_upstream().remove(HeaderName::from_static("x-gone"));
        call.to_upstream().set(http::header::CONTENT_LENGTH, HeaderValue::from_static("99"));
        call.to_client().remove(HeaderName::from_static("server"));
        let path = request.uri.path().to_owned();
        self.step("request_filter", call, &path)
    }

    fn request_body<'a>(
        &'a self,
        call: &'a mut Call,
        request: &'a request::Parts,
        body: BodyView<'a>,
    ) -> Step<'a> {
        if let BodyView::Whole(bytes) = body {
            self.note(format!("body {}", bytes.len()));
        }
        let path = request.uri.path().to_owned();
        self.step("request_body", call, &path)
    }

    fn upstream_peer(&self, _: &Call, request: &request::Parts) -> Option<&str> {
        (request.uri.path() == "/elsewhere").then_some("elsewhere")
    }

    fn response_filter<'a>(&'a self, call: &'a mut Call, _: &'a response::Parts) -> Step<'a> {
        let path = call.extensions().get::<String>().unwrap().clone();
        self.step("response_filter", call, &path)
    }

    fn response_body<'a>(
        &'a self,
        call: &'a mut Call,
        _: &'a response::Parts,
        _: BodyView<'a>,
    ) -> Step<'a> {
        let path = call.extensions().get::<String>().unwrap().clone();
        self.step("response_body", call, &path)
    }

    fn logging(&self, finished: &Finished) {
        self.note(format!("logging {}", finished.call().outcome().code()));
    }
}

async fn start(upstream: &Upstream) -> (Running, Arc<Noting>) {
    let noting = Arc::new(Noting::default());
    let config = config_with(upstream, |_| {});
    let running = Gateway::start(&config, noting.clone(), Handover::none()).await.unwrap();
    (running, noting)
}

#[tokio::test]
async fn phases_come_in_order_and_edit_fields() {
    let upstream = Upstream::new(|_| {
        Answer::bytes("HTTP/1.1 200 OK\r\nserver: secret\r\ncontent-length: 2\r\n\r\nok")
    })
    .await;
    let (running, noting) = start(&upstream).await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nX-Gone: 1\r\nContent-Length: 3\r\n\r\nabc";
    let response = Client::ask(running.addresses()[0], request).await;
    assert_eq!((response.status, response.field("server")), (200, None));
    let seen = upstream.only();
    assert_eq!((seen.field("x-added"), seen.field("x-gone")), (Some("1"), None));
    assert_eq!(seen.all("content-length"), ["3"], "framing is not a policy's business");
    until("logged", || noting.0.lock().unwrap().len() == 6).await;
    assert_eq!(
        *noting.0.lock().unwrap(),
        [
            "request_filter",
            "body 3",
            "request_body",
            "response_filter",
            "response_body",
            "logging answered"
        ]
    );
}

#[tokio::test]
async fn every_phase_can_reply_at_once_or_later() {
    let upstream = Upstream::ok().await;
    let (running, noting) = start(&upstream).await;
    for (at, phase) in
        ["request_filter", "request_body", "response_filter", "response_body"].iter().enumerate()
    {
        for prefix in ["", "/later"] {
            let before = upstream.seen().len();
            let request = format!(
                "POST {prefix}/{phase} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            );
            let response = Client::ask(running.addresses()[0], request).await;
            assert_eq!(response.status, 403, "{prefix}/{phase}");
            assert!(
                response.text().contains("\"code\":\"denied\"")
                    && response.text().contains("not today")
            );
            assert_eq!(upstream.seen().len() - before, usize::from(at >= 2), "{phase}");
        }
    }
    until("logged", || {
        noting.0.lock().unwrap().iter().filter(|note| *note == "logging denied").count() == 8
    })
    .await;
}

/// A client that waits for 100 Continue is answered before it sends a body.
#[tokio::test]
async fn a_refused_client_is_not_told_to_continue() {
    let upstream = Upstream::ok().await;
    let (running, _) = start(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client
        .send("POST /request_filter HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_policy_may_choose_the_service() {
    let (upstream, other) = (Upstream::ok().await, Upstream::ok().await);
    let noting = Arc::new(Noting::default());
    let config = config_with(&upstream, |config| {
        let mut service = bartizan_gateway::config::Service::to(other.address.to_string());
        service.name = "elsewhere".to_owned();
        service.hosts = vec!["nobody".to_owned()];
        config.services.push(service);
    });
    let running = Gateway::start(&config, noting, Handover::none()).await.unwrap();
    for path in ["/", "/elsewhere"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
    }
    assert_eq!((upstream.seen().len(), other.seen().len()), (1, 1));
}

#[tokio::test]
async fn replies_can_have_bodies_of_their_own() {
    struct Teapot;
    impl Policies for Teapot {
        fn request_filter<'a>(&'a self, _: &'a mut Call, _: &'a request::Parts) -> Step<'a> {
            let text = HeaderValue::from_static("text/plain");
            let body = Bytes::from_static(b"short and stout");
            Step::Reply(Box::new(Reply::body(StatusCode::IM_A_TEAPOT, "teapot", text, body)))
        }
    }
    let upstream = Upstream::ok().await;
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, Arc::new(Teapot), Handover::none()).await.unwrap();
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((response.status, response.text()), (418, "short and stout"));
    assert_eq!(response.field("content-type"), Some("text/plain"));
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response_to("HEAD").await.field("content-length"), Some("15"));
}
