//! Messages of gRPC, one by one: each goes on as soon as it is whole and nobody has anything against it, and the first
//! that is refused ends the call on both sides.

use std::{
    io::Write as _,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bartizan_gateway::{Config, config::UpstreamProtocol};
use bartizan_model::PolicyOutcome;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::{
    enforcement::Guarded,
    harness::{Client, PATIENCE, Reply, Upstream, until},
    streams::{Channel, connect_streaming},
};

/// Far more than is needed: not what is tested here.
const ROOM: &str = "budget_micros: 1000000";

/// What an upstream saw of the bodies of its calls: data, and how they ended.
type Told = Arc<Mutex<Vec<String>>>;

/// An upstream that sends back each piece as it comes; below `/late.` its answer begins when all has come.
async fn echo() -> (SocketAddr, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let told = Told::default();
    let all = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let told = Arc::clone(&all);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(answer(request, respond, Arc::clone(&told)));
                }
            });
        }
    });
    (address, told)
}

async fn answer(
    request: Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    told: Told,
) {
    let is_late = request.uri().path().starts_with("/late.");
    let mut body = request.into_body();
    let head = || Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let mut send = (!is_late).then(|| respond.send_response(head(), false).unwrap());
    loop {
        let end = match body.data().await {
            Some(Ok(data)) => {
                told.lock().unwrap().push(format!("{} bytes", data.len()));
                let _ = body.flow_control().release_capacity(data.len());
                if let Some(send) = &mut send {
                    let _ = send.send_data(data, false);
                }
                continue;
            }
            Some(Err(error)) => format!("{:?}", error.reason()),
            None => "end".to_owned(),
        };
        let is_over = end == "end";
        told.lock().unwrap().push(end);
        if is_over {
            let mut send = match send {
                Some(send) => send,
                None => respond.send_response(head(), false).unwrap(),
            };
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let _ = send.send_trailers(trailers);
        }
        return;
    }
}

/// A gateway with policies before such an upstream.
async fn guarded(policies: &str) -> (Guarded, Told) {
    guarded_with(policies, |_| {}).await
}

async fn guarded_with(policies: &str, change: impl FnOnce(&mut Config)) -> (Guarded, Told) {
    let (address, told) = echo().await;
    let guarded = Guarded::with(policies, |config| {
        config.services[0].upstreams = vec![address.to_string()];
        config.services[0].protocol = UpstreamProtocol::Http2;
        change(config);
    });
    (guarded.await, told)
}

/// A call under way.
struct Calling {
    send: Option<mpsc::Sender<Frame<Bytes>>>,
    response: tokio::task::JoinHandle<Response<Incoming>>,
}

impl Calling {
    async fn new(guarded: &Guarded, path: &str, coding: Option<&str>) -> Self {
        let (send, receive) = mpsc::channel(100);
        let mut request = Request::post(format!("http://a{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(coding) = coding {
            request = request.header("grpc-encoding", coding);
        }
        let request = request.body(Channel(receive)).unwrap();
        let mut client = connect_streaming(guarded.gateway.addresses()[0]).await;
        let response =
            tokio::spawn(async move { client.send_request(request).await.expect("an answer") });
        Self { send: Some(send), response }
    }

    async fn say(&self, bytes: impl Into<Bytes>) {
        let send = self.send.as_ref().unwrap();
        // It may be refused by now.
        let _ = send.send(Frame::data(bytes.into())).await;
    }

    /// The head of the answer.
    async fn head(self) -> (Response<Incoming>, Option<mpsc::Sender<Frame<Bytes>>>) {
        (timeout(PATIENCE, self.response).await.unwrap().unwrap(), self.send)
    }
}

async fn next(body: &mut Incoming) -> Option<Frame<Bytes>> {
    let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
    timeout(PATIENCE, frame).await.unwrap().map(|frame| frame.expect("no reset"))
}

/// What is left of an answer: its bytes, and `grpc-status`.
async fn rest(mut body: Incoming) -> (Vec<u8>, String) {
    let (mut data, mut status) = (Vec::new(), String::new());
    while let Some(frame) = next(&mut body).await {
        match frame.into_data() {
            Ok(piece) => data.extend(piece),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap();
                status = trailers["grpc-status"].to_str().unwrap().to_owned();
            }
        }
    }
    (data, status)
}

fn framed(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flags][..], &length.to_be_bytes(), message].concat()
}

/// A message with one text.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    framed(0, &[&[0x0a, length][..], text.as_bytes()].concat())
}

