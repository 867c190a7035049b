use std::io::Write as _;

use bartizan_model::{BodyState, Exchange, Limits, Message, Response, Side};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{Decoded, decode};

/// A field with a text or a message.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("short");
    [&[number << 3 | 2, length], value].concat()
}

fn frame(flags: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("short").to_be_bytes();
    [&[flags], &length[..], data].concat()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// `{1: {2: card, 3: e-mail}, 4: 5}`.
fn paid() -> Vec<u8> {
    let inner = [field(2, b"4111111111111111"), field(3, b"joe@example.org")].concat();
    [field(1, &inner), vec![0x20, 5]].concat()
}

fn call(kind: &str, body: Vec<u8>) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.method = "POST".to_owned();
    exchange.request.target = "/pay.Pay/Charge".to_owned();
    exchange.request.headers.push("content-type", kind);
    exchange.request.body = body.into();
    exchange.request.body_state = BodyState::Complete;
    exchange
}

fn read(exchange: &Exchange) -> Decoded {
    decode(exchange, &Limits::default(), 1)
}

/// Values of the messages of the request with their places.
fn values(decoded: &Decoded) -> Vec<String> {
    let leaves = decoded.view.leaves(Side::Request).filter(|node| node.root() == Root::Grpc);
    leaves.map(|node| format!("{}={}", node.instance(), node.raw())).collect()
}

const PAID: [&str; 3] =
    ["grpc:Charge.1.2=4111111111111111", "grpc:Charge.1.3=joe@example.org", "grpc:Charge.4=5"];

#[test]
fn all_ways_of_sending_give_the_same_values() {
    let framed = frame(0, &paid());
    let mut alone = call("application/proto", paid());
    alone.request.headers.push("connect-protocol-version", "1");
    let mut compressed = call("application/grpc", frame(1, &gzip(&paid())));
    compressed.request.headers.push("grpc-encoding", "gzip");
    for exchange in [
        call("application/grpc", framed.clone()),
        call("Application/gRPC+Proto; charset=utf-8", framed.clone()),
        call("application/grpc-web", framed.clone()),
        call("application/grpc-web+proto", framed.clone()),
        call("application/grpc-web-text", STANDARD.encode(&framed).into()),
        call("application/connect+proto", framed),
        alone,
        compressed,
    ] {
        let seen = read(&exchange);
        let kind = exchange.request.headers.get("content-type").unwrap_or("");
        assert_eq!(values(&seen), PAID, "{kind}");
        assert_eq!(seen.request_format, Format::Grpc, "{kind}");
        assert!(seen.view.is_fully_inspected(Side::Request), "{kind}");
        assert!(seen.view.anomalies().iter().all(|(side, _)| *side != Side::Request), "{kind}");
        assert!(seen.view.root(Side::Request, Root::Body).is_none(), "{kind}");
    }
}

#[test]
fn messages_of_a_stream_share_their_places() {
    let body = [frame(0, &field(1, b"one")), frame(0, &field(1, b"two"))].concat();
    let seen = read(&call("application/grpc", body));
    assert_eq!(values(&seen), ["grpc:Charge.1=one", "grpc:Charge#1.1=two"]);
    let leaves = seen.view.leaves(Side::Request);
    let general: Vec<_> = leaves.filter(|n| n.root() == Root::Grpc).collect();
    let hashes: Vec<u64> = general.iter().map(|node| node.general_hash()).collect();
    assert_eq!(general[1].general().as_str(), "grpc:Charge.1");
    assert_eq!(hashes[0], hashes[1]);
    let repeated = [field(2, b"a"), field(2, b"b")].concat();
    let seen = read(&call("application/grpc", frame(0, &repeated)));
    assert_eq!(values(&seen), ["grpc:Charge.2=a", "grpc:Charge.2#1=b"]);
}

#[test]
fn protocol_buffers_without_a_method_are_read_too() {
    let mut exchange = call("application/x-protobuf", paid());
    exchange.request.target = "/v1/users/4711".to_owned();
    let expected = PAID.map(|value| value.replace("Charge", NO_METHOD));
    assert_eq!(values(&read(&exchange)), expected);
    // A segment that is no name stays out of locations.
    let mut exchange = call("application/grpc", frame(0, &paid()));
    exchange.request.target = "/pay.Pay/4111111111111111".to_owned();
    assert_eq!(values(&read(&exchange)), expected);
}

#[test]
fn json_in_frames_is_json() {
    let seen = read(&call("application/grpc+json", frame(0, b"{\"a.b\":{\"mail\":[\"x\"]}}")));
    assert_eq!(values(&seen), ["grpc:Charge.a~7b.mail.0=x"]);
    let node = seen.view.leaves(Side::Request).last().expect("a value");
    assert_eq!(node.general().as_str(), "grpc:Charge.a~7b.mail.*");
    let seen = read(&call("application/grpc+thrift", frame(0, b"\x80\x01\0\x01\0\0\0\x03get")));
    assert_eq!(values(&seen), ["grpc:Charge="]);
    assert!(!seen.view.is_fully_inspected(Side::Request));
}

