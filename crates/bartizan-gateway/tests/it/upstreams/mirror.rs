//! Copies that nobody waits for.

use std::{sync::Arc, time::Duration};

use bartizan_gateway::{
    Call, Gateway, Handover, Policies, Running,
    config::Mirror,
    phases::{self, Step},
};
use http::{StatusCode, request};

use super::{named, shows};
use crate::harness::{Client, Reply, Upstream, config_with, gateway_with, until};

fn mirror(upstream: &Upstream) -> Mirror {
    Mirror {
        upstreams: vec![named(upstream)],
        percent: 100,
        writes: false,
        waiting: 100,
        at_once: 10,
        timeout: Duration::from_secs(5),
    }
}

async fn mirrored(main: &Upstream, mirror: Mirror) -> Running {
    gateway_with(main, |config| config.services[0].mirror = Some(mirror)).await
}

async fn send(running: &Running, method: &str, path: &str) -> u16 {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nX-Bartizan-Mirror: 1\r\nContent-Length: 3\r\n\r\nabc"
    );
    Client::ask(running.addresses()[0], head).await.status
}

#[tokio::test]
async fn copies_are_marked_and_their_answers_are_seen_by_nobody() {
    let main = Upstream::ok().await;
    let other =
        Upstream::new(|_| Reply::bytes("HTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\nbad")).await;
    let running = mirrored(&main, mirror(&other)).await;
    for path in ["/1", "/2", "/3"] {
        assert_eq!(send(&running, "GET", path).await, 200);
    }
    assert_eq!(send(&running, "POST", "/4").await, 200);
    until("the copies are there", || other.seen().len() == 3).await;
    for (copy, original) in other.seen().iter().zip(main.seen()) {
        assert_eq!((copy.field("host"), &copy.body), (Some("a"), &b"abc".to_vec()));
        assert_eq!(copy.all("x-bartizan-mirror"), ["1"]);
        assert_eq!(original.field("x-bartizan-mirror"), None, "no client marks its own");
        assert!(copy.field("x-request-id").is_some());
    }
    assert_eq!(main.seen().len(), 4);
    let writes = mirrored(&main, Mirror { writes: true, ..mirror(&other) }).await;
    assert_eq!(send(&writes, "POST", "/5").await, 200);
    until("the copy is there", || other.seen().len() == 4).await;
    assert_eq!(other.seen()[3].line(), "POST /5 HTTP/1.1");
}

/// A framework behind the mirror may execute them as the method that they name.
#[tokio::test]
async fn what_may_change_something_under_another_name_is_not_copied() {
    let (main, other) = (Upstream::ok().await, Upstream::ok().await);
    let running = mirrored(&main, mirror(&other)).await;
    for (path, field, body) in [
        ("/1?_method=DELETE", "X-A: 1", "abc"),
        ("/2?%5fmethod=delete", "X-A: 1", "abc"),
        ("/3", "X-HTTP-Method-Override: DELETE", "abc"),
        ("/4", "X-HTTP-Method: PUT", "abc"),
        ("/5", "Content-Type: application/x-www-form-urlencoded", "a=1&_method=DELETE"),
        ("/6", "Content-Encoding: gzip", "abc"),
        ("/last?method=DELETE", "X-HTTP-Method-Override: HEAD", "abc"),
    ] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\n{field}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(Client::ask(running.addresses()[0], head).await.status, 200, "{path}");
    }
    until("the copy is there", || !other.seen().is_empty()).await;
    assert_eq!(main.seen().len(), 7);
    assert_eq!(other.only().line(), "GET /last?method=DELETE HTTP/1.1");
}

#[tokio::test]
async fn a_mirror_that_hangs_holds_up_nobody_and_loses_copies() {
    let main = Upstream::ok().await;
    let silent = Upstream::new(|_| Reply::Silence).await;
    let mirror =
        Mirror { waiting: 1, at_once: 1, timeout: Duration::from_secs(60), ..mirror(&silent) };
    let running = mirrored(&main, mirror).await;
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(send(&running, "GET", "/").await, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(silent.seen().len() <= 1, "one at a time");
    let metrics = running.metrics();
    let count = |event: &str| -> u32 {
        let start = format!(
            "bartizan_gateway_service_events_total{{service=\"default\",event=\"{event}\"}} "
        );
        let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(&start));
        lines.next().unwrap().parse().unwrap()
    };
    let (taken, dropped) = (count("mirrored"), count("mirror_dropped_queue_full"));
    assert_eq!(taken + dropped, 20);
    assert!(taken <= 3, "one under way, one that waits for it, one in the queue: {taken}");
}

#[tokio::test]
async fn a_mirror_that_is_away_is_counted_only() {
    let main = Upstream::ok().await;
    let other = Upstream::ok().await;
    let away = Mirror { upstreams: vec![super::nobody()], ..mirror(&other) };
    let running = mirrored(&main, away).await;
    for _ in 0..5 {
        assert_eq!(send(&running, "GET", "/").await, 200);
    }
    until("they are counted", || shows(&running, "event=\"mirror_failed\"} 5")).await;
    let tenth = mirrored(&main, Mirror { percent: 10, ..mirror(&other) }).await;
    for _ in 0..50 {
        assert_eq!(send(&tenth, "GET", "/").await, 200);
    }
    until("each tenth is copied", || shows(&tenth, "event=\"mirrored\"} 5")).await;
}

/// Lets only what is wanted pass, by its body.
struct NoSecrets;

impl Policies for NoSecrets {
    fn request_body<'a>(
        &'a self,
        _: &'a mut Call,
        head: &'a request::Parts,
        _: phases::BodyView<'a>,
    ) -> Step<'a> {
        match head.uri.path() {
            "/secret" => {
                Step::Reply(Box::new(phases::Reply::problem(StatusCode::FORBIDDEN, "no", "no")))
            }
            _ => Step::Continue,
        }
    }
}

#[tokio::test]
async fn what_a_policy_refuses_is_not_copied() {
    let (main, other) = (Upstream::ok().await, Upstream::ok().await);
    let config = config_with(&main, |config| config.services[0].mirror = Some(mirror(&other)));
    let running = Gateway::start(&config, Arc::new(NoSecrets), Handover::none()).await.unwrap();
    assert_eq!(send(&running, "GET", "/secret").await, 403);
    assert_eq!(send(&running, "GET", "/public").await, 200);
    until("the copy is there", || !other.seen().is_empty()).await;
    assert_eq!(other.only().line(), "GET /public HTTP/1.1");
}
