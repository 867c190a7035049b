//! Methods that are not for everybody, and messages that are none of theirs.

use std::io::Write as _;

use bytes::Bytes;

use super::{
    super::{
        detectors::OVER_LIMITS,
        reading::{NOT_HELD, NOT_READABLE},
    },
    messages::Counted,
    *,
};
use crate::phases::Streamed;

const PROTO: &str = r#"syntax = "proto3"; package quay.v1;
service Tracking { rpc Get(Ask) returns (Told); }
service Release { rpc Free(Ask) returns (Told); }
message Ask { string number = 1; repeated int64 ids = 2; Ask inner = 3; map<string, int64> totals = 4; fixed32 f = 5; }
message Told { bool done = 1; }"#;

const PROTO2: &str = r#"syntax = "proto2"; package old.v1;
service Store { rpc Put(stream Item) returns (Item); }
message Item { required string name = 1; optional State state = 2; repeated State past = 3; optional Item part = 4; repeated Item more = 5; }
enum State { NEW = 0; OLD = 5; GONE = -1; }"#;

const BINARY: Spoken = Spoken { is_web: false, is_text: false, is_protobuf: true };

fn compile(text: &str) -> Grpc {
    let config: GrpcConfig = serde_saphyr::from_str(text).expect("settings");
    Grpc::compile(&config, 1).expect("compiles")
}

fn described(text: &str) -> Grpc {
    let mut rule = compile(text);
    let (depth, unknown) = (3, text.contains("unknown_fields: true"));
    rule.descriptors = Some(Descriptors::of(PROTO.as_bytes(), depth, unknown).expect("read"));
    rule
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a length");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

type Told = Result<Option<&'static str>, (u16, &'static str)>;

fn ask(rule: &Grpc, path: &str, body: &[u8]) -> Told {
    let bytes = Bytes::copy_from_slice(body);
    let form = (Form::Framed(BINARY), "gzip");
    told(rule.judge(true, method(path), form, BodyView::Whole(&bytes)))
}

fn told(checked: Checked) -> Told {
    checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(data).expect("memory");
    out.finish().expect("memory")
}

/// A message that is compressed.
fn compressed(message: &[u8]) -> Vec<u8> {
    let mut out = frame(&gzip(message));
    out[0] = 1;
    out
}

#[test]
fn methods_are_listed_and_reflection_is_off() {
    let rule = compile("{methods: {deny: [quay.v1.Release/*]}}");
    for (path, expected) in [
        ("/quay.v1.Tracking/Get", Ok(None)),
        ("/prefix/quay.v1.Tracking/Get", Ok(None)),
        ("/quay.v1.Release/Free", Err((403, "method"))),
        ("/quay.v1.release/free", Err((403, "method"))),
        ("/quay.v1.Release/%46ree", Err((403, "no-method"))),
        ("/quay.v1.Release//Free", Err((403, "no-method"))),
        ("/", Err((403, "no-method"))),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Err((403, "reflection"))),
        (
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            Err((403, "reflection")),
        ),
    ] {
        assert_eq!(ask(&rule, path, &frame(b"")), expected, "{path}");
    }
    let open = compile("{reflection: true}");
    assert_eq!(
        ask(&open, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b""),
        Ok(None)
    );
    // What speaks something else is nothing of it, but for reflection.
    let other = |path: &str| {
        let body = Bytes::from_static(b"{}");
        let other = (Form::Other, "");
        rule.judge(false, method(path), other, BodyView::Whole(&body)).map_err(|r| r.reason)
    };
    assert_eq!(other("/v1/orders"), Ok(None));
    // Connect and Twirp take calls that say nothing of it.
    assert_eq!(other("/quay.v1.Release/Free"), Err("method"));
    assert_eq!(other("/twirp/quay.v1.release/free"), Err("method"));
    assert_eq!(other("/quay.v1.Tracking/Get"), Ok(Some(NOT_READABLE)));
    let listed = compile("{methods: {allow: [quay.v1.Tracking/*]}}");
    let body = BodyView::Whole(&Bytes::new());
    let get = listed.judge(false, method("/quay.v1.Other/Free"), (Form::Other, ""), body);
    assert_eq!(get.map_err(|refusal| refusal.reason), Err("method"));
    assert!(!is_of_package("v1.0/users") && !is_of_package("Greeter/Hello"));
    assert_eq!(
        other("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
        Err("reflection")
    );
}

