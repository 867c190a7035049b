//! What comparing requests with policies may cost.

use std::sync::Arc;

use bartizan_gateway::{
    Gateway, handover,
    policy::{Enforcement, PolicyConfig, Surroundings},
};
use bartizan_model::{HashKey, PolicyOutcome};
use prometheus_client::{encoding::text::encode, registry::Registry};

use crate::harness::{Client, Upstream, config_with};

/// A hundred policies that are only watched, and one that is enforced for another path.
fn policies() -> Vec<PolicyConfig> {
    let paths: Vec<String> = (0..8).map(|n| format!("'/**/x{n}/**/y'")).collect();
    let watched = (0..100).map(|at| {
        format!(
            "{{name: p{at}, mode: monitor, scope: {{paths: [{}]}}, address: {{deny: [::/0]}}}}",
            paths.join(", ")
        )
    });
    let closed =
        "{name: closed, mode: enforce, scope: {paths: [/nowhere/**]}, address: {deny: [::/0]}}";
    let all = watched.chain([closed.to_owned()]);
    all.map(|text| serde_saphyr::from_str(&text).unwrap()).collect()
}

#[tokio::test]
async fn what_is_too_much_to_compare_is_refused_where_enforced_and_else_not_evaluated() {
    let upstream = Upstream::ok().await;
    let surroundings = Surroundings::embedded(HashKey::new([1; 32]));
    let enforcement = Arc::new(Enforcement::new(&policies(), surroundings).unwrap());
    let (handover, mut received) = handover::channel(10, 1 << 20);
    let config = config_with(&upstream, |_| {});
    let running = Gateway::start(&config, enforcement.clone(), handover).await.unwrap();
    let ask = |target: String| {
        Client::ask(running.addresses()[0], format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
    };
    let over = || {
        let (mut registry, mut text) = (Registry::default(), String::new());
        enforcement.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let line = text.lines().find(|line| line.starts_with("policy_scopes_over_budget_total"));
        line.unwrap().to_owned()
    };
    assert_eq!(ask("/a/b/c".to_owned()).await.status, 200);
    assert!(received.recv().await.unwrap().into_exchange().unwrap().policies.is_empty());
    assert!(over().ends_with(" 0"), "{}", over());

    let answer = ask(format!("{};v", "/a".repeat(250))).await;
    assert_eq!(answer.status, 403, "closed as if it were meant");
    let decided = received.recv().await.unwrap().into_exchange().unwrap().policies;
    let last = decided.last().unwrap();
    assert_eq!((last.policy.as_str(), last.outcome), ("closed", PolicyOutcome::Enforced));
    let skipped = decided.iter().filter(|one| one.outcome == PolicyOutcome::NotEvaluated);
    let skipped: Vec<_> = skipped.map(|one| one.reason.as_str()).collect();
    assert!(!skipped.is_empty() && skipped.iter().all(|reason| *reason == "scope-over-budget"));
    assert!(over().ends_with(" 1"), "{}", over());
}
