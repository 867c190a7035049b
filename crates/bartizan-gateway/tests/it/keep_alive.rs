//! Connections that are used again, on both sides.

use crate::harness::{Client, Reply, Upstream, gateway};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn one_connection_carries_many_exchanges() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    for _ in 0..20 {
        client.send(GET).await;
        assert_eq!(client.response().await.text(), "ok");
    }
    assert_eq!(upstream.seen().len(), 20);
    assert_eq!(upstream.connections(), 1);
    assert_eq!(running.connections(), 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::new(|seen| Reply::ok(seen.line())).await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let requests: Vec<_> =
        (0..30).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send(requests.concat()).await;
    for n in 0..30 {
        assert_eq!(client.response().await.text(), format!("GET /{n} HTTP/1.1"));
    }
}

#[tokio::test]
async fn close_is_honoured_on_either_side() {
    let upstream = Upstream::new(|_| {
        Reply::Last(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok".to_vec())
    })
    .await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    for _ in 0..3 {
        client.send(GET).await;
        let response = client.response().await;
        assert_eq!(response.text(), "ok");
        assert_eq!(response.field("connection"), None, "the upstream's is not the client's");
    }
    assert_eq!(upstream.connections(), 3);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.response().await.field("connection"), Some("close"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn http_1_0_closes_unless_asked_not_to() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").await;
    assert_eq!(client.response().await.text(), "ok");
    client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.text(), "ok");
    assert!(client.is_closed().await);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn an_idle_upstream_connection_that_closed_is_not_used() {
    let upstream =
        Upstream::new(|_| Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()))
            .await;
    let running = gateway(&upstream).await;
    for _ in 0..5 {
        assert_eq!(Client::ask(running.addresses()[0], GET).await.text(), "ok");
    }
    assert_eq!(upstream.seen().len(), 5, "nothing was sent twice");
}
