//! Heads of HTTP/1 requests: what is refused, and that nothing of it reaches the upstream.

use crate::harness::{Client, Upstream, gateway};

/// Sends each case over a connection of its own: it is answered with a problem document, the
/// connection is closed, and the upstream sees nothing.
async fn refused(cases: &[(&str, u16, &str)]) {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    for (bytes, status, code) in cases {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(bytes).await;
        let response = client.response().await;
        assert_eq!(response.status, *status, "{bytes:?}: {}", response.text());
        assert_eq!(response.field("content-type"), Some("application/problem+json"));
        assert!(
            response.text().contains(&format!("\"code\":\"{code}\"")),
            "{bytes:?}: {}",
            response.text()
        );
        assert!(response.text().contains("\"incident\":\""));
        assert!(client.is_closed().await, "{bytes:?}");
    }
    assert_eq!(upstream.seen().len(), 0);
    assert_eq!(upstream.connections(), 0);
    let metrics = running.metrics();
    for (_, _, code) in cases {
        let line = format!("bartizan_gateway_refusals_total{{reason=\"{code}\"}}");
        let count = metrics.lines().find_map(|l| l.strip_prefix(&line)).unwrap();
        assert_ne!(count.trim(), "0", "{code}");
    }
}

#[tokio::test]
async fn sizes() {
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000));
    let endless_target = format!("GET /{}", "a".repeat(9000));
    let field = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(17_000));
    let count = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(100));
    let size = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}",
        format!("X: {}\r\n", "y".repeat(1000)).repeat(33)
    );
    refused(&[
        (&target, 414, "target-too-long"),
        (&endless_target, 414, "target-too-long"),
        (&field, 431, "field-too-long"),
        (&count, 431, "too-many-fields"),
        (&size, 431, "head-too-long"),
    ])
    .await;
}

#[tokio::test]
async fn valid_heads_are_written_anew() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    for (bytes, line) in [
        ("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1"),
        ("\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1"),
        (
            "GET /a%00?b=%zz&c=[1]|{} HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET /a%00?b=%zz&c=[1]|{} HTTP/1.1",
        ),
        ("GET http://a.example/x?y HTTP/1.1\r\nHost: A.Example\r\n\r\n", "GET /x?y HTTP/1.1"),
        ("GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1"),
        ("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1"),
        ("OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", "OPTIONS * HTTP/1.1"),
        ("PROPFIND / HTTP/1.1\r\nHost:a.example\t \r\n\r\n", "PROPFIND / HTTP/1.1"),
        ("DELETE / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n", "DELETE / HTTP/1.1"),
    ] {
        let before = upstream.seen().len();
        let response = Client::ask(running.addresses()[0], bytes).await;
        assert_eq!((response.status, response.text()), (200, "ok"), "{bytes:?}");
        let seen = upstream.seen();
        assert_eq!(seen.len(), before + 1);
        let seen = seen.last().unwrap();
        assert_eq!(seen.line(), line);
        let hosts = seen.all("host");
        assert!(hosts.len() == 1 && hosts[0].eq_ignore_ascii_case("a.example"), "{hosts:?}");
        for name in ["connection", "keep-alive", "te", "upgrade", "expect", "transfer-encoding"] {
            assert_eq!(seen.field(name), None, "{bytes:?}");
        }
    }
}

#[tokio::test]
async fn connection_fields_stay_behind() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\
        Keep-Alive: 5\r\nProxy-Connection: close\r\nTE: trailers, gzip\r\nX-Kept: 1\r\n\
        Cookie: a=1\r\nCookie: b=2\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], bytes).await.status, 200);
    let seen = upstream.only();
    for name in ["x-hop", "keep-alive", "proxy-connection", "connection"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!(seen.field("te"), Some("trailers"));
    assert_eq!(seen.field("x-kept"), Some("1"));
    assert_eq!(seen.all("cookie"), ["a=1; b=2"]);
}