#[test]
fn messages_are_what_their_descriptors_say() {
    const GET: &str = "/quay.v1.Tracking/Get";
    let rule = described("{budget_micros: 1000000}");
    let nest = |times: usize| {
        (0..times).fold(Vec::new(), |inner: Vec<u8>, _| {
            let length = u8::try_from(inner.len()).expect("short");
            [&[0x1a, length][..], &inner].concat()
        })
    };
    for (message, expected) in [
        (b"\x0a\x02ab".to_vec(), Ok(None)),
        (b"".to_vec(), Ok(None)),
        (b"\x10\x01\x12\x02\x01\x02".to_vec(), Ok(None)),
        (b"\x2d\x01\x00\x00\x00".to_vec(), Ok(None)),
        (b"\x32\x01a".to_vec(), Err((422, "field"))),
        (b"\x08\x01".to_vec(), Err((422, "type"))),
        (b"\x1a\x02\x08\x01".to_vec(), Err((422, "type"))),
        (nest(2), Ok(None)),
        (nest(3), Err((422, "depth"))),
        (b"\x0a\x09ab".to_vec(), Ok(Some(NOT_READABLE))),
        (b"\x0a\x02a\xff".to_vec(), Err((422, "utf-8"))),
    ] {
        assert_eq!(ask(&rule, GET, &frame(&message)), expected, "{message:x?}");
    }
    assert_eq!(ask(&rule, "/quay.v1.Tracking/Drop", &frame(b"")), Err((403, "undescribed")));
    let loose = described("{budget_micros: 1000000, unknown_fields: true}");
    assert_eq!(ask(&loose, GET, &frame(b"\x32\x01a")), Ok(None));
    let two = [frame(b"\x0a\x02ab"), frame(b"\x0a\x02ab")].concat();
    assert_eq!(ask(&rule, GET, &two), Err((422, "messages")), "it takes one");
}

#[test]
fn what_is_required_and_of_an_enumeration_is_compared() {
    let of = |text: &str| {
        let mut rule = compile(text);
        let unknown = text.contains("unknown_fields: true");
        rule.descriptors = Some(Descriptors::of(PROTO2.as_bytes(), 4, unknown).expect("read"));
        rule
    };
    let rule = of("{budget_micros: 1000000}");
    let loose = of("{budget_micros: 1000000, unknown_fields: true}");
    let gone = b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    let named = |rest: &[u8]| [b"\x0a\x01a", rest].concat();
    for (message, expected, loosely) in [
        (named(b""), Ok(None), Ok(None)),
        (b"".to_vec(), Err((422, "required")), Err((422, "required"))),
        (named(b"\x10\x05"), Ok(None), Ok(None)),
        (named(gone), Ok(None), Ok(None)),
        (named(b"\x10\x04"), Err((422, "value")), Ok(None)),
        (named(b"\x18\x04"), Err((422, "value")), Ok(None)),
        (named(b"\x1a\x02\x00\x05"), Ok(None), Ok(None)),
        (named(b"\x1a\x02\x00\x04"), Err((422, "value")), Ok(None)),
        (named(b"\x12\x01a"), Err((422, "type")), Err((422, "type"))),
        (named(b"\x22\x00"), Err((422, "required")), Err((422, "required"))),
        (named(b"\x22\x03\x0a\x01a"), Ok(None), Ok(None)),
        // In two parts, of which one has it.
        (named(b"\x22\x00\x22\x03\x0a\x01a"), Ok(None), Ok(None)),
        (named(b"\x2a\x00\x2a\x03\x0a\x01a"), Err((422, "required")), Err((422, "required"))),
    ] {
        const PUT: &str = "/old.v1.Store/Put";
        let body = [frame(&named(b"")), frame(&message)].concat();
        assert_eq!(ask(&rule, PUT, &body), expected, "{message:x?}");
        assert_eq!(ask(&loose, PUT, &body), loosely, "{message:x?}");
    }
}