#[test]
fn numbers_are_what_they_look_like() {
    let double = 52.5_f64.to_bits().to_le_bytes();
    let message = [
        &[0x08][..],
        &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0x11],
        &double,
        &[0x1d, 7, 0, 0, 0],
        &[0x21, 1, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let seen = read(&call("application/grpc", frame(0, &message)));
    let found: Vec<Value<'_>> = seen
        .view
        .leaves(Side::Request)
        .filter(|node| node.root() == Root::Grpc)
        .map(|node| node.value())
        .collect();
    let expected = [Value::Integer(-2), Value::Number(52.5), Value::Integer(7), Value::Integer(1)];
    assert_eq!(found, expected);
}

#[test]
fn what_is_encoded_in_a_text_is_read() {
    let seen =
        read(&call("application/grpc", frame(0, &field(1, b"{\"mail\":\"a@example.org\"}"))));
    let node = seen.view.leaves(Side::Request).last().expect("a value");
    assert_eq!(node.instance().as_str(), "grpc:Charge.1!json/mail");
}

#[test]
fn trailers_of_the_web_are_trailers() {
    let mut exchange = call("application/grpc-web", frame(0, &paid()));
    let trailers = frame(0x80, b"grpc-status: 3\r\ngrpc-message: no such card\r\n");
    let headers = [("content-type", "application/grpc-web")].into_iter().collect();
    let body = [frame(0, &field(1, b"x")), trailers].concat().into();
    exchange.response = Some(Response { status: 200, headers, body, ..Response::default() });
    let seen = read(&exchange);
    let message = seen.view.named(Side::Response, Root::Trailer, "grpc-message");
    assert_eq!(message.map(|node| node.raw()), Some("no such card"));
    assert_eq!(seen.response_format, Format::Grpc);
}

#[test]
fn messages_that_a_source_took_apart_count_once() {
    let mut exchange = call("application/grpc", Vec::new());
    let data = paid().into();
    exchange.messages.push(Message { from_client: true, time: None, data, text: false });
    assert_eq!(values(&read(&exchange)), PAID);
    exchange.request.body = frame(0, &paid()).into();
    let seen = read(&exchange);
    assert_eq!(values(&seen), PAID);
    assert!(seen.view.root(Side::Request, Root::Message).is_none());
}

#[test]
fn bytes_that_are_no_message_are_in_no_location() {
    let card = STANDARD.encode(b"\x07no frame of a message: 4111111111111111");
    for (kind, body) in [
        ("application/grpc-web-text", card.into_bytes()),
        ("application/grpc", b"\xff\0\0\0\x01a=1&b=4111111111111111".to_vec()),
        ("application/x-protobuf", b"\x0b\0\0card=4111111111111111".to_vec()),
    ] {
        let seen = read(&call(kind, body));
        let places: Vec<_> = seen.view.nodes().map(|node| node.instance().to_string()).collect();
        assert!(
            places.iter().all(|place| !place.contains("4111") && !place.contains("AA")),
            "{places:?}"
        );
        let texts = seen.view.leaves(Side::Request).filter(|n| n.root() != Root::Path);
        let texts = texts.filter(|node| matches!(node.value(), Value::Text(_)));
        assert_eq!(texts.filter(|node| node.root() != Root::Header).count(), 0, "{kind}");
        assert!(!seen.view.is_fully_inspected(Side::Request), "{kind}");
    }
}

#[test]
fn texts_with_another_type_are_read_as_what_they_are() {
    for kind in ["application/grpc", "application/grpc-web-text", "application/x-protobuf"] {
        let seen = read(&call(kind, b"{\"q\":\"' or 1=1 --\"}".to_vec()));
        assert_eq!(seen.request_format, Format::Json, "{kind}");
        assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::ContentTypeMismatch), "{kind}");
    }
    // A text of protocol buffers may have any character; it is still a text.
    let seen =
        read(&call("application/grpc", frame(0, &field(1, b"' or 1=1 --\x01 and more of it"))));
    assert!(values(&seen)[0].starts_with("grpc:Charge.1=' or 1=1 --"));
}

#[test]
fn hostile_bodies_end_and_tell_what_they_lack() {
    let mut deep = b"\x08\x01".to_vec();
    for _ in 0..200 {
        let length = deep.len();
        let mut outer = vec![0x0a, (length & 0x7f) as u8 | 0x80, (length >> 7) as u8];
        outer.extend(deep);
        deep = outer;
    }
    let seen = read(&call("application/grpc", frame(0, &deep)));
    let depth = seen.view.nodes().map(|node| node.depth()).max();
    assert_eq!(depth, Some(MAX_DEPTH as u16 + 1));
    let limits = Limits { nodes: 100, ..Limits::default() };
    let many = call("application/grpc", frame(0, &[8, 1].repeat(60_000)));
    let seen = decode(&many, &limits, 1);
    assert!(seen.view.len() <= 100 && !seen.view.is_fully_inspected(Side::Request));
    let mut bomb = call("application/grpc", frame(1, &gzip(&vec![0; 4_000_000])));
    bomb.request.headers.push("grpc-encoding", "gzip");
    assert!(!read(&bomb).view.is_fully_inspected(Side::Request));
    let mut unknown = call("application/grpc", frame(1, b"snappy bytes"));
    unknown.request.headers.push("grpc-encoding", "snappy");
    let seen = read(&unknown);
    assert_eq!(values(&seen), ["grpc:Charge="]);
    assert!(!seen.view.is_fully_inspected(Side::Request));
    // Cut: what is there is read, and said to be not all.
    let body = frame(0, &paid());
    let seen = read(&call("application/grpc", body[..body.len() - 8].to_vec()));
    assert!(!seen.view.is_fully_inspected(Side::Request));
}
