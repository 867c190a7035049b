//! Heads of HTTP/2 requests: the same rules, and the limits of the protocol.

use std::time::Duration;

use http::Request;

use crate::harness::{
    Client, Reply, Upstream, gateway, gateway_with,
    http2::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Fate, Frames, GOAWAY, HEADERS, PING,
        RST_STREAM, RawHttp2, SETTINGS, block, collect, connect,
    },
    until,
};

const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":authority", "a.example"), (":path", "/")];

fn with<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [GET, fields].concat()
}

fn replaced<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    GET.iter().map(|(n, v)| if *n == name { (*n, value) } else { (*n, *v) }).collect()
}

#[tokio::test]
async fn refused_heads() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let without = |name: &str| GET.iter().copied().filter(|(n, _)| *n != name).collect::<Vec<_>>();
    let cases: Vec<(Vec<(&str, &str)>, Fate)> = vec![
        (with(&[("host", "b.example")]), Fate::Status(400)),
        (with(&[("host", "a.example"), ("host", "a.example")]), Fate::Status(400)),
        (without(":authority"), Fate::Status(400)),
        (replaced(":authority", "u@a.example"), Fate::Status(400)),
        (replaced(":path", "//b/x"), Fate::Status(400)),
        (replaced(":path", "/a\\b"), Fate::Status(400)),
        (with(&[("content_length", "1")]), Fate::Status(400)),
        (replaced(":method", "TRACE"), Fate::Status(0)),
        (replaced(":method", "CONNECT"), Fate::Reset),
        (replaced(":path", ""), Fate::Reset),
        (replaced(":path", "x"), Fate::Reset),
        (replaced(":path", "/a b"), Fate::Reset),
        (replaced(":path", "/\u{e9}"), Fate::Status(400)),
        (replaced(":path", "/\0"), Fate::Reset),
        (without(":method"), Fate::Reset),
        (without(":scheme"), Fate::Reset),
        (without(":path"), Fate::Reset),
        (with(&[(":path", "/")]), Fate::Reset),
        (with(&[("x", "1"), (":extra", "1")]), Fate::Closed),
        (with(&[("connection", "close")]), Fate::Reset),
        (with(&[("transfer-encoding", "chunked")]), Fate::Reset),
        (with(&[("keep-alive", "5")]), Fate::Reset),
        (with(&[("proxy-connection", "x")]), Fate::Reset),
        (with(&[("upgrade", "h2c")]), Fate::Reset),
        (with(&[("te", "gzip")]), Fate::Reset),
        (with(&[("X-Upper", "1")]), Fate::Closed),
        (with(&[("x", "a\nb")]), Fate::Closed),
        (with(&[("x", "a\0b")]), Fate::Closed),
        (with(&[("x y", "1")]), Fate::Closed),
        (with(&[("content-length", "x")]), Fate::Reset),
        (with(&[("content-length", "5")]), Fate::Reset),
    ];
    let mut failures = Vec::new();
    for (fields, wanted) in cases {
        let mut client = RawHttp2::connect(running.addresses()[0]).await;
        client.headers(1, &fields).await;
        let fate = client.fate(1).await;
        if fate == Fate::Status(200) || (fate != wanted) {
            failures
                .push(format!("{:?}: {fate:?}, not {wanted:?}", &fields[..fields.len().min(6)]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn accepted_heads_are_translated() {
    let upstream = Upstream::new(|seen| Reply::ok(seen.line())).await;
    let running = gateway(&upstream).await;
    let mut client = connect(running.addresses()[0]).await;
    let request = Request::post("http://a.example/x?y")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("te", "trailers")
        .body(Frames::new(&["ab", "c"], None))
        .unwrap();
    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(collect(response.into_body()).await.0, b"POST /x?y HTTP/1.1");
    let seen = upstream.only();
    assert_eq!(seen.body, b"abc");
    assert_eq!(seen.all("host"), ["a.example"]);
    assert_eq!(seen.all("cookie"), ["a=1; b=2"]);
    assert_eq!(seen.all("content-length"), ["3"]);
    assert_eq!(seen.field("te"), Some("trailers"));
}

#[tokio::test]
async fn streams_run_side_by_side() {
    let slow = Duration::from_millis(200);
    let upstream = Upstream::new(move |_| {
        Reply::Slow(vec![(slow, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())])
    })
    .await;
    let running = gateway(&upstream).await;
    let client = connect(running.addresses()[0]).await;
    let began = std::time::Instant::now();
    let asks = (0..20).map(|_| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let request = Request::get("http://a/").body(Frames::new(&[], None)).unwrap();
            let response = client.send_request(request).await.unwrap();
            collect(response.into_body()).await.0
        })
    });
    for ask in asks.collect::<Vec<_>>() {
        assert_eq!(ask.await.unwrap(), b"ok");
    }
    assert!(began.elapsed() < slow * 10, "{:?}", began.elapsed());
}

/// A stream that is reset ends only itself.
#[tokio::test]
async fn a_reset_stream_harms_no_other() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.frame(HEADERS, END_HEADERS, 1, &block(&replaced(":method", "POST"))).await;
    client.frame(DATA, 0, 1, b"abc").await;
    client.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]).await;
    client.headers(3, GET).await;
    assert_eq!(client.fate(3).await, Fate::Status(200));
    assert_eq!(upstream.only().line(), "GET / HTTP/1.1");
}

