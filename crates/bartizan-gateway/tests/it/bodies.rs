//! Bodies in both directions, byte for byte.

use crate::harness::{Client, Reply, Upstream, gateway, gateway_with};
use bartizan_gateway::config::OverLimit;

async fn get(upstream: &Upstream, request: &str) -> crate::harness::Response {
    let running = gateway(upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(request).await;
    client.response_to(request.split(' ').next().unwrap()).await
}

#[tokio::test]
async fn answers_arrive_as_they_were() {
    let all: Vec<u8> = (0..=255).collect();
    let gzip = [&[0x1f, 0x8b, 8, 0][..], &all].concat();
    for (head, body) in [
        ("HTTP/1.1 200 OK\r\ncontent-type: text/plain", &all),
        ("HTTP/1.1 200 Fine\r\ncontent-encoding: gzip\r\netag: \"x\"", &gzip),
        ("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-255/1000", &all),
        ("HTTP/1.1 404 Not Found\r\nset-cookie: a=1\r\nset-cookie: b=2", &all),
        ("HTTP/1.1 500 Oh\r\nx-empty:", &all),
    ] {
        let mut bytes = format!("{head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend(body);
        let upstream = Upstream::new(move |_| Reply::Bytes(bytes.clone())).await;
        let response =
            get(&upstream, "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-255\r\n\r\n").await;
        assert_eq!(&response.body, body, "{head}");
        for line in head.split("\r\n").skip(1) {
            let (name, value) = line.split_once(':').unwrap();
            assert!(response.all(name).contains(&value.trim()), "{line}: {}", response.head);
        }
        assert_eq!(response.status.to_string(), head[9..12]);
        assert_eq!(upstream.only().field("range"), Some("bytes=0-255"));
    }
}

#[tokio::test]
async fn answers_without_a_body_have_none() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\netag: \"x\"\r\n\r\n";
    let upstream = Upstream::new(move |_| Reply::bytes(head)).await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    for _ in 0..2 {
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let response = client.response_to("HEAD").await;
        assert_eq!((response.status, response.field("content-length")), (200, Some("1234")));
    }
    for (status, fields) in [("204 No Content", ""), ("304 Not Modified", "etag: \"x\"\r\n")] {
        let bytes = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let upstream = Upstream::new(move |_| Reply::bytes(bytes.clone())).await;
        let running = gateway(&upstream).await;
        let mut client = Client::connect(running.addresses()[0]).await;
        for _ in 0..2 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
            let response = client.response().await;
            assert_eq!(response.status.to_string(), status[..3]);
            assert_eq!(response.field("transfer-encoding"), None);
        }
    }
}

