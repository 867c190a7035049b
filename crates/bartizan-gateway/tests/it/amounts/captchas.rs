//! CAPTCHAs, with a server that verifies them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::{Limited, code};
use crate::harness::{Reply, Upstream};

/// A server that takes the solution `good`, and what it has to be asked with.
async fn provider(works: &Arc<AtomicBool>) -> Upstream {
    let works = Arc::clone(works);
    Upstream::new(move |seen| {
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        if !works.load(SeqCst) {
            return Reply::ok("out of order");
        }
        let is_right = text.starts_with("secret=hidden&response=good")
            && text.ends_with("&remoteip=127.0.0.1");
        Reply::ok(format!("{{\"success\": {is_right}}}"))
    })
    .await
}

async fn guarded(provider: &Upstream, mode: &str, more: &str) -> Limited {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hidden").unwrap();
    let policies = format!(
        "[{{name: people, mode: {mode}, captcha: {{url: 'http://{}/siteverify', secret: 'file:{}',
            site_key: site-1, fetch: {{allow_networks: [127.0.0.0/8]}}{more}}}}}]",
        provider.address,
        secret.display()
    );
    Limited::new(&policies, Upstream::ok().await).await
}

#[tokio::test]
async fn a_solution_lets_one_request_in() {
    let works = Arc::new(AtomicBool::new(true));
    let provider = provider(&works).await;
    let limited = guarded(&provider, "enforce", "").await;
    let asked = limited.ask("GET / HTTP/1.1").await;
    assert_eq!((asked.status, &*code(&asked)), (403, "captcha-required"));
    assert_eq!(asked.field("captcha"), Some("site-1"));
    let with = |solution: &str| format!("GET / HTTP/1.1\r\ncaptcha-response: {solution}");
    assert_eq!(limited.ask(&with("bad")).await.status, 403);
    assert_eq!(limited.ask(&with("good")).await.status, 200);
    let asked_before = provider.seen().len();
    assert_eq!(limited.ask(&with("good")).await.status, 403, "used");
    assert_eq!(provider.seen().len(), asked_before, "what was used is not asked about again");
    assert_eq!(limited.ask(&with("good2")).await.status, 200);
    assert_eq!(limited.upstream.seen().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_verified_uses_nothing_up() {
    let works = Arc::new(AtomicBool::new(false));
    let provider = provider(&works).await;
    let closed = guarded(&provider, "enforce", "").await;
    let with = "GET / HTTP/1.1\r\ncaptcha-response: good";
    let refused = closed.ask(with).await;
    assert_eq!((refused.status, &*code(&refused)), (503, "captcha-unavailable"));
    works.store(true, SeqCst);
    assert_eq!(closed.ask(with).await.status, 200);

    works.store(false, SeqCst);
    let open = guarded(&provider, "enforce", ", on_failure: open").await;
    assert_eq!(open.ask(with).await.status, 200);
    assert_eq!(open.ask("GET / HTTP/1.1").await.status, 403, "no solution is no failure");
}

#[tokio::test]
async fn in_monitor_mode_nobody_is_asked() {
    let works = Arc::new(AtomicBool::new(true));
    let provider = provider(&works).await;
    let limited = guarded(&provider, "monitor", "").await;
    for head in ["GET / HTTP/1.1", "GET / HTTP/1.1\r\ncaptcha-response: good"] {
        assert_eq!(limited.ask(head).await.status, 200);
    }
    assert!(provider.seen().is_empty(), "it would use the solution up");
    let tally = limited.enforcement.tally("people");
    assert_eq!((tally.would_refuse, tally.not_evaluated), (1, 1));
}
