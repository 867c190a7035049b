//! Receivers on real sockets, and rules that all of them keep.

mod captured;
mod exported;
mod secured;

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::{body::Frame, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{
    access_log_service,
    work::tests::{Taken, outside},
    *,
};
use crate::sources::protobuf::write;

const PATIENCE: Duration = Duration::from_secs(30);

fn config(text: &str) -> ReceiverConfig {
    let text = text.replace("PORT", "0");
    serde_saphyr::from_str(&text).expect("a receiver")
}

/// A receiver on a free port.
fn start(text: &str, room: usize) -> (Receivers, SocketAddr, Arc<Taken>) {
    let (outside, taken) = outside(room);
    let receivers = Receivers::new(outside);
    let compiled = compile(&[config(text)]).expect("right");
    let started = receivers.apply(receivers.prepare(compiled).expect("listens"));
    (receivers, socket(&started[0].2), taken)
}

fn socket(place: &Place) -> SocketAddr {
    match place {
        Place::Socket { address, .. } => *address,
        Place::Interface(_) => panic!("{place}"),
    }
}

async fn ask(to: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).await.expect("connects");
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("in time");
    // A connection that is closed at once may be reset.
    let _ = read;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn post(to: SocketAddr, kind: &str, more: &str, body: &[u8]) -> String {
    let length = body.len();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {kind}\r\n{more}\
         content-length: {length}\r\n\r\n"
    );
    ask(to, &[head.as_bytes(), body].concat()).await
}