/// What the policies `a` and `b` decided about an exchange, once it is over.
async fn decided(guarded: &Guarded, at: usize) -> Vec<(String, PolicyOutcome, &'static str)> {
    let all = guarded.decided(at).await.into_iter();
    all.filter(|one| ["a", "b"].contains(&one.0.as_str()))
        .map(|one| (one.0, one.2, one.3))
        .collect()
}

/// Long enough that a call is not held any more.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn messages_go_both_ways_one_by_one() {
    let policies = format!(
        "[{{name: a, mode: enforce, grpc: {{{ROOM}}}}}, {{name: b, mode: enforce, detectors: {{{ROOM}}}}}]"
    );
    let (guarded, told) = guarded(&policies).await;
    let calling = Calling::new(&guarded, "/x.Y/Chat", None).await;
    calling.say(text("one")).await;
    let (response, send) = calling.head().await;
    let (mut body, send) = (response.into_body(), send.unwrap());
    let first = next(&mut body).await.unwrap().into_data().unwrap();
    assert_eq!(first, text("one"));
    // One that is spread over many frames, and two in one.
    let long = framed(0, &[&[0x0a, 0xc8, 0x01][..], &[b'x'; 200]].concat());
    for piece in long.chunks(7) {
        send.send(Frame::data(Bytes::copy_from_slice(piece))).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut came = Vec::new();
    while came.len() < long.len() {
        came.extend(next(&mut body).await.unwrap().into_data().unwrap());
    }
    assert_eq!(came, long);
    assert_eq!(told.lock().unwrap().len(), 2, "it went on as a whole");
    let two = [text("two"), text("three")[..6].to_vec()].concat();
    send.send(Frame::data(two.into())).await.unwrap();
    assert_eq!(
        next(&mut body).await.unwrap().into_data().unwrap(),
        text("two"),
        "it does not wait"
    );
    send.send(Frame::data(text("three")[6..].to_vec().into())).await.unwrap();
    drop(send);
    assert_eq!(rest(body).await, (text("three"), "0".to_owned()));
    assert!(decided(&guarded, 0).await.is_empty());
    until("nothing is held", || guarded.gateway.metrics().contains("buffered_bytes 0\n")).await;
}

#[tokio::test]
async fn the_first_message_that_is_refused_ends_the_call() {
    let policies = format!(
        "[{{name: a, mode: enforce, grpc: {{{ROOM}, message_bytes: 60, call_messages: 4}}}},
          {{name: b, mode: enforce, detectors: {{{ROOM}, codes: [sql-injection]}}}}]"
    );
    let attack = text("x' or '1'='1");
    let many = text("a").repeat(4);
    for (at, (message, status, policy, reason)) in [
        (text(&"x".repeat(59)), "8", "a", "message-size"),
        (attack, "7", "b", "sql-injection"),
        (many, "8", "a", "messages"),
        (b"{\"a\": 1}".to_vec(), "3", "a", "frames"),
    ]
    .into_iter()
    .enumerate()
    {
        let (guarded, told) = guarded(&policies).await;
        let calling = Calling::new(&guarded, "/x.Y/Chat", None).await;
        calling.say(text("fine")).await;
        let (response, send) = calling.head().await;
        let mut body = response.into_body();
        assert_eq!(next(&mut body).await.unwrap().into_data().unwrap(), text("fine"));
        let send = send.unwrap();
        send.send(Frame::data(message.into())).await.unwrap();
        let (_, ended) = rest(body).await;
        assert_eq!(ended, status, "{at} {reason}");
        until("reset", || told.lock().unwrap().last().is_some_and(|l| l == "Some(CANCEL)")).await;
        let expected = (policy.to_owned(), PolicyOutcome::Enforced, reason);
        assert_eq!(decided(&guarded, 0).await, [expected]);
        drop(send);
    }
}

#[tokio::test]
async fn a_call_without_an_answer_yet_is_answered_with_the_status() {
    let policies = format!("[{{name: a, mode: enforce, grpc: {{{ROOM}, message_bytes: 20}}}}]");
    let (guarded, told) = guarded(&policies).await;
    let calling = Calling::new(&guarded, "/late.Y/Chat", None).await;
    calling.say(text("fine")).await;
    pause().await;
    calling.say(text(&"x".repeat(100))).await;
    let (response, _send) = calling.head().await;
    let field = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!((response.status().as_u16(), field("grpc-status")), (200, "8"));
    assert_eq!(field("content-type"), "application/grpc");
    assert!(field("grpc-message").contains("grpc-refused, incident "), "{:?}", response.headers());
    until("reset", || told.lock().unwrap().last().is_some_and(|l| l == "Some(CANCEL)")).await;
    // A head that is refused is answered the same way.
    let calling = Calling::new(&guarded, "/grpc.reflection.v1.ServerReflection/Info", None).await;
    calling.say(framed(0, b"")).await;
    let (response, _send) = calling.head().await;
    let status = response.headers()["grpc-status"].to_str().unwrap();
    assert_eq!((response.status().as_u16(), status), (200, "7"));
    assert_eq!(decided(&guarded, 1).await[0].2, "reflection");
}

