//! Rates, bytes, quotas, pages.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bartizan_gateway::policy::{QuotaLedger, Surroundings};
use bartizan_model::{
    HashKey, KeyedHash, QuotaPeriod, QuotaStore, Reserved, Timestamp, Unused, api_key::Later,
};

use super::{HASH_KEY, Limited, code, with_key};
use crate::harness::{Reply, Upstream};

#[tokio::test]
async fn all_rates_of_a_policy_have_to_have_room() {
    let policies = "[{name: few, mode: enforce, rate: {requests: 5, period_seconds: 100,
                       also: [{requests: 2, period_seconds: 1}]}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    let first = limited.ask("GET / HTTP/1.1").await;
    assert_eq!(first.field("ratelimit-policy"), Some("\"few\";q=5;w=100, \"few.2\";q=2;w=1"));
    assert_eq!(first.field("ratelimit"), Some("\"few\";r=4;t=20, \"few.2\";r=1;t=1"));
    assert_eq!(first.field("x-ratelimit-limit"), Some("2"), "the tightest");
    // Whatever is refused by the burst costs nothing of the sustained rate.
    let mut passed = 1;
    for _ in 0..30 {
        passed += u32::from(limited.ask("GET / HTTP/1.1").await.status == 200);
    }
    assert!((2..=5).contains(&passed), "{passed}");
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        passed += u32::from(limited.ask("GET / HTTP/1.1").await.status == 200);
    }
    assert_eq!(passed, 5);
}

#[tokio::test]
async fn a_path_is_one_however_it_is_written() {
    let policies =
        "[{name: one, mode: enforce, rate: {requests: 2, period_seconds: 1000, each: resource,
                       algorithm: sliding_window}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    for (path, status) in [
        ("/a", 200),
        ("/%61", 200),
        ("/a?x=1", 429),
        ("/b/../a", 429),
        ("//a", 400),
        ("/a;x=1", 429),
        ("/b", 200),
    ] {
        let answer = limited.ask(&format!("GET {path} HTTP/1.1")).await;
        assert_eq!(answer.status, status, "{path}");
    }
    // Another path in a field is no way to a counter of one's own.
    let other = |n: u32| format!("GET /c{n} HTTP/1.1\r\nx-original-url: /a");
    let statuses = [limited.ask(&other(1)).await, limited.ask(&other(2)).await];
    assert_eq!(statuses.map(|answer| answer.status), [200, 200]);
    assert_eq!(limited.ask(&other(3)).await.status, 429);
}

#[tokio::test]
async fn tiers_go_by_what_was_verified() {
    let policies = "[{name: keys, mode: enforce, api_key: {}},
        {name: users, mode: enforce, rate: {requests: 2, period_seconds: 1000, by: principal,
          anonymous: pass, tiers: [{with: {scopes: [premium]}, requests: 4, period_seconds: 1000}]}}]";
    for (scopes, most) in [(&["premium"][..], 4), (&["other"], 2)] {
        let (around, key) = with_key(scopes);
        let limited = Limited::within(policies, Upstream::ok().await, around).await;
        let mut passed = 0;
        for _ in 0..8 {
            let answer = limited.ask(&format!("GET / HTTP/1.1\r\nx-api-key: {key}")).await;
            passed += u32::from(answer.status == 200);
        }
        assert_eq!(passed, most, "{scopes:?}");
        for _ in 0..8 {
            assert_eq!(limited.ask("GET / HTTP/1.1").await.status, 200, "nobody is not counted");
        }
    }
}

