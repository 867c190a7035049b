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
async fn request_lines() {
    refused(&[
        ("GET /\r\n\r\n", 400, "request-line"),
        ("GET\r\n\r\n", 400, "request-line"),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request-line"),
        ("GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", 400, "request-line"),
        ("GET / XTTP/1.1\r\nHost: a\r\n\r\n", 400, "request-line"),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request-line"),
        ("\x16\x03\x01\x00\x05hello\r\n\r\n", 400, "request-line"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request-line"),
        ("G,T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501, "method-not-served"),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method-not-served"),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505, "version"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version"),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 505, "version"),
    ])
    .await;
}

#[tokio::test]
async fn targets() {
    refused(&[
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET //a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, "target"),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
        ("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
    ])
    .await;
}

#[tokio::test]
async fn hosts() {
    refused(&[
        ("GET / HTTP/1.1\r\n\r\n", 400, "missing-host"),
        ("GET / HTTP/1.0\r\n\r\n", 400, "missing-host"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "missing-host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "duplicate-host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400, "duplicate-host"),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "host"),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, "host"),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "host"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "host"),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "host"),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host-mismatch"),
        ("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host-mismatch"),
    ])
    .await;
}

#[tokio::test]
async fn fields() {
    refused(&[
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "bare-line-feed"),
        ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400, "bare-line-feed"),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare-line-feed"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: w\r\n\r\n", 400, "bare-carriage-return"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400, "folded-field"),
        ("GET / HTTP/1.1\r\nHost: a\r\n\tX: y\r\n\r\n", 400, "folded-field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400, "field-name"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400, "field-name"),
        ("GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", 400, "field-name"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n", 400, "field-name"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(: y\r\n\r\n", 400, "field-name"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n", 400, "field-value"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\x1bz\r\n\r\n", 400, "field-value"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\x7fz\r\n\r\n", 400, "field-value"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\n\r\n", 400, "lookalike-field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: x\r\n\r\n", 400, "lookalike-field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: x\r\n\r\n", 400, "lookalike-field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, host\r\n\r\n", 400, "connection-option"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: cookie\r\n\r\n", 400, "connection-option"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Authorization\r\n\r\n",
            400,
            "connection-option",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: something\r\n\r\n", 417, "expectation"),
    ])
    .await;
}

#[tokio::test]
async fn upgrades() {
    refused(&[
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", 400, "upgrade"),
        ("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400, "upgrade"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx", 400, "upgrade"),
    ])
    .await;
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
