//! Framing of HTTP/1 requests: lengths, chunks, trailers, and where the next request begins.

use crate::harness::{Client, Upstream, gateway, gateway_with};

fn post(rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{rest}")
}

#[tokio::test]
async fn a_chunk_refused_in_a_later_packet_stops_the_request() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    client.send("3\nabc\r\n0\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!(response.status, 400);
    assert!(response.text().contains("bare-line-feed"), "{}", response.text());
    assert!(client.is_closed().await);
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn valid_bodies_arrive_with_one_framing() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    for (rest, body) in [
        ("Content-Length: 3\r\n\r\nabc", "abc"),
        ("Content-Length: 003\r\n\r\nabc", "abc"),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("Transfer-Encoding: CHUNKED\r\n\r\n1;x=y\r\na\r\n002\r\nbc\r\n0\r\n\r\n", "abc"),
        ("Content-Length: 5\r\n\r\n\r\n\0\n\r", "\r\n\0\n\r"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    ] {
        let before = upstream.seen().len();
        assert_eq!(Client::ask(running.addresses()[0], post(rest)).await.status, 200, "{rest:?}");
        let seen = &upstream.seen()[before];
        assert_eq!(seen.body, body.as_bytes(), "{rest:?}");
        assert_eq!(seen.all("content-length").len(), 1, "{rest:?}: {}", seen.head);
        assert_eq!(seen.field("transfer-encoding"), None);
    }
}

#[tokio::test]
async fn trailers_arrive() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let rest =
        "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n";
    assert_eq!(Client::ask(running.addresses()[0], post(rest)).await.status, 200);
    let seen = upstream.only();
    assert_eq!((seen.body.as_slice(), seen.trailers.as_str()), (&b"abc"[..], "x-sum: 6"));
    assert_eq!(seen.field("content-length"), None);
}

/// A refused head behind good requests: those are answered, in order, then it is.
#[tokio::test]
async fn a_smuggled_request_is_seen_as_what_it_is() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let bytes = [
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /5 HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    client.send(bytes.concat()).await;
    for _ in 1..=3 {
        assert_eq!(client.response().await.status, 200);
    }
    let refused = client.response().await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("length-and-coding"));
    assert!(client.is_closed().await);
    let seen = upstream.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line()).collect();
    assert_eq!(lines, ["POST /1 HTTP/1.1", "POST /2 HTTP/1.1", "GET /3 HTTP/1.1"]);
}

/// Every way of cutting a request into packets gives the same result.
#[tokio::test]
async fn packets_do_not_matter() {
    let upstream = Upstream::ok().await;
    let running = gateway(&upstream).await;
    let good = post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    let bad = post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (bytes, status) in [(good, 200), (bad, 400)] {
        for step in [1, 7, 40] {
            let mut client = Client::connect(running.addresses()[0]).await;
            for piece in bytes.as_bytes().chunks(step) {
                client.send(piece).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(client.response().await.status, status, "{step}");
        }
    }
    let bodies: Vec<_> = upstream.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [b"abc"; 3]);
}

/// The method that stands for refused heads inside is of no use outside.
#[tokio::test]
async fn the_stand_in_cannot_be_forged() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| config.methods = vec!["*".to_owned()]).await;
    let response =
        Client::ask(running.addresses()[0], "X-REFUSED / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(response.status, 200);
    assert_eq!(upstream.only().line(), "X-REFUSED / HTTP/1.1");
}
