//! What one client does changes nothing for another.

use std::time::Duration;

use crate::harness::{Client, Reply, Upstream, gateway, until};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn an_aborted_request_ends_the_upstreams_work() {
    let upstream =
        Upstream::new(
            |seen| {
                if seen.line().contains("slow") { Reply::Silence } else { Reply::ok("ok") }
            },
        )
        .await;
    let running = gateway(&upstream).await;
    let mut aborting = Client::connect(running.addresses()[0]).await;
    aborting.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until("the request is under way", || upstream.seen().len() == 1).await;
    drop(aborting);
    until("the upstream is let go", || upstream.open() == 0).await;
    assert_eq!(Client::ask(running.addresses()[0], GET).await.text(), "ok");
    until("counted", || running.metrics().contains("aborted_total 1")).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_reaches_nobody() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    for framing in
        ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
    {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}")).await;
        drop(client);
    }
    until("no connection", || running.connections() == 0).await;
    assert_eq!(upstream.connections(), 0);
    assert_eq!(Client::ask(running.addresses()[0], GET).await.text(), "ok");
}

/// Neither malformed requests nor aborts count against an upstream.
#[tokio::test]
async fn health_depends_on_no_client() {
    let upstream =
        Upstream::new(
            |seen| {
                if seen.line().contains("slow") { Reply::Silence } else { Reply::ok("ok") }
            },
        )
        .await;
    let running = gateway(&upstream).await;
    for _ in 0..20 {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(client);
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send("GET / HTTP/1.1\nHost: a\n\n").await;
        drop(client);
    }
    let metrics = running.metrics();
    let healthy = format!("upstream{{upstream=\"{}\",value=\"healthy\"}} 1", upstream.address);
    assert!(metrics.contains(&healthy), "{metrics}");
    assert_eq!(Client::ask(running.addresses()[0], GET).await.text(), "ok");
}

/// Answers go to those who asked, also when all share an id.
#[tokio::test]
async fn a_shared_request_id_mixes_nothing_up() {
    let upstream = Upstream::new(|seen| {
        let body = seen.line().to_owned();
        let bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        Reply::Slow(vec![(Duration::from_millis(20), bytes.into_bytes())])
    })
    .await;
    let running = gateway(&upstream).await;
    let address = running.addresses()[0];
    let asks = (0..40).map(|n| {
        tokio::spawn(async move {
            let request = format!("GET /{n} HTTP/1.1\r\nHost: a\r\nX-Request-Id: same\r\n\r\n");
            (n, Client::ask(address, request).await.text().to_owned())
        })
    });
    for ask in asks.collect::<Vec<_>>() {
        let (n, text) = ask.await.unwrap();
        assert_eq!(text, format!("GET /{n} HTTP/1.1"));
    }
    let seen = upstream.seen();
    let mut ids: Vec<_> = seen.iter().map(|seen| seen.field("x-request-id").unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40, "ids of untrusted clients are not taken over");
}

/// The answer of a refusal arrives although the client goes on sending.
#[tokio::test]
async fn a_refusal_arrives_while_the_client_still_sends() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    for _ in 0..10 {
        let mut client = Client::connect(running.addresses()[0]).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n";
        client.send([head.as_bytes(), &vec![b'x'; 100_000]].concat()).await;
        assert_eq!(client.response().await.status, 413);
    }
}