#[test]
fn what_is_compressed_is_compared_within_bounds() {
    const GET: &str = "/quay.v1.Tracking/Get";
    let rule = described("{budget_micros: 1000000, message_bytes: 100000}");
    assert_eq!(ask(&rule, GET, &compressed(b"\x0a\x02ab")), Ok(None));
    assert_eq!(ask(&rule, GET, &compressed(b"\x08\x01")), Err((422, "type")));
    // What gets four times smaller: neither what is sent is too large nor the ratio.
    let mut x = 1_u32;
    let noise = std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x.to_le_bytes()[0] & 3
    });
    let noise: Vec<u8> = noise.take(200_000).collect();
    assert_eq!(ask(&rule, GET, &compressed(&noise[..90_000])), Ok(Some(NOT_READABLE)));
    assert_eq!(ask(&rule, GET, &compressed(&noise)), Err((413, "message-size")));
    let wide = described("{budget_micros: 1000000}");
    let bomb = compressed(&vec![0; 4_000_000]);
    assert_eq!(ask(&wide, GET, &bomb), Err((413, OVER_LIMITS)), "{} bytes", bomb.len());
    let broken = [&compressed(b"a")[..4], &[3], b"abc"].concat();
    assert_eq!(ask(&wide, GET, &broken), Ok(Some(NOT_READABLE)));
    let strict = described("{budget_micros: 1000000, on_unreadable: refuse}");
    assert_eq!(ask(&strict, GET, &broken), Err((415, NOT_READABLE)));
    let bytes = Bytes::from(compressed(b"\x0a\x02ab"));
    let unknown = (Form::Framed(BINARY), "snappy");
    let judged = strict.judge(true, method(GET), unknown, BodyView::Whole(&bytes));
    assert_eq!(told(judged), Err((415, NOT_READABLE)), "a coding that nobody knows");
}

#[test]
fn answers_and_texts_are_compared_too() {
    let rule = described("{budget_micros: 1000000}");
    let answer = |body: Vec<u8>, spoken: Spoken| {
        let said = Said { method: "quay.v1.Tracking/Get", from_client: false, coding: "" };
        let bytes = Bytes::from(body);
        told(rule.body(said, Form::Framed(spoken), BodyView::Whole(&bytes)).map_err(of_answer))
    };
    let trailers = b"\x80\0\0\0\x0egrpc-status: 0";
    let web = Spoken { is_web: true, ..BINARY };
    assert_eq!(answer(frame(b"\x08\x01"), BINARY), Ok(None));
    assert_eq!(answer(frame(b"\x0a\x02ab"), BINARY), Err((502, "type")), "it is no `Told`");
    assert_eq!(answer([&frame(b"\x08\x01")[..], trailers].concat(), web), Ok(None));
    assert_eq!(answer(trailers.to_vec(), BINARY), Err((502, "frames")));
    let text = Spoken { is_text: true, ..web };
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes()
    };
    let padded = [encode(&frame(b"\x08\x01")), encode(trailers)].concat();
    assert_eq!(answer(padded, text), Ok(None));
    assert_eq!(answer(encode(&frame(b"\x0a\x02ab")), text), Err((502, "type")));
    assert_eq!(answer(b"no base64!".to_vec(), text), Err((502, "frames")));
    let json = Spoken { is_protobuf: false, ..BINARY };
    assert_eq!(answer(frame(b"{}"), json), Ok(Some(NOT_READABLE)));
}