#[tokio::test]
async fn half_a_message_is_refused() {
    let policies = format!("[{{name: a, mode: enforce, grpc: {{{ROOM}}}}}]");
    let (guarded, told) = guarded(&policies).await;
    let mut calling = Calling::new(&guarded, "/late.Y/Chat", None).await;
    calling.say(text("fine")).await;
    pause().await;
    calling.say(text("half")[..7].to_vec()).await;
    calling.send = None;
    let (response, _) = calling.head().await;
    assert_eq!(response.headers()["grpc-status"], "3");
    until("reset", || told.lock().unwrap().last().is_some_and(|l| l == "Some(CANCEL)")).await;
    assert_eq!(told.lock().unwrap()[0], format!("{} bytes", text("fine").len()));
}

#[tokio::test]
async fn what_is_only_watched_goes_on_as_it_is() {
    let policies = format!(
        "[{{name: a, grpc: {{{ROOM}, message_bytes: 10}}}}, {{name: b, detectors: {{{ROOM}, codes: [sql-injection]}}}}]"
    );
    let (guarded, _) = guarded(&policies).await;
    let calling = Calling::new(&guarded, "/x.Y/Chat", None).await;
    let mut all = text("fine");
    calling.say(all.clone()).await;
    pause().await;
    let attack = text("x' or '1'='1");
    for bytes in [attack.clone(), attack, text("half")[..7].to_vec()] {
        all.extend(&bytes);
        calling.say(bytes).await;
    }
    let (response, send) = calling.head().await;
    drop(send);
    assert_eq!(rest(response.into_body()).await, (all, "0".to_owned()));
    let decided = decided(&guarded, 0).await;
    // Once for each reason, and for the answers of the echo too.
    for (policy, reason) in [("a", "frames"), ("a", "message-size"), ("b", "sql-injection")] {
        let expected = (policy.to_owned(), PolicyOutcome::Monitored, reason);
        let times = decided.iter().filter(|one| **one == expected).count();
        assert!((1..=2).contains(&times), "{decided:?}");
    }
}

#[tokio::test]
async fn what_the_service_answers_is_compared_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.proto");
    let proto = "syntax = \"proto3\"; package x; service Y { rpc Chat(stream A) returns (stream B); }\
        message A { string text = 1; int32 n = 2; } message B { string text = 1; }";
    std::fs::write(&file, proto).unwrap();
    let policies = format!(
        "[{{name: a, mode: enforce, grpc: {{{ROOM}, descriptors: '{}'}}}}]",
        file.display()
    );
    let (guarded, told) = guarded(&policies).await;
    let calling = Calling::new(&guarded, "/x.Y/Chat", None).await;
    calling.say(text("fine")).await;
    let (response, send) = calling.head().await;
    let (mut body, send) = (response.into_body(), send.unwrap());
    assert_eq!(next(&mut body).await.unwrap().into_data().unwrap(), text("fine"));
    // What clients may say, and the service may not, which the echo does.
    send.send(Frame::data(framed(0, &[0x10, 7]).into())).await.unwrap();
    assert_eq!(rest(body).await, (vec![], "13".to_owned()));
    until("reset", || told.lock().unwrap().last().is_some_and(|l| l == "Some(CANCEL)")).await;
    assert_eq!(decided(&guarded, 0).await[0].2, "field");
}