fn refused(receivers: &Receivers) -> Vec<(String, u64)> {
    let figures = receivers.figures().swap_remove(0);
    figures.refused.into_iter().map(|one| (one.name, one.count)).collect()
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what} takes too long");
        sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn every_kind_documents_itself_and_its_examples_compile() {
    for item in RECEIVERS {
        assert!(!item.title.is_empty() && !item.what.is_empty() && !item.sender.is_empty());
        for example in item.examples {
            let compiled = compile(&[config(example)]).expect(example);
            assert_eq!(compiled[0].item.kind, item.kind);
        }
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let problem = |text: &str| compile(&[config(text)]).expect_err(text).to_string();
    for (text, part) in [
        ("name: gateway\nlisten: 127.0.0.1:1\nmirror: {}", "not `gateway`"),
        ("name: a\nlisten: localhost\nmirror: {}", "`localhost` is no address with a port"),
        (
            "name: a\nlisten: 127.0.0.1:1",
            "one of `access_log_service`, `capture`, `ext_proc`, `mirror`",
        ),
        ("name: a\nlisten: 127.0.0.1:1\nmirror: {}\next_proc: {}", "a receiver is one thing"),
        ("name: a\nlisten: 127.0.0.1:1\npeers: [x]\nmirror: {}", "`peers`: `x` is no address"),
        ("name: a\nlisten: 127.0.0.1:1\nlimits: {streams: 0}\nmirror: {}", "expected 1 to"),
        ("name: a\nlisten: 127.0.0.1:1\nmirror: {original_uri: a b}", "is no name of a field"),
    ] {
        assert!(problem(text).contains(part), "{text}: {}", problem(text));
    }
    let one = config("name: a\nlisten: 127.0.0.1:1\nmirror: {}");
    let two = ReceiverConfig { name: "b".to_owned(), ..one.clone() };
    let error = compile(&[one.clone(), two]).expect_err("one socket").to_string();
    assert!(error.contains("listens there"), "{error}");
    assert!(compile(&[one.clone(), one]).expect_err("one name").to_string().contains("that name"));
}

#[tokio::test]
async fn a_mirror_takes_everything_and_answers_nothing_else_than_204() {
    let text = "name: edge\nlisten: 127.0.0.1:PORT\nlimits: {body_bytes: 8}\nmirror: {}\n";
    let (receivers, to, taken) = start(text, 2);
    let copy = |body: &str| {
        let length = body.len();
        format!(
            "POST /v1/a?b=1 HTTP/1.1\r\nhost: api.test-shadow\r\nx-real-ip: 1.1.1.1\r\n\
             x-forwarded-for: 192.0.2.9\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    for body in ["12345678", "123456789", "dropped"] {
        let answer = ask(to, copy(body).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }
    {
        let taken = taken.exchanges.lock().expect("whole");
        let [one, two] = &taken[..] else { panic!("{taken:?}") };
        assert_eq!((&*one.request.authority, &*one.request.target), ("api.test", "/v1/a?b=1"));
        assert_eq!(one.client.ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.9"));
        let body = |e: &Exchange| (e.request.body.to_vec(), e.request.body_state);
        use bartizan_model::BodyState;
        assert_eq!(body(one), (b"12345678".to_vec(), BodyState::Complete));
        assert_eq!(body(two), (b"12345678".to_vec(), BodyState::Truncated));
        assert!(one.response.is_none());
    }
    let figures = receivers.figures().swap_remove(0);
    assert_eq!((figures.handed_over, figures.dropped), (2, 1));
    assert_eq!(refused(&receivers), [("body_bytes".to_owned(), 1)]);
    until("ends", || receivers.figures()[0].connections == 0).await;
}

#[tokio::test]
async fn who_may_not_send_is_not_heard() {
    let text = "name: edge\nlisten: 127.0.0.1:PORT\npeers: [192.0.2.0/24]\nmirror: {}\n";
    let (receivers, to, taken) = start(text, 10);
    let answer = ask(to, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(answer, "");
    until("counted", || refused(&receivers) == [("peer".to_owned(), 1)]).await;
    assert!(taken.exchanges.lock().expect("whole").is_empty());
}

#[tokio::test]
async fn a_copy_that_breaks_off_is_none_and_one_that_is_late_is_cut() {
    let text = "name: edge\nlisten: 127.0.0.1:PORT\nlimits: {seconds: 1}\nmirror: {}\n";
    let (receivers, to, taken) = start(text, 10);
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc";
    let mut broken = TcpStream::connect(to).await.expect("connects");
    broken.write_all(head).await.expect("sent");
    drop(broken);
    until("broken", || refused(&receivers) == [("broken_off".to_owned(), 1)]).await;
    assert!(taken.exchanges.lock().expect("whole").is_empty());
    let answer = ask(to, head).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(refused(&receivers).contains(&("late".to_owned(), 1)));
    assert_eq!(taken.exchanges.lock().expect("whole")[0].request.body, "abc");
}

const SPANS: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"kind":2,"startTimeUnixNano":"1795341600123456789","attributes":[
        {"key":"http.request.method","value":{"stringValue":"GET"}},
        {"key":"url.path","value":{"stringValue":"/v1/orders/7"}},
        {"key":"http.response.status_code","value":{"intValue":"200"}}]},
    {"kind":3},
    {"kind":2,"attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}}]}]}]}]}"#;

#[tokio::test]
async fn traces_are_taken_and_what_was_not_is_told() {
    let text =
        "name: traces\nlisten: 127.0.0.1:PORT\nlimits: {message_bytes: 2048}\notlp_traces: {}\n";
    let (receivers, to, taken) = start(text, 1);
    let json = post(to, "application/json", "", SPANS.as_bytes()).await;
    assert!(json.starts_with("HTTP/1.1 200") && json.contains(r#""rejectedSpans":"1""#), "{json}");
    // There is no room for another.
    let json = post(to, "application/json; charset=utf-8", "", SPANS.as_bytes()).await;
    assert!(json.contains(r#""rejectedSpans":"2""#) && json.contains("no room"), "{json}");
    let mut packed = flate2::read::GzEncoder::new(SPANS.as_bytes(), flate2::Compression::fast());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut packed, &mut bytes).expect("packed");
    let json = post(to, "application/json", "content-encoding: gzip\r\n", &bytes).await;
    assert!(json.starts_with("HTTP/1.1 200") && json.contains("partialSuccess"), "{json}");
    assert_eq!(taken.exchanges.lock().expect("whole")[0].request.target, "/v1/orders/7");
    let figures = receivers.figures().swap_remove(0);
    assert_eq!((figures.handed_over, figures.dropped), (1, 2));
    let left_out: Vec<_> = figures.left_out.iter().map(|one| (&*one.name, one.count)).collect();
    assert_eq!(left_out, [("not_of_a_server", 3), ("request_incomplete", 3)]);
}

#[tokio::test]
async fn exports_that_are_none_are_refused_in_words() {
    let text =
        "name: traces\nlisten: 127.0.0.1:PORT\nlimits: {message_bytes: 2048}\notlp_traces: {}\n";
    let (receivers, to, _) = start(text, 1);
    let mut packed = flate2::read::GzEncoder::new(
        std::io::repeat(b' ').take_bytes(1 << 20),
        flate2::Compression::fast(),
    );
    let mut bomb = Vec::new();
    std::io::Read::read_to_end(&mut packed, &mut bomb).expect("packed");
    let gzip = "content-encoding: gzip\r\n";
    for (status, kind, more, body) in [
        ("400", "application/json", "", &b"{"[..]),
        ("400", "application/x-protobuf", "", b"\x0a\xff"),
        ("400", "application/json", gzip, b"{}"),
        ("413", "application/json", "", &[b' '; 2049]),
        ("413", "application/json", gzip, &bomb),
        ("415", "text/plain", "", b"{}"),
        ("415", "application/json", "content-encoding: br\r\n", b"{}"),
        ("200", "application/x-protobuf", "", b""),
    ] {
        let answer = post(to, kind, more, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status} {kind}: {answer}");
    }
    let answer = ask(to, b"GET /v1/traces HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    let expected = [("message_bytes", 2), ("unreadable", 3), ("not_served", 1), ("media_type", 2)];
    let counted = refused(&receivers);
    assert_eq!(counted.iter().map(|(name, n)| (&**name, *n)).collect::<Vec<_>>(), expected);
}

/// `Read::take`, which the trait of asynchronous reading hides.
trait TakeBytes: std::io::Read + Sized {
    fn take_bytes(self, bytes: u64) -> std::io::Take<Self> {
        std::io::Read::take(self, bytes)
    }
}
impl TakeBytes for std::io::Repeat {}

/// A call of gRPC that says all of this; its answers without their prefixes, and its status.
async fn call(to: SocketAddr, path: &str, said: Vec<u8>) -> (Vec<u8>, String) {
    call_in(to, path, "identity", said).await
}

/// The same with messages in a coding.
async fn call_in(to: SocketAddr, path: &str, coding: &str, said: Vec<u8>) -> (Vec<u8>, String) {
    let stream = TcpStream::connect(to).await.expect("connects");
    call_on(stream, path, coding, said).await
}

async fn call_on<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    path: &str,
    coding: &str,
    said: Vec<u8>,
) -> (Vec<u8>, String) {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("http://a{path}"))
        .header("content-type", "application/grpc")
        .header("grpc-encoding", coding)
        .body(Full::new(Bytes::from(said)))
        .expect("a request");
    let answer = timeout(PATIENCE, sender.send_request(request)).await.expect("in time");
    let answer = answer.expect("answered");
    let early = answer.headers().get("grpc-status").cloned();
    let body = timeout(PATIENCE, answer.into_body().collect()).await.expect("in time");
    let body = body.expect("whole");
    let late = body.trailers().and_then(|trailers| trailers.get("grpc-status").cloned());
    let status = early.or(late).map(|status| status.to_str().expect("text").to_owned());
    drop(sender);
    let _ = timeout(PATIENCE, connection).await;
    (body.to_bytes().to_vec(), status.unwrap_or_default())
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("small").to_be_bytes();
    [&[0][..], &length, message].concat()
}

const ALS: &str = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
const EXT_PROC: &str = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

#[tokio::test]
async fn entries_of_the_access_log_service_are_taken() {
    let text = "name: mesh\nlisten: 127.0.0.1:PORT\nlimits: {message_bytes: 1024}\naccess_log_service: {}\n";
    let (receivers, to, taken) = start(text, 10);
    let batch = access_log_service::tests::batch(false);
    let said = [framed(&batch), framed(&batch)].concat();
    assert_eq!(call(to, ALS, said).await, (vec![0; 5], "0".to_owned()));
    {
        let taken = taken.exchanges.lock().expect("whole");
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].request.target, "/v1/orders/7?a=1");
    }
    assert_eq!(call(to, "/a.B/C", framed(b"")).await.1, "12");
    assert_eq!(call(to, ALS, framed(&[0; 1025])).await.1, "8");
    assert_eq!(call(to, ALS, b"\x01\0\0\0\0".to_vec()).await.1, "8");
    assert_eq!(call(to, ALS, framed(b"\xff")).await.1, "0");
    let expected = [("message_bytes", 1), ("unreadable", 1), ("not_served", 1), ("media_type", 1)];
    let counted = refused(&receivers);
    assert_eq!(counted.iter().map(|(name, n)| (&**name, *n)).collect::<Vec<_>>(), expected);
    until("ends", || receivers.figures()[0].streams == 0).await;
}

fn shown(part: u32, path: &str) -> Vec<u8> {
    let (mut map, mut head, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in [(":method", "GET"), (":path", path), (":status", "200")] {
        let mut pair = Vec::new();
        write::bytes(&mut pair, 1, name.as_bytes());
        write::bytes(&mut pair, 2, value.as_bytes());
        write::bytes(&mut map, 1, &pair);
    }
    write::bytes(&mut head, 1, &map);
    write::bytes(&mut out, part, &head);
    out
}

#[tokio::test]
async fn an_external_processor_says_go_on_and_hands_over() {
    let text = "name: mesh\nlisten: 127.0.0.1:PORT\next_proc: {}\n";
    let (receivers, to, taken) = start(text, 10);
    // What cannot be read ends the stream in order, and what was seen counts.
    let said = [framed(&shown(2, "/a")), framed(&shown(3, "/a"))].concat();
    let go_on = [framed(&[0x0a, 0]), framed(&[0x12, 0])].concat();
    assert_eq!(call(to, EXT_PROC, said).await, (go_on, "0".to_owned()));
    let said = [framed(&shown(2, "/b")), framed(b"\xff")].concat();
    assert_eq!(call(to, EXT_PROC, said).await, (framed(&[0x0a, 0]), "0".to_owned()));
    until("handed over", || taken.exchanges.lock().expect("whole").len() == 2).await;
    {
        let taken = taken.exchanges.lock().expect("whole");
        let statuses: Vec<_> =
            taken.iter().map(|e| e.response.as_ref().map(|r| r.status)).collect();
        assert_eq!(statuses, [Some(200), None]);
    }
    assert_eq!(refused(&receivers), [("unreadable".to_owned(), 1)]);
}

#[tokio::test]
async fn a_stream_ends_in_order_when_the_receiver_does_and_what_it_saw_is_there() {
    let (receivers, to, taken) = start("name: mesh\nlisten: 127.0.0.1:PORT\next_proc: {}\n", 10);
    let stream = TcpStream::connect(to).await.expect("connects");
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.expect("HTTP/2");
    tokio::spawn(connection);
    let (say, said) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, Infallible>>(4);
    let said =
        futures_util::stream::unfold(said, async |mut said| Some((said.recv().await?, said)));
    let request = http::Request::post(format!("http://a{EXT_PROC}"))
        .body(StreamBody::new(Box::pin(said)))
        .expect("a request");
    let first = Frame::data(Bytes::from(framed(&shown(2, "/open"))));
    say.send(Ok(first)).await.expect("open");
    let answer = timeout(PATIENCE, sender.send_request(request)).await.expect("in time");
    let mut body = answer.expect("answered").into_body();
    let frame = timeout(PATIENCE, body.frame()).await.expect("in time").expect("more");
    assert_eq!(frame.expect("data").into_data().expect("data"), framed(&[0x0a, 0]));
    let begin = Instant::now();
    receivers.stop().await;
    assert!(begin.elapsed() < PATIENCE);
    let last = timeout(PATIENCE, body.frame()).await.expect("in time").expect("more");
    let trailers = last.expect("trailers").into_trailers().expect("trailers");
    assert_eq!(trailers.get("grpc-status").and_then(|s| s.to_str().ok()), Some("0"));
    until("handed over", || taken.exchanges.lock().expect("whole").len() == 1).await;
    assert!(TcpStream::connect(to).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_reload_changes_settings_and_keeps_what_stays() {
    let (receivers, to, _) = start("name: edge\nlisten: 127.0.0.1:PORT\nmirror: {}\n", 10);
    let copy = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert!(ask(to, copy).await.starts_with("HTTP/1.1 204"));
    let closed = "name: edge\nlisten: 127.0.0.1:PORT\npeers: [192.0.2.1]\nmirror: {}\n";
    let again = receivers.prepare(compile(&[config(closed)]).expect("right")).expect("there");
    assert_eq!(socket(&receivers.apply(again)[0].2), to, "the socket stays");
    assert_eq!(ask(to, copy).await, "");
    until("counted", || refused(&receivers) == [("peer".to_owned(), 1)]).await;
    assert_eq!(receivers.figures()[0].handed_over, 1, "counters stay");
    // One that cannot listen changes nothing.
    let taken = format!("name: other\nlisten: {to}\nmirror: {{}}\n");
    let error =
        receivers.prepare(compile(&[config(&taken)]).expect("right")).err().expect("in use");
    assert!(error.to_string().contains("cannot listen on"), "{error}");
    assert_eq!(receivers.places().len(), 1);
    receivers.apply(receivers.prepare(Vec::new()).expect("nothing to open"));
    assert!(receivers.figures().is_empty());
    until("closed", || std::net::TcpStream::connect(to).is_err()).await;
}
