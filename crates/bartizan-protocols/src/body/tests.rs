use bartizan_model::{BodyState, Exchange, Limits, Message, Response, Side};

use super::*;
use crate::decode::{Decoded, decode};

fn decoded(media_type: &str, body: &[u8]) -> Decoded {
    let mut exchange = Exchange::default();
    if !media_type.is_empty() {
        exchange.request.headers.push("content-type", media_type);
    }
    exchange.request.body = body.to_vec().into();
    decode(&exchange, &Limits::default(), 1)
}

fn mismatch(decoded: &Decoded) -> bool {
    decoded.view.has_anomaly(Side::Request, AnomalyKind::ContentTypeMismatch)
}

#[test]
fn bodies_are_recognised_whatever_they_claim() {
    let multipart: &[u8] =
        b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, format, lies) in [
        ("application/json", &b"{\"a\":1}"[..], Format::Json, false),
        ("application/hal+json", b"{\"a\":1}", Format::Json, false),
        ("", b"{\"a\":1}", Format::Json, false),
        ("text/plain", b"{\"a\":1}", Format::Json, true),
        (form, b"{\"a\":1}", Format::Json, true),
        ("text/html; charset=utf-8", b" [1,2]", Format::Json, true),
        ("application/x-ndjson", b"{\"a\":1}", Format::NdJson, false),
        (form, multipart, Format::Multipart, true),
        ("application/json", multipart, Format::Multipart, true),
        ("multipart/form-data; boundary=b", multipart, Format::Multipart, false),
        ("multipart/form-data; boundary=b", b"{\"a\":1}", Format::Json, true),
        ("multipart/form-data; boundary=b", b"a=1&b=2", Format::Form, true),
        ("application/json", b"a=1&b=2", Format::Form, true),
        ("application/json", b"<a><b>1</b></a>", Format::Xml, true),
        (form, b"<?xml version=\"1.0\"?><a>1</a>", Format::Xml, true),
        ("text/xml", b"<a>1</a>", Format::Xml, false),
        ("application/xml", b"{\"a\":1}", Format::Json, true),
        ("application/json", b"<!doctype html><html><body>x<br></body></html>", Format::Html, true),
        ("application/json", b"Internal Server Error", Format::Text, true),
        ("text/plain", b"[INFO] started", Format::Text, false),
        ("text/plain", b"{ not json", Format::Text, false),
        ("text/css", b"[data-x]{color:red}", Format::Css, false),
        ("application/javascript", b"{let a=1;}", Format::Javascript, false),
        ("", b"plain words", Format::Text, false),
        ("", b"\x00\x01\x02\x03", Format::Binary, false),
        ("application/octet-stream", b"{\"a\":1}", Format::Json, false),
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0", Format::Image, false),
        ("application/json", b"\x89PNG\r\n\x1a\n\0\0", Format::Image, true),
        ("image/svg+xml", b"<svg><script>1</script></svg>", Format::Xml, false),
        // Text that begins as something else does.
        (form, b"wOFF=1&q=2", Format::Form, false),
        (form, b"GIF89a=1&q=x' or 1=1", Format::Form, false),
        ("application/json", b"wOFF=1&q=2", Format::Form, true),
        ("text/plain", b"%PDF-1 says hello", Format::Text, false),
        ("application/graphql", b"GIF8 { a }", Format::Text, false),
        (
            "multipart/form-data; boundary=b",
            &[b"GIF8\r\n", multipart].concat(),
            Format::Multipart,
            false,
        ),
        ("application/json", b"%PDF-1.7 and no JSON", Format::Binary, true),
        ("", b"wOFF=1&q=2", Format::Image, false),
        (form, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Format::Image, true),
    ] {
        let seen = decoded(media_type, body);
        let text = String::from_utf8_lossy(body);
        assert_eq!(seen.request_format, format, "{media_type} {text}");
        assert_eq!(mismatch(&seen), lies, "{media_type} {text}");
        let root = if format == Format::Xml { Root::Xml } else { Root::Body };
        assert!(seen.view.root(Side::Request, root).is_some(), "{media_type} {text}");
        assert_eq!(seen.view.nodes().filter(|n| n.is_root() && n.root() == root).count(), 1);
    }
}

#[test]
fn what_cannot_be_read_is_recorded() {
    let reasons = |decoded: &Decoded| -> Vec<String> {
        decoded.view.not_inspected().iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        reasons(&decoded("", b"\x00\x01\x02\x03")),
        ["request:unknown_media_type", "response:response_not_captured"]
    );
    let mut exchange = Exchange { response: Some(Response::default()), ..Exchange::default() };
    exchange.request.body_state = BodyState::NotCaptured;
    if let Some(response) = &mut exchange.response {
        response.body_state = BodyState::Truncated;
        response.body = "{\"a\":1,\"b".into();
    }
    let seen = decode(&exchange, &Limits::default(), 1);
    assert_eq!(
        reasons(&seen),
        ["request:body_not_captured", "response:headers_not_captured", "response:body_truncated"]
    );
    assert_eq!((seen.request_format, seen.response_format), (Format::NotCaptured, Format::Json));
    let seen = decoded("text/plain; charset=ibm037", b"abc");
    assert!(seen.view.has_anomaly(Side::Request, AnomalyKind::UnknownCharset));
    assert_eq!(reasons(&seen)[0], "request:unknown_encoding");
}

#[test]
fn messages_and_trailers_have_their_roots() {
    let message = |from_client: bool, data: &'static [u8], text: bool| Message {
        from_client,
        data: data.into(),
        text,
        time: None,
    };
    let mut exchange = Exchange {
        messages: vec![
            message(true, b"{\"op\":1}", true),
            message(false, b"hello", true),
            message(true, b"\0\x01\x02", false),
        ],
        ..Exchange::default()
    };
    exchange.request.trailers.push("X-Sum", "6");
    exchange.trailers.push("Grpc-Status", "0");
    let seen = decode(&exchange, &Limits::default(), 1);
    let places: Vec<_> = seen
        .view
        .nodes()
        .filter(|n| n.value().is_scalar())
        .map(|n| (n.side(), n.instance().to_string()))
        .collect();
    let expected = [
        (Side::Request, "trailer.x-sum"),
        (Side::Request, "ws.message:/0/op"),
        (Side::Request, "ws.message:/1"),
        (Side::Response, "ws.message:/0"),
        (Side::Response, "trailer.grpc-status"),
    ];
    assert_eq!(places, expected.map(|(side, place)| (side, place.to_owned())));
}

#[test]
fn a_reused_value_equals_a_fresh_one() {
    let mut exchange = Exchange::default();
    exchange.request.target = "/a/%2e%2e/b?x=1&x=2".to_owned();
    exchange.request.body = "{\"a\":\"%41\"}".into();
    let fresh = decode(&exchange, &Limits::default(), 1);
    let mut used = decoded("text/xml", b"<a b='1'>x</a>");
    crate::decode::decode_into(&mut used, &exchange, &Limits::default(), 1);
    let shown = |d: &Decoded| format!("{:?}{:?}", d.view, d.request_format);
    assert_eq!(shown(&used), shown(&fresh));
}
