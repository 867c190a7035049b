//! What is sent once more, and what is not.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crate::harness::{Client, Reply, Upstream, gateway, gateway_with};

/// Answers the first `good` requests of each connection, then closes without an answer.
async fn forgetful(good: usize) -> Upstream {
    let counts: Vec<AtomicUsize> = (0..64).map(|_| AtomicUsize::new(0)).collect();
    Upstream::new(move |seen| {
        if counts[seen.connection].fetch_add(1, SeqCst) < good {
            Reply::ok("ok")
        } else {
            Reply::Close
        }
    })
    .await
}

#[tokio::test]
async fn idempotent_requests_are_sent_again() {
    let upstream = forgetful(1).await;
    let running = gateway(&upstream).await;
    for method in ["GET", "PUT", "DELETE"] {
        let request =
            format!("{method} / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc");
        let response = Client::ask(running.addresses()[0], &request).await;
        assert_eq!((response.status, response.text()), (200, "ok"), "{method}");
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), 5, "the second and third were sent twice");
    for seen in &seen {
        assert_eq!((seen.body.as_slice(), seen.field("x-a")), (&b"abc"[..], Some("1")));
        assert_eq!(seen.all("x-request-id").len(), 1);
    }
    assert_eq!(seen[1].field("x-request-id"), seen[2].field("x-request-id"));
}

#[tokio::test]
async fn others_are_sent_once() {
    let upstream = forgetful(1).await;
    let running = gateway(&upstream).await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(Client::ask(running.addresses()[0], post).await.status, 200);
    let response = Client::ask(running.addresses()[0], post).await;
    assert_eq!(response.status, 502);
    assert!(response.text().contains("upstream-broken"));
    assert_eq!(upstream.seen().len(), 2);
}

/// A framework may execute them as the method that they name.
#[tokio::test]
async fn what_may_be_another_method_is_sent_once() {
    for (target, field, body, again) in [
        ("/", "X-A: 1", "abc", true),
        ("/?_method=PUT", "X-A: 1", "abc", true),
        ("/?_method=POST", "X-A: 1", "abc", false),
        ("/", "X-HTTP-Method-Override: POST", "abc", false),
        ("/", "X-Method-Override: PATCH", "abc", false),
        ("/", "Content-Type: application/x-www-form-urlencoded", "_method=POST", false),
    ] {
        let upstream = forgetful(1).await;
        let running = gateway(&upstream).await;
        let good = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(good.status, 200);
        let length = body.len();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\n{field}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let response = Client::ask(running.addresses()[0], &request).await;
        let expected = if again { (200, 3) } else { (502, 2) };
        assert_eq!((response.status, upstream.seen().len()), expected, "{target} {field} {body}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_asked_for_again() {
    let upstream = Upstream::new(|_| {
        Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_vec())
    })
    .await;
    let running = gateway(&upstream).await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 502, "nothing of a broken answer is passed on");
    assert_eq!(upstream.seen().len(), 1);
}

/// On a new connection and on one that was used before.
#[tokio::test]
async fn a_head_that_is_cut_or_malformed_is_an_answer() {
    for answer in ["H", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 2x0 Bad\r\n\r\n", "\r\n"] {
        let upstream = Upstream::new(move |seen| match seen.line().contains("/good") {
            true => Reply::ok("ok"),
            false => Reply::Last(answer.into()),
        })
        .await;
        for is_used in [false, true] {
            let running = gateway(&upstream).await;
            let address = running.addresses()[0];
            if is_used {
                let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
                assert_eq!(Client::ask(address, good).await.status, 200);
            }
            let before = upstream.seen().len();
            let put = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
            assert_eq!(Client::ask(address, put).await.status, 502, "{answer:?}");
            assert_eq!(upstream.seen().len(), before + 1, "{answer:?} {is_used}");
        }
    }
}

/// What breaks two upstreams is not shown to a third one.
#[tokio::test]
async fn what_breaks_an_upstream_is_sent_twice_at_most() {
    let upstream = forgetful(0).await;
    let running = gateway(&upstream).await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 502);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_dead_upstream_is_passed_over() {
    let upstream = Upstream::ok().await;
    let dead = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().to_string()
    };
    let running = gateway_with(&upstream, |config| {
        config.services[0].upstreams.insert(0, dead.clone());
    })
    .await;
    for _ in 0..12 {
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(Client::ask(running.addresses()[0], post).await.status, 200);
    }
    assert_eq!(upstream.seen().len(), 12);
    let metrics = running.metrics();
    assert!(metrics.contains(&format!("upstream{{upstream=\"{dead}\",value=\"healthy\"}} 0")));
    assert!(
        metrics.contains(&format!("upstream{{upstream=\"{dead}\",value=\"connects\"}} 3")),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_unreachable_service_is_told_without_its_address() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        config.services[0].upstreams = vec![socket.local_addr().unwrap().to_string()];
    })
    .await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 502);
    assert!(
        response.text().contains("upstream-unreachable") && !response.text().contains("127.0.0.1")
    );
}