#[test]
fn a_call_has_so_many_messages() {
    let rule = compile("{call_messages: 3, messages: 2, period_seconds: 86400}");
    let said = |from_client| Said { method: "a.B/C", from_client, coding: "" };
    let mut counted = Counted::default();
    let mut count = |from_client| rule.count(said(from_client), &mut counted);
    let reason = |counted: Result<(), Refusal>| counted.map_err(|refusal| refusal.reason);
    assert!(count(true).is_ok() && count(true).is_ok());
    assert_eq!(reason(count(true)), Err("rate"));
    assert_eq!(reason(count(true)), Err("messages"));
    let mut answers = Counted::default();
    let mut count = |from_client| rule.count(said(from_client), &mut answers);
    assert!((0..3).all(|_| count(false).is_ok()), "only the client has a pace");
    assert_eq!(reason(count(false)), Err("messages"));
    let body = frame(b"").repeat(3);
    assert_eq!(ask(&rule, "/a.B/C", &body), Err((429, "rate")), "a whole body too");
    for (text, key) in [
        ("{messages: 0}", "messages"),
        ("{call_messages: 0}", "call_messages"),
        ("{period_seconds: 0}", "period_seconds"),
        ("{depth: 0}", "depth"),
    ] {
        let config: GrpcConfig = serde_saphyr::from_str(text).expect("settings");
        assert_eq!(Grpc::compile(&config, 1).expect_err(text).key, key);
    }
}

#[test]
fn what_is_not_read_passes_or_not() {
    const GET: &str = "/quay.v1.Tracking/Get";
    let rule = compile("{message_bytes: 4}");
    assert_eq!(ask(&rule, GET, &frame(b"12345")), Err((413, "message-size")));
    assert_eq!(ask(&rule, GET, b"\0\0\0\0\x09ab"), Err((422, "frames")));
    assert_eq!(ask(&rule, GET, b"\0\0"), Err((422, "frames")));
    assert_eq!(ask(&rule, GET, b"\x80\0\0\0\x02ab"), Err((422, "frames")));
    assert_eq!(ask(&rule, GET, b"\x01\0\0\0\x02ab"), Ok(Some(NOT_READABLE)));
    let strict = compile("{on_unreadable: refuse}");
    assert_eq!(ask(&strict, GET, b"\x01\0\0\0\x02ab"), Err((415, NOT_READABLE)));
    let streamed = BodyView::Streamed(Streamed::Endless);
    let checked = |rule: &Grpc, path: &str, form: Form| {
        rule.judge(true, method(path), (form, ""), streamed).map_err(|refusal| refusal.reason)
    };
    assert_eq!(checked(&rule, GET, Form::Connect), Ok(Some(NOT_HELD)));
    assert_eq!(checked(&strict, GET, Form::Connect), Err(NOT_HELD));
    assert_eq!(checked(&strict, GET, Form::Framed(BINARY)), Ok(None), "message by message");
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    for form in [Form::Connect, Form::Framed(BINARY)] {
        assert_eq!(checked(&rule, reflection, form), Err("reflection"), "a stream hides no method");
    }
}

#[test]
fn media_types_have_forms() {
    for (kind, expected) in [
        ("application/grpc", Some(Form::Framed(BINARY))),
        (
            "application/grpc-web-text",
            Some(Form::Framed(Spoken { is_web: true, is_text: true, ..BINARY })),
        ),
        ("application/connect+proto", Some(Form::Connect)),
        ("application/connect+json", Some(Form::Other)),
        ("application/proto", Some(Form::Plain)),
        ("application/json", None),
        ("", None),
    ] {
        assert_eq!(form(kind), expected, "{kind}");
    }
    assert!(Descriptors::of(b"type Query { a: Int }", 3, false).is_err());
}
