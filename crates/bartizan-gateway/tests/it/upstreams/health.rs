//! Checks that no client has a hand in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bartizan_gateway::{AllowAll, Config, config::HealthCheck};

use super::{SOON, ask, named, nobody, shows};
use crate::harness::{Client, Reply, Upstream, config_with, gateway_with, until};

fn check() -> HealthCheck {
    HealthCheck {
        path: "/healthz".to_owned(),
        host: None,
        interval: SOON,
        timeout: Duration::from_millis(200),
        healthy_after: 2,
        unhealthy_after: 2,
        statuses: Vec::new(),
    }
}

/// Answers everything but checks, and those while it is well.
async fn moody() -> (Upstream, Arc<AtomicBool>) {
    let is_well = Arc::new(AtomicBool::new(true));
    let known = Arc::clone(&is_well);
    let upstream = Upstream::new(move |seen| match seen.line().contains("/healthz") {
        true if !known.load(SeqCst) => Reply::bytes("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"),
        _ => Reply::ok("moody"),
    });
    (upstream.await, is_well)
}

fn asked(upstream: &Upstream) -> usize {
    upstream.seen().iter().filter(|seen| !seen.line().contains("/healthz")).count()
}

#[tokio::test]
async fn one_that_fails_checks_is_left_out_until_it_is_well_again() {
    let good = Upstream::ok().await;
    let (moody, is_well) = moody().await;
    let address = named(&moody);
    let change = |config: &mut Config| {
        config.services[0].upstreams.push(address.clone());
        config.services[0].health = Some(check());
    };
    let running = gateway_with(&good, change).await;
    let well = |well: u8| {
        format!(
            "service_upstream{{service=\"default\",upstream=\"{address}\",value=\"well\"}} {well}"
        )
    };
    until("it is checked", || moody.seen().len() > 2).await;
    let seen = moody.seen();
    assert_eq!(seen[0].line(), "GET /healthz HTTP/1.1");
    assert_eq!(seen[0].field("host"), Some(address.as_str()));
    assert_eq!(seen[0].field("user-agent"), Some("bartizan-health"));
    assert!(shows(&running, &well(1)), "{}", running.metrics());
    is_well.store(false, SeqCst);
    until("it is left out", || shows(&running, &well(0))).await;
    let before = asked(&moody);
    for _ in 0..10 {
        assert_eq!(ask(&running, "192.0.2.1", "/", "").await.text(), "ok");
    }
    assert_eq!(asked(&moody), before);
    // What is known stays known over a reload.
    running.reload(&config_with(&good, change), Arc::new(AllowAll)).unwrap();
    assert!(shows(&running, &well(0)));
    is_well.store(true, SeqCst);
    until("it is asked again", || shows(&running, &well(1))).await;
    for _ in 0..4 {
        ask(&running, "192.0.2.1", "/", "").await;
    }
    assert!(asked(&moody) > before);
}

#[tokio::test]
async fn when_none_is_well_all_are_asked() {
    let (moody, is_well) = moody().await;
    is_well.store(false, SeqCst);
    let dead = nobody();
    let running = gateway_with(&moody, |config| {
        config.services[0].upstreams.push(dead.clone());
        config.services[0].health = Some(check());
    })
    .await;
    for address in [named(&moody), dead] {
        let value = "value=\"well\"} 0";
        let line = format!("upstream=\"{address}\",{value}");
        until("it is left out", || shows(&running, &line)).await;
    }
    assert_eq!(ask(&running, "192.0.2.1", "/", "").await.text(), "moody");
}

#[tokio::test]
async fn other_statuses_can_be_expected_and_silence_is_a_failure() {
    let other =
        Upstream::new(|_| Reply::bytes("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")).await;
    let silent = Upstream::new(|_| Reply::Silence).await;
    let running = gateway_with(&other, |config| {
        config.services[0].upstreams.push(named(&silent));
        config.services[0].health = Some(HealthCheck { statuses: vec![204, 404], ..check() });
    })
    .await;
    let line = |upstream: &Upstream, well: u8| {
        format!("upstream=\"{}\",value=\"well\"}} {well}", upstream.address)
    };
    until("silence is noticed", || shows(&running, &line(&silent, 0))).await;
    assert!(shows(&running, &line(&other, 1)));
}

#[tokio::test]
async fn checks_are_within_the_limits_of_the_latest_configuration() {
    let upstream = Upstream::new(|seen| match seen.line().contains("/healthz") {
        true => Reply::ok("ok"),
        false => Reply::Silence,
    });
    let upstream = upstream.await;
    let with = |most: usize| {
        move |config: &mut Config| {
            config.services[0].health = Some(check());
            config.limits.upstream_connections = most;
        }
    };
    let running = gateway_with(&upstream, with(1)).await;
    // Now and then a check has the only connection.
    let mut clients = Vec::new();
    while asked(&upstream) == 0 && clients.len() < 200 {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        clients.push(client);
        tokio::time::sleep(SOON).await;
    }
    assert!(asked(&upstream) > 0, "one of them has it now");
    tokio::time::sleep(SOON * 5).await;
    let before = upstream.seen().len();
    tokio::time::sleep(SOON * 10).await;
    assert_eq!(upstream.seen().len(), before, "there is none left for checks");
    running.reload(&config_with(&upstream, with(10)), Arc::new(AllowAll)).unwrap();
    until("it is checked again", || upstream.seen().len() > before + 1).await;
}

#[tokio::test]
async fn checks_end_with_their_configuration() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.services[0].health = Some(check())).await;
    until("it is checked", || upstream.seen().len() > 1).await;
    running.reload(&config_with(&upstream, |_| {}), Arc::new(AllowAll)).unwrap();
    tokio::time::sleep(SOON * 10).await;
    let before = upstream.seen().len();
    tokio::time::sleep(SOON * 10).await;
    assert_eq!(upstream.seen().len(), before);
}
