//! What may be done once, by clients that do everything at once, break off, and come back after a reload.

use std::{sync::Arc, time::Duration};

use bartizan_gateway::{
    Gateway, Handover,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::HashKey;
use tokio::task::JoinSet;

use super::{HASH_KEY, Limited, code, post};
use crate::harness::{Client, Reply, Upstream, config_with, until};

const FLOW: &str = "[{name: checkout, mode: enforce, flow: {by: address, steps: [
    {paths: [/cart], methods: [POST]}, {paths: [/order], methods: [POST]}]}}]";
const ONCE: &str = "[{name: once, mode: enforce, single_use: {members: [code]}}]";

/// Answers slowly, never, or with a failure, as the request asks for.
async fn upstream() -> Upstream {
    Upstream::new(|seen| {
        let answer = |status: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        match seen.field("x-do") {
            Some("nothing") => Reply::Silence,
            Some("wait") => {
                Reply::Slow(vec![(Duration::from_millis(300), answer("200 OK").into_bytes())])
            }
            Some(status) => Reply::bytes(answer(status)),
            None => Reply::bytes(answer("200 OK")),
        }
    })
    .await
}

fn step(path: &str, wanted: &str) -> String {
    post(path, wanted, "{}")
}

fn with_code(code: &str, wanted: &str) -> String {
    post("/redeem", wanted, &format!(r#"{{"code":"{code}"}}"#))
}

/// Sends something and goes away before the answer.
async fn break_off(limited: &Limited, request: &str) {
    let (before, aborted) = (limited.upstream.seen().len(), limited.aborted());
    let mut client = Client::connect(limited.address()).await;
    client.send(request).await;
    until("it is under way", || limited.upstream.seen().len() > before).await;
    drop(client);
    until("it has ended", || limited.aborted() > aborted).await;
}

impl Limited {
    fn aborted(&self) -> u64 {
        let metrics = self.gateway.metrics();
        let mut lines = metrics.lines().filter_map(|line| line.split_once("aborted_total "));
        lines.next().map_or(0, |(_, count)| count.parse().unwrap())
    }

    async fn answer(&self, request: &str) -> (u16, String) {
        let response = self.ask_from(1, request).await;
        let refused = response.field("content-type") == Some("application/problem+json");
        (response.status, if refused { code(&response) } else { String::new() })
    }
}

fn ok() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn of_last_steps_at_once_one_passes() {
    let limited = Arc::new(Limited::new(FLOW, upstream().await).await);
    assert_eq!(limited.answer(&step("/cart", "")).await, ok());
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let limited = Arc::clone(&limited);
        asking.spawn(async move { limited.answer(&step("/order", "x-do: wait\r\n")).await });
    }
    let answers = asking.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == ok()).count(), 1, "{answers:?}");
    // Those that come when it is over find nothing before them.
    let fine = [ok(), refused(409, "step-under-way"), refused(409, "step-missing")];
    assert!(answers.iter().all(|answer| fine.contains(answer)), "{answers:?}");
    assert_eq!(limited.answer(&step("/order", "")).await, refused(409, "step-missing"));
}

#[tokio::test]
async fn a_last_step_is_over_unless_it_failed() {
    let limited = Limited::new(FLOW, upstream().await).await;
    let cart = step("/cart", "");
    let missing = refused(409, "step-missing");
    assert_eq!(limited.answer(&cart).await, ok());
    assert_eq!(limited.answer(&step("/order", "x-do: 402 No\r\n")).await.0, 402);
    assert_eq!(limited.answer(&step("/order", "x-do: 303 See Other\r\n")).await.0, 303);
    assert_eq!(limited.answer(&step("/order", "")).await, missing, "a redirect is no failure");
    // Nobody knows what the upstream did.
    assert_eq!(limited.answer(&cart).await, ok());
    break_off(&limited, &step("/order", "x-do: nothing\r\n")).await;
    assert_eq!(limited.answer(&step("/order", "")).await, missing);
    // However its path is written.
    assert_eq!(limited.answer(&cart).await, ok());
    assert_eq!(limited.answer(&step("/x/../order", "")).await, ok());
    assert_eq!(limited.answer(&step("/x/../order", "")).await, missing);
}

#[tokio::test]
async fn a_value_is_used_up_unless_the_upstream_says_no() {
    let limited = Limited::new(ONCE, upstream().await).await;
    let used = refused(401, "used-before");
    for status in ["400 Bad Request", "503 Service Unavailable"] {
        let failed = with_code("a", &format!("x-do: {status}\r\n"));
        assert_eq!(limited.answer(&failed).await.0.to_string(), status[..3]);
    }
    assert_eq!(limited.answer(&with_code("a", "x-do: 302 Found\r\n")).await.0, 302);
    assert_eq!(limited.answer(&with_code("a", "")).await, used);
    break_off(&limited, &with_code("b", "x-do: nothing\r\n")).await;
    assert_eq!(limited.answer(&with_code("b", "")).await, used, "whoever breaks off has used it");
    // In the query, in another case, behind padding.
    assert_eq!(limited.answer(&post("/redeem?Code=b", "", "{}")).await, used);
    let padded = format!(r#"{{"pad":"{}","code":"b"}}"#, "x".repeat(200_000));
    assert_eq!(limited.answer(&post("/redeem", "", &padded)).await, refused(400, "not-readable"));
    let twice = post("/redeem?code=c", "", r#"{"code":"b"}"#);
    assert_eq!(limited.answer(&twice).await, refused(400, "ambiguous-member"));
}

#[tokio::test]
async fn what_never_reached_the_upstream_was_not_used() {
    let mut unreachable = Upstream::ok().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    unreachable.address = closed;
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(ONCE).unwrap();
    let around = Surroundings::embedded(HashKey::new(HASH_KEY));
    let enforcement = Enforcement::new(&policies, around).unwrap();
    let config = config_with(&unreachable, |_| {});
    let gateway = Gateway::start(&config, Arc::new(enforcement), Handover::none()).await.unwrap();
    for _ in 0..3 {
        let answer = Client::ask(gateway.addresses()[0], with_code("a", "")).await;
        assert_eq!((answer.status, code(&answer).as_str()), (502, "upstream-unreachable"));
    }
}

#[tokio::test]
async fn a_value_under_way_is_known_after_a_reload() {
    let limited = Limited::new(ONCE, upstream().await).await;
    let mut waiting = Client::connect(limited.address()).await;
    waiting.send(with_code("a", "x-do: wait\r\n")).await;
    until("it is under way", || limited.upstream.seen().len() == 1).await;
    let policies: Vec<PolicyConfig> = serde_saphyr::from_str(ONCE).unwrap();
    let next = Arc::new(limited.enforcement.successor(&policies).unwrap());
    limited.gateway.reload(&config_with(&limited.upstream, |_| {}), next).unwrap();
    assert_eq!(limited.answer(&with_code("a", "")).await, refused(409, "in-use"));
    assert_eq!(waiting.response().await.status, 200);
    assert_eq!(limited.answer(&with_code("a", "")).await, refused(401, "used-before"));
}
