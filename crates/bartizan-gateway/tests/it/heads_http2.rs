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

fn replaced<'a>(name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    GET.iter().map(|(n, v)| if *n == name { (*n, value) } else { (*n, *v) }).collect()
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

/// The same for an answer that is passed on as it comes, from its first byte and from later ones.
#[tokio::test]
async fn a_stream_that_is_not_taken_ends_the_connection() {
    let large = |_: &_| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nf4240\r\n";
        let body = "x".repeat(1_000_000);
        Reply::bytes(format!("{head}{body}\r\n0\r\n\r\n"))
    };
    let events = |_: &_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let mut pieces = vec![(Duration::ZERO, head.as_bytes().to_vec())];
        pieces.extend((0..1000).map(|_| (Duration::from_millis(5), vec![b'x'; 10_000])));
        Reply::Slow(pieces)
    };
    for (upstream, held) in
        [(Upstream::new(large).await, true), (Upstream::new(events).await, false)]
    {
        let running = gateway_with(&upstream, |config| {
            config.limits.response_body_bytes = 300_000;
            config.deadlines.client.idle = Duration::from_millis(200);
            config.deadlines.body_idle = Duration::from_millis(400);
        })
        .await;
        for window in [0u32, 65_535] {
            let mut client = RawHttp2::connect(running.addresses()[0]).await;
            // SETTINGS_INITIAL_WINDOW_SIZE
            let setting = [&4u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
            client.frame(SETTINGS, 0, 0, &setting).await;
            client.headers(1, GET).await;
            assert_eq!(client.fate(1).await, Fate::Status(200));
            // Of what is not held whole, a part is recorded.
            assert!(!held || !running.metrics().contains("buffered_bytes 0"));
            let began = std::time::Instant::now();
            while client.read().await.is_some() {}
            assert!(began.elapsed() > Duration::from_millis(300), "{:?}", began.elapsed());
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
            until("nothing is held", || running.metrics().contains("buffered_bytes 0")).await;
            until("no connection", || running.connections() == 0).await;
            until("the upstream is let go", || upstream.open() == 0).await;
        }
    }
}

/// A client that takes a stream slowly, but takes it, gets all of it.
#[tokio::test]
async fn a_stream_that_is_taken_slowly_arrives() {
    let upstream = Upstream::new(|_| Reply::ok(vec![b'x'; 400_000])).await;
    let running = gateway_with(&upstream, |config| {
        config.limits.response_body_bytes = 100_000;
        config.deadlines.client.idle = Duration::from_millis(100);
        config.deadlines.body_idle = Duration::from_millis(600);
    })
    .await;
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    client.headers(1, GET).await;
    let mut total = 0;
    while total < 400_000 {
        let (kind, _, payload) = client.read().await.expect("not cut");
        if kind == DATA {
            total += payload.len();
            if total % 65_535 < payload.len() {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            // WINDOW_UPDATE
            let more = (payload.len() as u32).to_be_bytes();
            if !payload.is_empty() {
                client.frame(8, 0, 0, &more).await;
                client.frame(8, 0, 1, &more).await;
            }
        }
    }
    assert_eq!(total, 400_000);
}

/// A head has the same total time as on HTTP/1, whatever else goes on beside it.
#[tokio::test]
async fn a_slow_head_is_cut_by_a_total() {
    let short = Duration::from_millis(400);
    let upstream = Upstream::new(|_| Reply::Silence).await;
    for is_busy in [false, true] {
        let running = gateway_with(&upstream, |config| config.deadlines.client.head = short).await;
        let mut client = RawHttp2::connect(running.addresses()[0]).await;
        if is_busy {
            client.headers(1, GET).await;
            until("asked", || running.metrics().contains("exchanges_open 1")).await;
        }
        client.frame(HEADERS, END_STREAM, 3, &block(GET)).await;
        let began = std::time::Instant::now();
        // More of it comes, but never the end.
        for _ in 0..2 {
            tokio::time::sleep(short / 3).await;
            client.frame(CONTINUATION, 0, 3, &[]).await;
        }
        while client.read().await.is_some() {}
        assert!(began.elapsed() < short * 6, "{:?}", began.elapsed());
        let counted = "refusals_total{reason=\"head-timeout\"} 1";
        until("counted", || running.metrics().contains(counted)).await;
        until("no connection", || running.connections() == 0).await;
    }
}

/// The time of a head begins with it: not with the connection, and not with the head before.
#[tokio::test]
async fn heads_that_take_their_time_arrive() {
    let short = Duration::from_millis(400);
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.deadlines.client.head = short).await;
    let mut client = RawHttp2::connect(running.addresses()[0]).await;
    for stream in [1, 3, 5] {
        tokio::time::sleep(short * 3 / 2).await;
        let bytes = block(GET);
        let (first, second) = bytes.split_at(5);
        client.frame(HEADERS, END_STREAM, stream, first).await;
        tokio::time::sleep(short / 3).await;
        client.frame(CONTINUATION, END_HEADERS, stream, second).await;
        assert_eq!(client.fate(stream).await, Fate::Status(200));
    }
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
