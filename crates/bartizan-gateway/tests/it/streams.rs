//! What never ends is never held: server-sent events and gRPC.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bartizan_gateway::config::UpstreamProtocol;
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use tokio::sync::mpsc;

use crate::harness::{
    Client, Reply, Upstream, gateway, gateway_with,
    http2::{Frames, collect, connect, grpc_upstream},
    until,
};

#[tokio::test]
async fn events_are_passed_on_at_once() {
    let pause = Duration::from_millis(400);
    let upstream = Upstream::new(move |_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        Reply::Slow(vec![
            (Duration::ZERO, format!("{head}9\r\ndata: 1\n\n\r\n").into_bytes()),
            (pause, b"9\r\ndata: 2\n\n\r\n".to_vec()),
            (pause, b"0\r\n\r\n".to_vec()),
        ])
    })
    .await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    let began = std::time::Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.contains("text/event-stream"));
    assert_eq!(client.chunk().await, b"data: 1\n\n");
    assert!(began.elapsed() < pause, "{:?}", began.elapsed());
    assert_eq!(client.chunk().await, b"data: 2\n\n");
    assert!(client.chunk().await.is_empty());
    assert_eq!(client.take(2).await, b"\r\n");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(upstream.connections(), 1, "a stream that ended leaves its connection usable");
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_it() {
    let upstream = Upstream::new(move |_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n";
        Reply::Slow(vec![
            (Duration::ZERO, head.into()),
            (Duration::from_secs(1), b"data: 2\n\n".to_vec()),
            (Duration::from_millis(200), b"data: 3\n\n".to_vec()),
            (Duration::from_millis(200), b"data: 4\n\n".to_vec()),
        ])
    })
    .await;
    let running = gateway(&upstream).await;
    let mut client = Client::connect(running.addresses()[0]).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.head().await;
    client.chunk().await;
    drop(client);
    until("the upstream is let go", || upstream.open() == 0).await;
    until("counted", || running.metrics().contains("aborted_total 1")).await;
}

#[tokio::test]
async fn grpc_goes_through_with_trailers() {
    let (address, seen) = grpc_upstream().await;
    let unused = Upstream::ok().await;
    let running = gateway_with(&unused, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
    })
    .await;
    let mut client = connect(running.addresses()[0]).await;
    for n in 0..5 {
        let message = format!("message {n}");
        let request = Request::post("http://a.example/pay.Pay/Charge")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Frames::new(&[&message], Some(&[("x-client", "1")])))
            .unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let (data, trailers) = collect(response.into_body()).await;
        assert_eq!(data, message.as_bytes());
        assert_eq!(trailers["grpc-status"], "0");
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 5);
    let (parts, data, trailers) = &seen[0];
    assert_eq!(parts.uri.authority().unwrap(), "a.example");
    assert_eq!(
        (parts.uri.path(), parts.headers["te"].to_str().unwrap()),
        ("/pay.Pay/Charge", "trailers")
    );
    assert!(!parts.headers.contains_key("host"));
    assert_eq!(data, b"message 0");
    assert_eq!(trailers["x-client"], "1");
}

/// A request body whose frames come one by one.
pub(crate) struct Channel(pub(crate) mpsc::Receiver<Frame<Bytes>>);

impl Body for Channel {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|next| next.map(Ok))
    }
}

fn piece(text: &'static str) -> Frame<Bytes> {
    Frame::data(text.into())
}

pub(crate) async fn connect_streaming(address: std::net::SocketAddr) -> SendRequest<Channel> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, driver) = hyper::client::conn::http2::handshake(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(stream),
    )
    .await
    .unwrap();
    tokio::spawn(driver);
    client
}

/// Trailers behind a body that was not held are checked as those behind one that was.
#[tokio::test]
async fn trailers_of_streamed_requests_are_checked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let whole = Arc::new(AtomicUsize::new(0));
    let counted = whole.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let counted = counted.clone();
            async move {
                let mut body = request.into_body();
                while let Some(frame) =
                    std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
                {
                    frame?;
                }
                counted.fetch_add(1, SeqCst);
                Ok::<_, hyper::Error>(http::Response::new(Frames::new(&["ok"], None)))
            }
        });
        hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
            .await
    });
    let unused = Upstream::ok().await;
    let running = gateway_with(&unused, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
    })
    .await;
    let mut client = connect_streaming(running.addresses()[0]).await;
    for (name, status) in
        [("x-sum", None), ("authorization", Some("3")), ("x-forwarded-for", Some("3"))]
    {
        let (send, receive) = mpsc::channel(1);
        let request = Request::post("http://a/x.Y/Chat")
            .header("content-type", "application/grpc")
            .body(Channel(receive))
            .unwrap();
        send.send(piece("one")).await.unwrap();
        tokio::spawn(async move {
            // It is streamed by now.
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut trailers = http::HeaderMap::new();
            trailers.insert(name, "1".parse().unwrap());
            send.send(Frame::trailers(trailers)).await.unwrap();
        });
        let response = client.send_request(request).await.unwrap();
        // A call of gRPC is refused with a status as gRPC has it.
        let told = response.headers().get("grpc-status").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), told), (200, status), "{name}");
    }
    assert_eq!(whole.load(SeqCst), 1, "the others did not arrive whole");
    let refused = "refusals_total{reason=\"trailer\"} 2";
    until("counted", || running.metrics().contains(refused)).await;
}

/// Of answers that are held and of answers that are not.
#[tokio::test]
async fn trailers_of_answers_hold_nothing_of_heads() {
    let bytes = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: set-cookie, x-sum\r\n\r\n\
        3\r\nabc\r\n0\r\nset-cookie: a=1\r\nx-sum: 6\r\ncontent-length: 1\r\n\r\n";
    let upstream = Upstream::new(move |_| Reply::bytes(bytes)).await;
    for streams in [false, true] {
        let running = gateway_with(&upstream, |config| {
            config.limits.response_body_bytes = if streams { 1 } else { 1000 };
        })
        .await;
        let get = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\n\r\n";
        let response = Client::ask(running.addresses()[0], get).await;
        assert_eq!((response.text(), response.trailers.as_str()), ("abc", "x-sum: 6"));
        assert!(running.metrics().contains("trailers_removed_total 1"));
    }
}

/// A call whose client waits for the server before it goes on: held for a moment, then streamed.
#[tokio::test]
async fn grpc_streams_both_ways() {
    // An upstream that answers each piece as it comes.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper::service::service_fn(|request: Request<Incoming>| async {
            let response = http::Response::builder().header("content-type", "application/grpc");
            Ok::<_, Infallible>(response.body(request.into_body()).unwrap())
        });
        hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service)
            .await
    });
    let unused = Upstream::ok().await;
    let running = gateway_with(&unused, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
    })
    .await;
    let mut client = connect_streaming(running.addresses()[0]).await;
    let (send, receive) = mpsc::channel(1);
    let request = Request::post("http://a/x.Y/Chat")
        .header("content-type", "application/grpc")
        .body(Channel(receive))
        .unwrap();
    send.send(piece("one")).await.unwrap();
    let response = client.send_request(request).await.unwrap();
    let mut body = response.into_body();
    for (came, next) in [("one", Some("two")), ("two", Some("three")), ("three", None)] {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), came);
        if let Some(next) = next {
            send.send(piece(next)).await.unwrap();
        }
    }
    drop(send);
    assert!(collect(body).await.0.is_empty());
    until("counted", || {
        running.metrics().contains("streamed_total{reason=\"endless\",side=\"request\"} 1")
    })
    .await;
}
