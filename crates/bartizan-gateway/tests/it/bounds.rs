//! Bounds: exchanges under way, connections to upstreams, bytes that are held; and what one client
//! may have of them.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bartizan_gateway::{
    AllowAll, Config, Gateway, Running,
    config::{OverLimit, UpstreamProtocol},
    handover,
};
use bartizan_model::BodyState;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
};

use crate::harness::{
    Client, Reply, Upstream, config_with, gateway_with,
    http2::{Frames, connect},
    until,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn limit(name: &str, count: usize) -> String {
    format!("limit_refusals_total{{limit=\"{name}\"}} {count}")
}

/// Addresses of other clients. Clients share counters with a small chance, hardly ever all of these.
const OTHERS: [&str; 4] = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];

/// A client with another address of this machine.
async fn connect_from(address: &str, to: SocketAddr) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    Client::over(socket.connect(to).await.unwrap())
}

/// Whether any of the other clients gets this status.
async fn any_other_gets(status: u16, to: SocketAddr, request: &str) -> bool {
    for address in OTHERS {
        let mut client = connect_from(address, to).await;
        client.send(request).await;
        if client.response().await.status == status {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn exchanges_are_bounded() {
    let upstream = Upstream::new(|seen| match seen.line().contains("/slow") {
        true => Reply::Silence,
        false => Reply::ok("ok"),
    })
    .await;
    let whole: fn(&mut Config) = |config| config.limits.exchanges = 2;
    let own: fn(&mut Config) = |config| config.limits.exchanges_per_client = 2;
    for (change, name, code, is_for_all) in [
        (whole, "exchanges", "too-busy\"", true),
        (own, "exchanges_per_client", "too-busy-client\"", false),
    ] {
        let running = gateway_with(&upstream, change).await;
        let address = running.addresses()[0];
        let mut busy = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(address).await;
            client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
            busy.push(client);
        }
        until("two under way", || running.metrics().contains("exchanges_open 2")).await;
        let seen = upstream.seen().len();
        let refused = Client::ask(address, GET).await;
        assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
        assert!(refused.text().contains(code), "{}", refused.text());
        assert_eq!(upstream.seen().len(), seen, "nothing went on");
        assert!(running.metrics().contains(&limit(name, 1)), "{}", running.metrics());
        assert_eq!(any_other_gets(200, address, GET).await, !is_for_all);
        drop(busy);
        until("none under way", || running.metrics().contains("exchanges_open 0")).await;
        assert_eq!(Client::ask(address, GET).await.status, 200);
    }
}

#[tokio::test]
async fn connections_to_an_upstream_are_bounded() {
    let upstream = Upstream::new(|seen| match seen.line().contains("/slow") {
        true => Reply::Silence,
        false => Reply::ok("ok"),
    })
    .await;
    let other = Upstream::new(|_| Reply::Silence).await;
    let slow = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    let running = gateway_with(&upstream, |config| config.limits.upstream_connections = 1).await;
    let address = running.addresses()[0];
    // What is idle makes room for what needs a connection of its own.
    assert_eq!(Client::ask(address, GET).await.status, 200);
    let handshake = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    assert_eq!(Client::ask(address, handshake).await.status, 200, "declined, but asked");
    until("let go", || running.metrics().contains("value=\"open\"} 0")).await;
    let mut busy = Client::connect(address).await;
    busy.send(slow).await;
    until("sent", || upstream.seen().len() == 3).await;
    for request in [GET, handshake] {
        let refused = Client::ask(address, request).await;
        assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
        assert!(refused.text().contains("upstream-full"));
    }
    assert!(running.metrics().contains(&limit("upstream_connections", 2)));
    assert!(running.metrics().contains("value=\"healthy\"} 1"), "that is no fault of it");
    drop(busy);
    until("let go", || running.metrics().contains("value=\"open\"} 0")).await;
    assert_eq!(Client::ask(address, GET).await.status, 200);
    // Another upstream of the service is asked first.
    let running = gateway_with(&upstream, |config| {
        config.limits.upstream_connections = 1;
        config.services[0].upstreams.push(other.address.to_string());
    })
    .await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(slow).await;
        busy.push(client);
    }
    until("both are asked", || other.seen().len() == 1 && upstream.seen().len() == 5).await;
    assert_eq!(Client::ask(running.addresses()[0], slow).await.status, 503);
}

/// An upstream on HTTP/2 that takes so many exchanges on a connection and answers when it is let:
/// connections and exchanges so far.
async fn narrow(streams: u32, leave: Arc<Semaphore>) -> (SocketAddr, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let counted = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted[0].fetch_add(1, SeqCst);
            let (counted, leave) = (Arc::clone(&counted), Arc::clone(&leave));
            let service = service_fn(move |_: Request<Incoming>| {
                let (counted, leave) = (Arc::clone(&counted), Arc::clone(&leave));
                async move {
                    counted[1].fetch_add(1, SeqCst);
                    leave.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(Response::new(Frames::new(&["ok"], None)))
                }
            });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .max_concurrent_streams(streams)
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, counts)
}

async fn before_narrow(address: SocketAddr, change: impl FnOnce(&mut Config)) -> Running {
    let unused = Upstream::ok().await;
    gateway_with(&unused, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
        change(config);
    })
    .await
}