#[tokio::test]
async fn chunked_answers_are_held_whole() {
    let bytes =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let upstream = Upstream::new(move |_| Reply::bytes(bytes)).await;
    let response = get(&upstream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((response.text(), response.field("content-length")), ("abcde", Some("5")));
}

#[tokio::test]
async fn answers_until_close_are_held_whole() {
    let upstream =
        Upstream::new(move |_| Reply::Last(b"HTTP/1.0 200 OK\r\n\r\nabc".to_vec())).await;
    let response = get(&upstream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((response.text(), response.field("content-length")), ("abc", Some("3")));
}

#[tokio::test]
async fn trailers_of_answers_arrive() {
    let bytes = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n";
    let upstream = Upstream::new(move |_| Reply::bytes(bytes)).await;
    let response =
        get(&upstream, "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\n\r\n").await;
    assert_eq!((response.text(), response.trailers.as_str()), ("abc", "x-sum: 6"));
}

#[tokio::test]
async fn clients_that_wait_are_told_to_continue() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        .await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue");
    assert_eq!(upstream.connections(), 0);
    client.send("abc").await;
    assert_eq!(client.response().await.text(), "ok");
    assert_eq!(upstream.only().field("expect"), None);
}

#[tokio::test]
async fn large_bodies_go_both_ways() {
    let large: Vec<u8> =
        (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let upstream = Upstream::new(|seen| Reply::ok(&seen.body)).await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let (mut read, mut write) = client.stream.into_split();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", large.len());
    let sent = large.clone();
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        write.write_all(head.as_bytes()).await.unwrap();
        write.write_all(&sent).await.unwrap();
        write
    });
    let mut bytes = Vec::new();
    use tokio::io::AsyncReadExt;
    while bytes.len() < large.len() {
        assert!(read.read_buf(&mut bytes).await.unwrap() > 0);
    }
    drop(sending.await.unwrap());
    assert!(bytes.ends_with(&large));
    assert_eq!(upstream.only().body, large);
    client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.limits.request_body_bytes = 10).await;
    for body in [
        "Content-Length: 11\r\n\r\n".to_owned(),
        format!("Transfer-Encoding: chunked\r\n\r\nb\r\n{}\r\n0\r\n\r\n", "x".repeat(11)),
        "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n".to_owned(),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{body}");
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(request).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 413"), "{head}");
    }
    assert_eq!(upstream.seen().len(), 0);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
    assert_eq!(Client::ask(running.addresses()[0], request).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_can_be_streamed() {
    let upstream = Upstream::new(|seen| Reply::ok(&seen.body)).await;
    let running = gateway_with(&upstream, |config| {
        config.limits.request_body_bytes = 10;
        config.limits.response_body_bytes = 10;
        config.services[0].request_over = OverLimit::Stream;
    })
    .await;
    let body = "0123456789".repeat(1000);
    for framing in [
        format!("Content-Length: 10000\r\n\r\n{body}"),
        format!(
            "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n2708\r\n89{}\r\n0\r\n\r\n",
            &body[10..]
        ),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}");
        let response = Client::ask(running.addresses()[0], request).await;
        assert_eq!((response.status, response.text()), (200, body.as_str()));
    }
    for side in ["request", "response"] {
        let line = format!("streamed_total{{reason=\"too-large\",side=\"{side}\"}} 2");
        assert!(running.metrics().contains(&line), "{side}");
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_can_be_refused() {
    let upstream = Upstream::new(|_| Reply::ok("0123456789a")).await;
    let running = gateway_with(&upstream, |config| {
        config.limits.response_body_bytes = 10;
        config.services[0].response_over = OverLimit::Refuse;
    })
    .await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 502);
    assert!(response.text().contains("response-too-large"));
}

#[tokio::test]
async fn a_head_over_the_limit_is_not_passed_on() {
    let upstream = Upstream::new(|seen| {
        let length = if seen.line().contains("long") { 100_000 } else { 60_000 };
        let field = "a".repeat(length);
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\nx: {field}\r\ncontent-length: 2\r\n\r\nok").into())
    })
    .await;
    let running = gateway(&upstream).await;
    for (target, status) in [("/short", 200), ("/long", 502)] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = Client::ask(running.addresses()[0], request).await;
        assert_eq!(answer.status, status, "{target}");
    }
}

#[tokio::test]
async fn all_bodies_share_one_budget() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.limits.request_body_bytes = 1000;
        config.limits.response_body_bytes = 1000;
        config.limits.buffered_bytes = 1000;
    })
    .await;
    let mut holder = Client::connect(running.addresses()[0]).await;
    holder
        .send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n{}",
            "x".repeat(800)
        ))
        .await;
    crate::harness::until("budget in use", || {
        running.metrics().contains("bartizan_gateway_buffered_bytes 800")
    })
    .await;
    let request =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n{}", "x".repeat(300));
    let response = Client::ask(running.addresses()[0], &request).await;
    assert_eq!((response.status, response.field("retry-after")), (503, Some("1")));
    holder.send("x".repeat(100)).await;
    assert_eq!(holder.response().await.status, 200);
    assert_eq!(Client::ask(running.addresses()[0], &request).await.status, 200);
    crate::harness::until("budget returned", || {
        running.metrics().contains("bartizan_gateway_buffered_bytes 0")
    })
    .await;
}

#[tokio::test]
async fn a_length_beside_a_coding_is_not_passed_on() {
    let upstream = Upstream::new(|_| {
        let body = "helloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
        Reply::Last(format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes())
    })
    .await;
    for streams in [false, true] {
        let running = gateway_with(&upstream, |config| {
            if streams {
                config.limits.response_body_bytes = 10;
                config.services[0].response_over = OverLimit::Stream;
            }
        })
        .await;
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let response = client.response().await;
        // One whole answer, or none: never a second one.
        assert!(response.text().ends_with("evil") || response.status == 502, "{response:?}");
        assert_ne!(response.field("content-length"), Some("5"));
    }
}