#[tokio::test]
async fn bytes_are_counted_when_an_exchange_has_ended() {
    let policies = "[{name: bytes, mode: enforce, transfer: {bytes: 25000, period_seconds: 1000}}]";
    let upstream = Upstream::new(|_| Reply::ok("x".repeat(10_000))).await;
    let limited = Limited::new(policies, upstream).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(limited.ask("GET / HTTP/1.1").await.status);
        // What was moved is known when the record of the exchange is closed.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let refused = limited.ask("GET / HTTP/1.1").await;
    assert_eq!(code(&refused), "transfer-limited");
    // 5,000 bytes beyond the limit: at 25 a second, 200 seconds.
    let seconds: u32 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((195..=225).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn large_pages_are_refused() {
    let policies = "[{name: pages, mode: enforce, page_size: {most: 100}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    for (query, status) in
        [("limit=100", 200), ("limit=101", 400), ("LIMIT=-1", 400), ("limit%5B%5D=5000", 400)]
    {
        let answer = limited.ask(&format!("GET /a?{query} HTTP/1.1")).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

/// A store of quotas that outlives gateways.
#[derive(Debug, Default)]
struct Kept(Mutex<HashMap<(KeyedHash, QuotaPeriod), u64>>);

impl QuotaStore for Kept {
    fn reserve(
        &self,
        key: KeyedHash,
        period: QuotaPeriod,
        limit: u64,
        amount: u64,
    ) -> Later<'_, Result<Reserved, String>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut kept = self.0.lock().unwrap();
            let known = kept.entry((key, period)).or_default();
            let granted = amount.min(limit.saturating_sub(*known));
            *known += granted;
            Ok(Reserved { granted, left: limit.saturating_sub(*known) })
        })
    }

    fn give_back(&self, unused: Vec<Unused>) -> Later<'_, Result<(), String>> {
        for one in unused {
            *self.0.lock().unwrap().entry((one.key, one.period)).or_default() -= one.amount;
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn quotas_hold_over_restarts_and_crashes() {
    // The month, so that no midnight comes between but one in thirty.
    let policies = "[{name: monthly, mode: enforce, quota: {requests: 300, period: month}}]";
    for is_crash in [false, true] {
        let kept = Arc::new(Kept::default());
        let mut passed = 0;
        for start in 0..6 {
            let quotas = QuotaLedger::new(Arc::clone(&kept) as _);
            let around = Surroundings {
                quotas: Arc::clone(&quotas),
                ..Surroundings::embedded(HashKey::new(HASH_KEY))
            };
            let limited = Limited::within(policies, Upstream::ok().await, around).await;
            let asked = if start == 5 { 200 } else { 50 };
            for _ in 0..asked {
                let answer = limited.ask("GET / HTTP/1.1").await;
                passed += u32::from(answer.status == 200);
                if answer.status == 429 {
                    assert_eq!(code(&answer), "quota-exhausted");
                    assert_eq!(answer.field("x-ratelimit-remaining"), Some("0"));
                    assert!(answer.field("retry-after").is_some());
                }
            }
            if !is_crash {
                quotas.settle().await.unwrap();
            }
        }
        // Blocks are of three: each crash costs two at most.
        let expected = if is_crash { 290..=300 } else { 300..=300 };
        assert!(expected.contains(&passed), "{passed}, crash: {is_crash}");
    }
}

#[tokio::test]
async fn a_quota_that_cannot_be_counted_does_what_it_is_told() {
    #[derive(Debug)]
    struct Never;
    impl QuotaStore for Never {
        fn reserve(
            &self,
            _: KeyedHash,
            _: QuotaPeriod,
            _: u64,
            _: u64,
        ) -> Later<'_, Result<Reserved, String>> {
            Box::pin(std::future::pending())
        }

        fn give_back(&self, _: Vec<Unused>) -> Later<'_, Result<(), String>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }
    for (mode, on_failure, status) in
        [("enforce", "closed", 503), ("enforce", "open", 200), ("monitor", "closed", 200)]
    {
        let policies = format!(
            "[{{name: q, mode: {mode}, quota: {{requests: 5, period: day, on_failure: {on_failure}}}}}]"
        );
        let around = Surroundings {
            quotas: QuotaLedger::new(Arc::new(Never)),
            ..Surroundings::embedded(HashKey::new(HASH_KEY))
        };
        let limited = Limited::within(&policies, Upstream::ok().await, around).await;
        for _ in 0..3 {
            assert_eq!(limited.ask("GET / HTTP/1.1").await.status, status, "{mode} {on_failure}");
        }
    }
}

#[tokio::test]
async fn what_callers_ask_is_measured_beside_refused_or_not() {
    let policies = "[{name: few, mode: enforce, rate: {requests: 2, period_seconds: 1000}},
                     {name: idle, mode: off, rate: {requests: 2, period_seconds: 1000}}]";
    let limited = Limited::new(policies, Upstream::ok().await).await;
    for (from, times) in [(2, 5), (3, 1), (4, 1)] {
        for _ in 0..times {
            limited.ask_from(from, "GET / HTTP/1.1\r\nhost: api.example\r\n\r\n").await;
        }
    }
    let now = Timestamp::from_seconds(4_000_000_000);
    let [measured] = &limited.enforcement.measured("few", now)[..] else { panic!("one rate") };
    assert_eq!((measured.callers, measured.p50, measured.most), (3, 1, 5));
    assert_eq!(measured.proposed, None, "of three callers");
    assert!(limited.enforcement.measured("idle", now).is_empty());
}
