//! Nobody is waited for longer than was said.

use std::time::{Duration, Instant};

use bartizan_gateway::Running;

use crate::harness::{Client, Reply, Upstream, gateway_with, until};

const SHORT: Duration = Duration::from_millis(300);

async fn strict(upstream: &Upstream) -> Running {
    gateway_with(upstream, |config| {
        config.deadlines.client.head = SHORT;
        config.deadlines.client.idle = SHORT;
        config.deadlines.client.write_stall = SHORT;
        config.deadlines.request_body = SHORT;
        config.deadlines.response_head = SHORT;
        config.deadlines.response_body = SHORT;
        config.deadlines.body_idle = SHORT;
        config.deadlines.handshake = SHORT * 3;
    })
    .await
}

/// Sends bytes one by one, each well before any idle time is over, until the other side closes.
async fn drip(client: &mut Client, bytes: &[u8]) -> Duration {
    use tokio::io::AsyncWriteExt;
    let began = Instant::now();
    for byte in bytes {
        if client.stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(SHORT / 6).await;
        if began.elapsed() > SHORT * 4 {
            break;
        }
    }
    began.elapsed()
}

#[tokio::test]
async fn a_slow_head_is_cut_by_a_total() {
    let upstream = Upstream::ok().await;
    let running = strict(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let head = b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let (took, response) = {
        let (mut read, mut write) = client.stream.into_split();
        let writing = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt;
            for byte in head {
                if write.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(SHORT / 6).await;
            }
        });
        use tokio::io::AsyncReadExt;
        let began = Instant::now();
        let mut bytes = Vec::new();
        let _ = read.read_to_end(&mut bytes).await;
        writing.abort();
        (began.elapsed(), String::from_utf8(bytes).unwrap())
    };
    assert!(
        response.starts_with("HTTP/1.1 408") && response.contains("head-timeout"),
        "{response}"
    );
    assert!(took < SHORT * 4, "{took:?}");
    // A second head on a connection has the same deadline.
    client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
    client.send("GET / HT").await;
    assert_eq!(client.response().await.status, 408);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let upstream = Upstream::ok().await;
    let running = strict(&upstream).await;
    for warm in [false, true] {
        let mut client = Client::connect(running.addresses()[0]).await;
        if warm {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
            assert_eq!(client.response().await.status, 200);
        }
        let began = Instant::now();
        assert!(client.is_closed().await);
        assert!(
            began.elapsed() > SHORT / 2 && began.elapsed() < SHORT * 8,
            "{:?}",
            began.elapsed()
        );
    }
    until("no connection", || running.connections() == 0).await;
}

#[tokio::test]
async fn a_slow_body_is_cut_by_a_total() {
    let upstream = Upstream::ok().await;
    let running = strict(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await;
    let took = drip(&mut client, &[b'x'; 100]).await;
    assert!(took < SHORT * 8, "{took:?}");
    let response = client.response().await;
    assert_eq!(response.status, 408);
    assert!(response.text().contains("body-timeout"));
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_silent_upstream_is_given_up() {
    let upstream = Upstream::new(|_| Reply::Silence).await;
    let running = strict(&upstream).await;
    let began = Instant::now();
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 504);
    assert!(began.elapsed() < SHORT * 4);
    assert_eq!(upstream.seen().len(), 1, "what may have been received is not sent again");
    until("upstream let go", || upstream.open() == 0).await;
}

#[tokio::test]
async fn a_slow_answer_is_streamed() {
    let upstream = Upstream::new(|_| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec();
        let mut pieces = vec![(Duration::ZERO, head)];
        pieces.extend((0..10).map(|_| (SHORT / 4, b"x".to_vec())));
        Reply::Slow(pieces)
    })
    .await;
    let running = strict(&upstream).await;
    let response = Client::ask(running.addresses()[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.text(), "xxxxxxxxxx");
    assert!(running.metrics().contains("streamed_total{reason=\"too-slow\",side=\"response\"} 1"));
}

#[tokio::test]
async fn a_streamed_answer_that_stops_is_broken_off() {
    let upstream = Upstream::new(|_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n";
        Reply::Slow(vec![(Duration::ZERO, head.into()), (SHORT * 20, b"late".to_vec())])
    })
    .await;
    let running = strict(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(client.chunk().await, b"data: 1\n\n");
    let began = Instant::now();
    assert!(client.is_closed().await, "no last chunk: the client can tell that it is not whole");
    assert!(began.elapsed() < SHORT * 6);
}

/// A client that reads nothing loses its connection; what it asked for is given back.
#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let upstream = Upstream::new(|_| Reply::ok(vec![b'x'; 7_000_000])).await;
    let running = strict(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until("the answer is held", || upstream.seen().len() == 1).await;
    until("no connection", || running.connections() == 0).await;
    until("no bytes held", || running.metrics().contains("buffered_bytes 0")).await;
}

#[tokio::test]
async fn a_type_of_grpc_outside_of_grpc_lifts_no_limit() {
    let upstream = Upstream::ok().await;
    let running = strict(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nTransfer-Encoding: \
        chunked\r\n\r\n";
    client.send([head, "1\r\na\r\n"].concat()).await;
    assert_eq!(client.response().await.status, 408);
    assert_eq!(upstream.connections(), 0);
}
