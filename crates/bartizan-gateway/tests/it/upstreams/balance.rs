//! Who is sent where: by hash, and to canaries.

use std::{collections::BTreeSet, sync::Arc};

use bartizan_gateway::{
    AllowAll, Running,
    config::{Balance, Canary, HashOn, HealthCheck},
};
use http::{HeaderName, HeaderValue};

use super::{SOON, ask, believe, named, nobody, shows};
use crate::harness::{Reply, Upstream, config_with, gateway_with, until};

async fn telling(name: &'static str) -> Upstream {
    Upstream::new(move |_| Reply::ok(name)).await
}

/// Who answers.
async fn who(running: &Running, address: &str, path: &str, field: &str) -> String {
    ask(running, address, path, field).await.text().to_owned()
}

#[tokio::test]
async fn the_same_value_is_answered_by_the_same_upstream() {
    let (a, b, c) = (telling("a").await, telling("b").await, telling("c").await);
    let kinds = [
        HashOn::Address,
        HashOn::Header(HeaderName::from_static("x-tenant")),
        HashOn::Cookie("sid".to_owned()),
        HashOn::Segment(2),
    ];
    for on in kinds {
        let running = gateway_with(&a, |config| {
            believe(config);
            config.services[0].upstreams.extend([named(&b), named(&c)]);
            config.services[0].balance = Balance::Hash(on.clone());
        })
        .await;
        let mut used = BTreeSet::new();
        for value in 1..=40 {
            let (mut address, mut path, mut field) =
                ("192.0.2.1".to_owned(), "/v1/x/y".to_owned(), String::new());
            match &on {
                HashOn::Address => address = format!("192.0.2.{value}"),
                HashOn::Header(_) => field = format!("X-Tenant: t{value}"),
                HashOn::Cookie(_) => field = format!("Cookie: a=1; sid=s{value}"),
                _ => path = format!("/v1/{value}/y"),
            }
            let first = who(&running, &address, &path, &field).await;
            for _ in 0..3 {
                assert_eq!(who(&running, &address, &path, &field).await, first, "{on:?} {value}");
            }
            used.insert(first);
        }
        assert_eq!(used.len(), 3, "{on:?}");
    }
}

#[tokio::test]
async fn when_its_upstream_is_away_a_value_is_answered_by_one_other() {
    let (a, b) = (telling("a").await, telling("b").await);
    let dead = nobody();
    let running = gateway_with(&a, |config| {
        config.services[0].upstreams.extend([named(&b), dead]);
        let on = HashOn::Header(HeaderName::from_static("x-tenant"));
        config.services[0].balance = Balance::Hash(on);
    })
    .await;
    for value in 0..20 {
        let field = format!("X-Tenant: {value}");
        let first = who(&running, "192.0.2.1", "/", &field).await;
        assert!(["a", "b"].contains(&first.as_str()));
        for _ in 0..3 {
            assert_eq!(who(&running, "192.0.2.1", "/", &field).await, first, "{value}");
        }
    }
}

fn canary(upstream: String, percent: u8) -> Canary {
    Canary {
        upstreams: vec![upstream],
        percent,
        by: HashOn::Header(HeaderName::from_static("x-user")),
        header: Some((HeaderName::from_static("x-new"), HeaderValue::from_static("on"))),
    }
}

#[tokio::test]
async fn a_part_of_the_callers_is_sent_to_the_canary_always_the_same() {
    let (old, new) = (telling("old").await, telling("new").await);
    let running = gateway_with(&old, |config| {
        believe(config);
        config.services[0].canary = Some(canary(named(&new), 30));
    })
    .await;
    let mut sent = 0;
    for user in 0..100 {
        let field = format!("X-User: {user}");
        let first = who(&running, "192.0.2.1", "/", &field).await;
        sent += usize::from(first == "new");
        // From wherever, for whatever.
        assert_eq!(who(&running, "192.0.2.77", "/other", &field).await, first, "{user}");
    }
    assert!((15..45).contains(&sent), "{sent} of 100");
    let line = format!("event=\"canary\"}} {}", 2 * sent);
    assert!(shows(&running, &line), "{}", running.metrics());
    let field = "X-User: 3\r\nX-New: on";
    assert_eq!(who(&running, "192.0.2.1", "/", field).await, "new");
    // A larger part holds the smaller one.
    let before: Vec<String> = fifty_users(&running).await;
    let config = config_with(&old, |config| {
        believe(config);
        config.services[0].canary = Some(canary(named(&new), 60));
    });
    running.reload(&config, Arc::new(AllowAll)).unwrap();
    let after = fifty_users(&running).await;
    for (before, after) in before.iter().zip(&after) {
        assert!(before == "old" || after == "new");
    }
    assert!(after.iter().filter(|who| *who == "new").count() > sent / 2);
}

async fn fifty_users(running: &Running) -> Vec<String> {
    let mut all = Vec::new();
    for user in 0..50 {
        all.push(who(running, "192.0.2.1", "/", &format!("X-User: {user}")).await);
    }
    all
}

#[tokio::test]
async fn a_canary_that_is_not_well_is_passed_over() {
    let old = telling("old").await;
    let dead = nobody();
    let running = gateway_with(&old, |config| {
        config.services[0].canary = Some(canary(dead.clone(), 100));
        config.services[0].health = Some(HealthCheck {
            path: "/".to_owned(),
            host: None,
            interval: SOON,
            timeout: SOON * 10,
            healthy_after: 1,
            unhealthy_after: 1,
            statuses: Vec::new(),
        });
    })
    .await;
    let line = format!("upstream=\"{dead}\",value=\"well\"}} 0");
    until("it is known", || shows(&running, &line)).await;
    assert_eq!(who(&running, "192.0.2.1", "/", "X-New: on").await, "old");
}