#[tokio::test]
async fn what_is_compressed_is_read_within_bounds() {
    let gzip = |data: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(data).unwrap();
        out.finish().unwrap()
    };
    let policies = format!(
        "[{{name: a, mode: enforce, grpc: {{{ROOM}, message_bytes: 100000, on_unreadable: refuse}}}},
          {{name: b, mode: enforce, detectors: {{{ROOM}, codes: [sql-injection]}}}}]"
    );
    let attack = text("x' or '1'='1");
    for (coding, message, status) in [
        ("gzip", gzip(&text("fine")[5..]), "0"),
        ("gzip", gzip(&attack[5..]), "7"),
        ("gzip", gzip(&[0; 1_000_000]), "8"),
        ("gzip", b"no gzip".to_vec(), "12"),
        ("snappy", gzip(&text("fine")[5..]), "12"),
    ] {
        let (guarded, _) = guarded(&policies).await;
        let calling = Calling::new(&guarded, "/late.Y/Chat", Some(coding)).await;
        calling.say(framed(0, b"")).await;
        pause().await;
        calling.say(framed(1, &message)).await;
        let (send, response) = (calling.send, calling.response);
        drop(send);
        let response = timeout(PATIENCE, response).await.unwrap().unwrap();
        let told = match response.headers().get("grpc-status") {
            Some(status) => status.to_str().unwrap().to_owned(),
            None => rest(response.into_body()).await.1,
        };
        assert_eq!(told, status, "{coding} {}", message.len());
    }
}

#[tokio::test]
async fn slow_clients_hold_no_more_than_their_part() {
    let policies = format!("[{{name: a, mode: enforce, grpc: {{{ROOM}}}}}]");
    let (guarded, _) = guarded_with(&policies, |config| {
        config.limits.buffered_bytes = 1 << 20;
        config.limits.buffered_bytes_per_client = 100_000;
        config.limits.request_body_bytes = 100_000;
        config.limits.response_body_bytes = 100_000;
    })
    .await;
    let begun = framed(0, &[0; 60_000]);
    let mut calls = Vec::new();
    for _ in 0..3 {
        let calling = Calling::new(&guarded, "/late.Y/Chat", None).await;
        calling.say(framed(0, b"")).await;
        pause().await;
        for piece in begun[..50_000].chunks(10_000) {
            calling.say(piece.to_vec()).await;
        }
        pause().await;
        calls.push(calling);
    }
    let held = |metrics: String| {
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("bartizan_gateway_buffered_bytes ")?.parse().ok());
        line.unwrap_or(0_u64)
    };
    let held = held(guarded.gateway.metrics());
    assert!((50_000..=100_000).contains(&held), "{held}");
    // The one for which there was no room is refused, and can come again.
    let (response, _send) = calls.pop().unwrap().head().await;
    assert_eq!(response.headers()["grpc-status"], "8");
    drop(calls);
    until("given back", || guarded.gateway.metrics().contains("buffered_bytes 0\n")).await;
}

/// What browsers read ends within the body.
#[tokio::test]
async fn texts_of_grpc_web_are_looked_at_and_end_in_the_body() {
    let chunk = |bytes: &[u8]| {
        let text = STANDARD.encode(bytes);
        format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web-text+proto\r\ntransfer-encoding: chunked\r\n\r\n";
    let pieces = vec![
        (Duration::ZERO, [head.as_bytes(), &chunk(&text("one"))[..]].concat()),
        (Duration::from_millis(100), chunk(&text(&"x".repeat(100)))),
        (Duration::from_millis(100), b"0\r\n\r\n".to_vec()),
    ];
    let upstream = Upstream::new(move |_| Reply::Slow(pieces.clone())).await;
    let address = upstream.address.to_string();
    let policies = format!("[{{name: a, mode: enforce, grpc: {{{ROOM}, message_bytes: 20}}}}]");
    let guarded =
        Guarded::with(&policies, |config| config.services[0].upstreams = vec![address]).await;
    let body = STANDARD.encode(text("ask"));
    let request = format!(
        "POST /x.Y/Watch HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Client::ask(guarded.gateway.addresses()[0], request).await;
    let first = STANDARD.encode(text("one"));
    let (one, ending) = answer.text().split_at(first.len());
    assert_eq!((answer.status, one), (200, first.as_str()));
    let ending = STANDARD.decode(ending).unwrap();
    assert_eq!(ending[0], 0x80);
    let ending = String::from_utf8(ending[5..].to_vec()).unwrap();
    assert!(ending.starts_with("grpc-status: 13\r\ngrpc-message: "), "{ending}");
    assert_eq!(decided(&guarded, 0).await[0].2, "message-size");
    // A request of that kind that is too large is refused before anything goes on.
    let large = STANDARD.encode(text(&"x".repeat(100)));
    let request = format!(
        "POST /x.Y/Watch HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    );
    assert_eq!(Client::ask(guarded.gateway.addresses()[0], request).await.status, 413);
    assert_eq!(upstream.seen().len(), 1);
}