#[tokio::test]
async fn floods_close_the_connection() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    // Rapid reset (CVE-2023-44487).
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    for n in 0..2000u32 {
        client.frame(HEADERS, END_HEADERS, 2 * n + 1, &block(&replaced(":method", "POST"))).await;
        client.frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8]).await;
    }
    assert!(is_ended(&mut client).await, "rapid reset");
    // CONTINUATION without end.
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.frame(HEADERS, END_STREAM, 1, &block(GET)).await;
    for _ in 0..200 {
        client.frame(CONTINUATION, 0, 1, &block(&[("x", &"y".repeat(1000))])).await;
    }
    assert!(is_ended(&mut client).await, "continuation");
    // A frame that is larger than we said.
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.frame(PING, 0, 0, &[0; 20_000]).await;
    assert!(is_ended(&mut client).await, "large frame");
    // Streams beyond the limit are refused, the others go on.
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    for n in 0..200u32 {
        client.frame(HEADERS, END_HEADERS, 2 * n + 1, &block(&replaced(":method", "POST"))).await;
    }
    assert_eq!(client.fate(399).await, Fate::Reset);
    assert_eq!(upstream.seen().len(), 0);
}

async fn is_ended(client: &mut RawHttp2) -> bool {
    loop {
        match client.read().await {
            None => return true,
            Some((GOAWAY, _, payload)) => return payload[4..8] != [0; 4],
            Some(_) => {}
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_asked_to_go() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.deadlines.client.idle = Duration::from_millis(200);
    })
    .await;
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.headers(1, GET).await;
    assert_eq!(client.fate(1).await, Fate::Status(200));
    loop {
        if let (GOAWAY, _, payload) = client.read().await.unwrap() {
            assert_eq!(payload[4..8], [0; 4]);
            break;
        }
    }
    drop(client);
    until("no connection", || running.connections() == 0).await;
}

/// A client that opens no window for what it asked for does not keep it held.
#[tokio::test]
async fn an_answer_that_is_not_taken_ends_the_connection() {
    let upstream = Upstream::new(|_| Reply::ok(vec![b'x'; 1_000_000])).await;
    let running = gateway_with(&upstream, |config| {
        config.deadlines.client.idle = Duration::from_millis(200);
        config.deadlines.answer = Duration::from_millis(300);
    })
    .await;
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.headers(1, GET).await;
    assert_eq!(client.fate(1).await, Fate::Status(200));
    assert!(running.metrics().contains("buffered_bytes 1000000"));
    while client.read().await.is_some() {}
    until("nothing is held", || running.metrics().contains("buffered_bytes 0")).await;
    until("no connection", || running.connections() == 0).await;
}

#[tokio::test]
async fn http2_can_be_off() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.listeners[0].http2 = false).await;
    let response = Client::ask(running.addresses()[0], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(response.status, 505);
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.frame(SETTINGS, 0, 0, &[]).await;
    assert_eq!(upstream.seen().len(), 0);
}
