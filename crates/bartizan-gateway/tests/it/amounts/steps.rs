//! Challenges and flows.

use std::time::Duration;

use super::{Limited, code};
use crate::harness::{Reply, Upstream};

#[tokio::test]
async fn a_challenge_is_solved_once_for_one_path() {
    let policies = "[{name: work, mode: enforce, scope: {paths: [/v1/**]}, challenge: {bits: 8}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    assert_eq!(limited.ask("GET /open HTTP/1.1").await.status, 200);
    let asked = limited.ask("GET /v1/a HTTP/1.1").await;
    assert_eq!((asked.status, code(&asked).as_str()), (403, "challenge-required"));
    let solved = super::logins::solution(&asked);
    let solved = solved.trim_end();
    let elsewhere = limited.ask(&format!("GET /v1/b HTTP/1.1\r\n{solved}")).await;
    assert_eq!(elsewhere.status, 403, "for another path");
    let here = format!("GET /v1/a?x=1 HTTP/1.1\r\n{solved}");
    assert_eq!(limited.ask(&here).await.status, 200);
    assert_eq!(limited.ask(&here).await.status, 403, "once");
    assert_eq!(limited.upstream.seen().len(), 2);
}

#[tokio::test]
async fn steps_come_in_order_and_not_too_soon() {
    let policies =
        "[{name: checkout, mode: enforce, flow: {by: address, within_seconds: 60, steps: [
        {paths: [/cart], methods: [POST]}, {paths: [/pay], methods: [POST], minimum_seconds: 1},
        {paths: [/order], methods: [POST]}]}}]";
    let upstream = Upstream::new(|seen| match seen.field("x-fail") {
        Some(_) => Reply::bytes("HTTP/1.1 402 Payment Required\r\ncontent-length: 0\r\n\r\n"),
        None => Reply::ok("ok"),
    });
    let limited = Limited::new(policies, upstream.await).await;
    let step = |path: &'static str, more: &'static str| {
        let limited = &limited;
        async move {
            let head = format!("POST {path} HTTP/1.1\r\ncontent-length: 0{more}");
            let answer = limited.ask(&head).await;
            let code = if answer.status >= 400 && answer.status != 402 {
                code(&answer)
            } else {
                String::new()
            };
            (answer.status, code)
        }
    };
    let ok = || (200, String::new());
    let missing = || (409, "step-missing".to_owned());
    assert_eq!(step("/order", "").await, missing());
    assert_eq!(step("/pay", "").await, missing());
    assert_eq!(step("/cart", "\r\nx-fail: 1").await.0, 402);
    assert_eq!(step("/pay", "").await, missing(), "a step that failed is none");
    assert_eq!(step("/cart", "").await, ok());
    assert_eq!(step("/order", "").await, missing(), "one is left out");
    assert_eq!(step("/pay", "").await, (429, "step-too-soon".to_owned()));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for path in ["/%70ay", "/x/../pay"] {
        assert_eq!(step(path, "").await, ok(), "{path}");
        assert_eq!(step("/order", "").await, missing(), "it only may have been the step");
    }
    assert_eq!(step("/pay", "").await, ok());
    assert_eq!(step("/order", "").await, ok());
    assert_eq!(step("/order", "").await, missing(), "all has to be gone through again");
    assert_eq!(step("/pay", "").await, missing());
    assert_eq!(step("/other", "").await, ok());
}
