//! Upstreams that fail are left alone, and nobody alone can bring that about; retries have a budget.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bartizan_gateway::{
    Running,
    config::{Breaker, RetryBudget},
};

use super::{ask, believe, shows};
use crate::harness::{Client, Reply, Upstream, gateway_with, until};

fn breaker() -> Breaker {
    Breaker {
        failures_percent: 50,
        slow: None,
        window: Duration::from_secs(60),
        least: 10,
        pause: Duration::from_millis(300),
        trials: 2,
        counts_each_client: false,
    }
}

async fn guarded(upstream: &Upstream) -> Running {
    gateway_with(upstream, |config| {
        believe(config);
        config.services[0].breaker = Some(breaker());
    })
    .await
}

const OPENED: &str = "service_events_total{service=\"default\",event=\"breaker_opened\"} 1";

#[tokio::test]
async fn one_that_fails_for_several_clients_is_left_alone_and_tried_again() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let known = Arc::clone(&is_broken);
    let upstream = Upstream::new(move |_| match known.load(SeqCst) {
        true => Reply::bytes("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
        false => Reply::ok("ok"),
    })
    .await;
    let running = guarded(&upstream).await;
    for client in 1..=10 {
        let response = ask(&running, &format!("192.0.2.{client}"), "/", "").await;
        assert_eq!(response.status, 500, "{client}");
    }
    assert!(shows(&running, OPENED), "{}", running.metrics());
    let response = ask(&running, "192.0.2.99", "/", "").await;
    assert_eq!(response.status, 503);
    assert!(response.text().contains("upstream-left-alone"), "{}", response.text());
    assert_eq!(response.field("retry-after"), Some("1"));
    assert_eq!(upstream.seen().len(), 10);
    is_broken.store(false, SeqCst);
    tokio::time::sleep(Duration::from_millis(350)).await;
    for client in 1..=20 {
        let response = ask(&running, &format!("192.0.2.{client}"), "/", "").await;
        assert_eq!(response.text(), "ok", "{client}");
    }
}

#[tokio::test]
async fn one_client_takes_an_upstream_from_nobody() {
    let upstream = Upstream::new(|seen| match seen.line() {
        line if line.contains("/silent") => Reply::Silence,
        line if line.contains("/broken") => Reply::Close,
        line if line.contains("/failing") => {
            Reply::bytes("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
        }
        line if line.contains("/refused") => {
            Reply::bytes("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")
        }
        _ => Reply::ok("ok"),
    })
    .await;
    let running = guarded(&upstream).await;
    for _ in 0..40 {
        assert_eq!(ask(&running, "192.0.2.1", "/failing", "").await.status, 500);
    }
    for _ in 0..10 {
        assert_eq!(ask(&running, "192.0.2.1", "/broken", "").await.status, 502);
    }
    for client in 1..=40 {
        assert_eq!(ask(&running, &format!("192.0.2.{client}"), "/refused", "").await.status, 403);
    }
    for client in 1..=40 {
        let before = upstream.seen().len();
        let mut aborting = Client::connect(running.addresses()[0]).await;
        let head = format!(
            "GET /silent HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.{client}\r\n\r\n"
        );
        aborting.send(head).await;
        until("it is under way", || upstream.seen().len() > before).await;
    }
    until("all went away", || running.connections() == 0).await;
    assert!(!shows(&running, OPENED));
    assert_eq!(ask(&running, "203.0.113.1", "/", "").await.text(), "ok");
}

/// One customer of a provider has 65,536 networks (/64), and whoever has one address easily gets another.
#[tokio::test]
async fn a_few_addresses_take_an_upstream_from_nobody() {
    let upstream = Upstream::new(|seen| match seen.line().contains("/failing") {
        true => Reply::bytes("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
        false => Reply::ok("ok"),
    })
    .await;
    let running = guarded(&upstream).await;
    for count in 1..=40 {
        let customer = format!("2001:db8:1:{count:x}::1");
        assert_eq!(ask(&running, &customer, "/failing", "").await.status, 500, "{count}");
        let other = ask(&running, "192.0.2.1", "/failing", "").await;
        assert_eq!(other.status, 500, "{count}");
    }
    assert!(!shows(&running, OPENED), "{}", running.metrics());
    for client in 1..=4 {
        assert_eq!(ask(&running, &format!("203.0.113.{client}"), "/", "").await.text(), "ok");
    }
    for _ in 0..40 {
        assert_eq!(ask(&running, "192.0.2.2", "/failing", "").await.status, 500);
    }
    assert!(!shows(&running, OPENED), "three among seven");
}

#[tokio::test]
async fn the_others_are_asked_while_one_is_left_alone() {
    let good = Upstream::ok().await;
    let bad = Upstream::new(|_| Reply::bytes("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")).await;
    let running = gateway_with(&good, |config| {
        believe(config);
        config.services[0].upstreams.push(bad.address.to_string());
        let pause = Duration::from_secs(60);
        config.services[0].breaker = Some(Breaker { pause, ..breaker() });
    })
    .await;
    for client in 1..=40 {
        ask(&running, &format!("192.0.2.{client}"), "/", "").await;
    }
    assert!(shows(&running, OPENED));
    let before = bad.seen().len();
    assert!((10..20).contains(&before), "{before}");
    for client in 1..=20 {
        assert_eq!(ask(&running, &format!("192.0.2.{client}"), "/", "").await.status, 200);
    }
    assert_eq!(bad.seen().len(), before);
}

#[tokio::test]
async fn what_was_sent_is_sent_again_within_the_budget_only() {
    for (least, seen) in [(0, 6), (4, 10), (100, 12)] {
        let upstream = Upstream::new(|_| Reply::Close).await;
        let running = gateway_with(&upstream, |config| {
            config.services[0].retry_budget = RetryBudget { percent: 0, least };
        })
        .await;
        for _ in 0..6 {
            assert_eq!(ask(&running, "192.0.2.1", "/", "").await.status, 502);
        }
        assert_eq!(upstream.seen().len(), seen, "{least}");
        let withheld = "service_events_total{service=\"default\",event=\"retry_withheld\"}";
        let line = format!("{withheld} {}", 12 - seen);
        assert!(shows(&running, &line), "{}", running.metrics());
    }
}