#[tokio::test]
async fn another_http2_connection_is_opened_when_one_is_used_up() {
    let leave = Arc::new(Semaphore::new(0));
    let (address, counts) = narrow(2, Arc::clone(&leave)).await;
    let running = before_narrow(address, |_| {}).await;
    let client = connect(running.addresses()[0]).await;
    let ask = || {
        let mut client = client.clone();
        tokio::spawn(async move {
            let request = Request::get("http://a/").body(Frames::new(&[], None)).unwrap();
            client.send_request(request).await.unwrap().status().as_u16()
        })
    };
    let asked: Vec<_> = (0..5).map(|_| ask()).collect();
    until("all five are asked at a time", || counts[1].load(SeqCst) == 5).await;
    assert_eq!(counts[0].load(SeqCst), 3, "connections");
    leave.add_permits(5);
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    // They are used again.
    let asked: Vec<_> = (0..6).map(|_| ask()).collect();
    until("all six are asked at a time", || counts[1].load(SeqCst) == 11).await;
    assert_eq!(counts[0].load(SeqCst), 3, "connections");
    leave.add_permits(6);
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn http2_connections_are_bounded_too() {
    let leave = Arc::new(Semaphore::new(0));
    let (address, counts) = narrow(1, Arc::clone(&leave)).await;
    let running = before_narrow(address, |config| {
        config.limits.upstream_connections = 2;
        config.deadlines.upstream_idle = Duration::ZERO;
    })
    .await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(running.addresses()[0]).await;
        client.send(GET).await;
        busy.push(client);
    }
    until("two are asked", || counts[1].load(SeqCst) == 2).await;
    let refused = Client::ask(running.addresses()[0], GET).await;
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
    leave.add_permits(3);
    for client in &mut busy {
        assert_eq!(client.response().await.text(), "ok");
    }
    assert_eq!(Client::ask(running.addresses()[0], GET).await.status, 200);
    until("idle ones are closed", || running.metrics().contains("value=\"open\"} 0")).await;
}

#[tokio::test]
async fn one_client_cannot_take_the_whole_budget() {
    let upstream = Upstream::ok().await;
    let running = gateway_with(&upstream, |config| {
        config.limits.request_body_bytes = 1000;
        config.limits.response_body_bytes = 1000;
        config.limits.buffered_bytes = 10_000;
        config.limits.buffered_bytes_per_client = 1000;
    })
    .await;
    let address = running.addresses()[0];
    let mut greedy = Client::connect(address).await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n";
    greedy.send([head, &"x".repeat(800)].concat()).await;
    until("held", || running.metrics().contains("buffered_bytes 800")).await;
    let post =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n{}", "x".repeat(300));
    let refused = Client::ask(address, &post).await;
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
    assert!(refused.text().contains("buffer-share"));
    assert!(running.metrics().contains(&limit("buffered_bytes_per_client", 1)));
    assert!(any_other_gets(200, address, &post).await, "others have theirs");
    greedy.send("x".repeat(100)).await;
    assert_eq!(greedy.response().await.status, 200);
}

/// The upstream has executed the request: the client gets what it answered.
#[tokio::test]
async fn an_answer_without_room_is_not_told_as_a_failure() {
    let answer = "0123456789".repeat(50);
    let body = answer.clone();
    let upstream = Upstream::new(move |_| Reply::ok(&body)).await;
    for refuses in [false, true] {
        let running = gateway_with(&upstream, |config| {
            config.limits.request_body_bytes = 1000;
            config.limits.response_body_bytes = 1000;
            config.limits.buffered_bytes = 1000;
            if refuses {
                config.services[0].response_over = OverLimit::Refuse;
            }
        })
        .await;
        let address = running.addresses()[0];
        let mut holder = Client::connect(address).await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n";
        holder.send([head, &"x".repeat(800)].concat()).await;
        until("held", || running.metrics().contains("buffered_bytes 800")).await;
        let response = Client::ask(address, GET).await;
        if refuses {
            assert_eq!((response.status, response.field("retry-after")), (502, None));
            assert!(response.text().contains("response-no-room"));
        } else {
            assert_eq!((response.status, response.text()), (200, answer.as_str()));
            let counted = "streamed_total{reason=\"no-room\",side=\"response\"} 1";
            until("counted", || running.metrics().contains(counted)).await;
        }
    }
}

/// What is kept of a stream for the judgement counts, and gives way to what must be held.
#[tokio::test]
async fn recordings_are_under_the_budget() {
    let piece = vec![b'x'; 4000];
    let pause = Duration::from_millis(300);
    let upstream = Upstream::new(move |_| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        Reply::Slow(vec![
            (Duration::ZERO, head.into()),
            (Duration::ZERO, piece.clone()),
            (pause, piece.clone()),
            (pause, Vec::new()),
        ])
    })
    .await;
    let (handover, mut receiver) = handover::channel(10, 1 << 20);
    let config = config_with(&upstream, |config| {
        config.limits.request_body_bytes = 1000;
        config.limits.response_body_bytes = 1000;
        config.limits.buffered_bytes = 10_000;
        config.limits.captured_bytes = 20_000;
        config.deadlines.body_idle = pause * 3;
    });
    let running = Gateway::start(&config, Arc::new(AllowAll), handover).await.unwrap();
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send(GET).await;
    client.head().await;
    let mut came = client.chunk().await.len();
    until("counted", || running.metrics().contains("buffered_bytes 4000")).await;
    while came < 8000 {
        came += client.chunk().await.len();
    }
    drop(client);
    let exchange = receiver.recv().await.unwrap().into_exchange().unwrap();
    let response = exchange.response.unwrap();
    assert_eq!((response.body.len(), response.body_state), (4000, BodyState::Truncated));
    assert_eq!(response.body_bytes, Some(8000));
    until("given back", || running.metrics().contains("buffered_bytes 0")).await;
    assert!(running.metrics().contains("recordings_cut_total 1"));
}
