//! Methods that are not for everybody, and messages that are none of theirs.

use super::*;
use crate::phases::Streamed;

const PROTO: &str = r#"syntax = "proto3"; package quay.v1;
service Tracking { rpc Get(Ask) returns (Told); }
service Release { rpc Free(Ask) returns (Told); }
message Ask { string number = 1; repeated int64 ids = 2; Ask inner = 3; map<string, int64> totals = 4; fixed32 f = 5; }
message Told { bool done = 1; }"#;

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

type Said = Result<Option<&'static str>, (u16, &'static str)>;

fn ask(rule: &Grpc, path: &str, body: &[u8]) -> Said {
    let bytes = Bytes::copy_from_slice(body);
    let checked = rule.judge(true, method(path), Form::Framed, BodyView::Whole(&bytes));
    checked.map_err(|refusal| (refusal.status.as_u16(), refusal.reason))
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
        rule.judge(false, method(path), Form::Other, BodyView::Whole(&body)).map_err(|r| r.reason)
    };
    assert_eq!(other("/v1/orders"), Ok(None));
    // Connect and Twirp take calls that say nothing of it.
    assert_eq!(other("/quay.v1.Release/Free"), Err("method"));
    assert_eq!(other("/twirp/quay.v1.release/free"), Err("method"));
    assert_eq!(other("/quay.v1.Tracking/Get"), Ok(Some(NOT_READABLE)));
    let listed = compile("{methods: {allow: [quay.v1.Tracking/*]}}");
    let body = BodyView::Whole(&Bytes::new());
    let get = listed.judge(false, method("/quay.v1.Other/Free"), Form::Other, body);
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
    ] {
        assert_eq!(ask(&rule, GET, &frame(&message)), expected, "{message:x?}");
    }
    assert_eq!(ask(&rule, "/quay.v1.Tracking/Drop", &frame(b"")), Err((403, "undescribed")));
    let loose = described("{budget_micros: 1000000, unknown_fields: true}");
    assert_eq!(ask(&loose, GET, &frame(b"\x32\x01a")), Ok(None));
    let two = [frame(b"\x0a\x02ab"), frame(b"\x08\x01")].concat();
    assert_eq!(ask(&rule, GET, &two), Err((422, "type")), "each message counts");
}

#[test]
fn what_is_not_read_passes_or_not() {
    const GET: &str = "/quay.v1.Tracking/Get";
    let rule = compile("{message_bytes: 4}");
    assert_eq!(ask(&rule, GET, &frame(b"12345")), Err((413, "message-size")));
    assert_eq!(ask(&rule, GET, b"\0\0\0\0\x09ab"), Err((422, "frames")));
    assert_eq!(ask(&rule, GET, b"\0\0"), Err((422, "frames")));
    assert_eq!(ask(&rule, GET, b"\x01\0\0\0\x02ab"), Ok(Some(NOT_READABLE)));
    let strict = compile("{on_unreadable: refuse}");
    assert_eq!(ask(&strict, GET, b"\x01\0\0\0\x02ab"), Err((415, NOT_READABLE)));
    let streamed = BodyView::Streamed(Streamed::Endless);
    let checked = |rule: &Grpc, path: &str| {
        rule.judge(true, method(path), Form::Framed, streamed).map_err(|refusal| refusal.reason)
    };
    assert_eq!(checked(&rule, GET), Ok(Some(NOT_HELD)));
    assert_eq!(checked(&strict, GET), Err(NOT_HELD));
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assert_eq!(checked(&rule, reflection), Err("reflection"), "a stream hides no method");
}

#[test]
fn media_types_have_forms() {
    for (kind, expected) in [
        ("application/grpc", Some(Form::Framed)),
        ("application/grpc-web-text", Some(Form::Other)),
        ("application/connect+json", Some(Form::Other)),
        ("application/proto", Some(Form::Plain)),
        ("application/json", None),
        ("", None),
    ] {
        assert_eq!(form(kind), expected, "{kind}");
    }
    assert!(Descriptors::of(b"type Query { a: Int }", 3, false).is_err());
}
