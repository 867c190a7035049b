use bartizan_model::{Exchange, Limits, Root, Side};

use super::*;
use crate::{
    anomaly::AnomalyKind,
    decode::{Decoded, decode},
};

fn with(value: &str, limits: &Limits) -> Decoded {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-type", "application/json");
    exchange.request.body = serde_json::json!({ "v": value }).to_string().into();
    decode(&exchange, limits, 1)
}

fn found(value: &str) -> Vec<String> {
    let decoded = with(value, &Limits::default());
    let root = decoded.view.root(Side::Request, Root::Body).expect("body");
    root.descendants().skip(1).map(|n| format!("{} {}", n.instance(), n.raw())).collect()
}

#[test]
fn encodings_are_undone() {
    let basic = URL_SAFE.encode("{\"user\":\"ann\"}");
    for (value, expected) in [
        ("{\"a\":[1]}", vec!["body:/v!json ", "body:/v!json/a ", "body:/v!json/a/0 1"]),
        (" [true] ", vec!["body:/v!json ", "body:/v!json/0 "]),
        ("Li4vLi4vZXRjL3Bhc3N3ZA==", vec!["body:/v!base64 ../../etc/passwd"]),
        ("data:text/plain;base64,aGVsbG8gd29ybGQhIQ==", vec!["body:/v!base64 hello world!!"]),
        ("%27%20OR%201=1", vec!["body:/v!percent ' OR 1=1"]),
        ("%2527", vec!["body:/v!percent %27", "body:/v!percent!percent '"]),
        (
            basic.as_str(),
            vec![
                "body:/v!base64 {\"user\":\"ann\"}",
                "body:/v!base64!json ",
                "body:/v!base64!json/user ann",
            ],
        ),
    ] {
        assert_eq!(found(value), expected, "{value}");
    }
}

#[test]
fn ordinary_values_are_left_alone() {
    for value in [
        "",
        "hello",
        "550e8400-e29b-41d4-a716-446655440000",
        "d41d8cd98f00b204e9800998ecf8427e",
        "internationalization",
        "InternationalizationOfThings",
        "1234567890123456",
        "4111111111111111",
        "ann@example.com",
        "https://example.com/a/b?c=d",
        "[draft] do not send",
        "[draft]",
        "{name}",
        "{}",
        "[]",
        "100% of 5% is",
        "www.example.com",
        "a.b.c",
        "2026-11-22T10:00:00.123Z",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0000000000000000000000",
        "/api/v1/resources/items",
    ] {
        assert_eq!(found(value), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn chains_and_sizes_are_limited() {
    let mut value = "' OR 1=1 -- and more".to_owned();
    for _ in 0..5 {
        value = STANDARD.encode(value);
    }
    let decoded = with(&value, &Limits::default());
    let depth = decoded.view.nodes().filter(|n| n.codec().is_some()).count();
    let reasons: Vec<_> =
        decoded.view.not_inspected().iter().map(|n| n.reason.to_string()).collect();
    assert_eq!((depth, reasons[0].as_str()), (3, "limit_decode_chain"));
    let long = STANDARD.encode("printable ".repeat(10_000));
    let decoded = with(&long, &Limits::default());
    let reasons: Vec<_> =
        decoded.view.not_inspected().iter().map(|n| n.reason.to_string()).collect();
    assert_eq!(reasons[0], "limit_embedded_bytes");
    assert!(decoded.view.has_anomaly(Side::Request, AnomalyKind::LimitReached));
}

#[test]
fn nested_json_uses_the_parser_again() {
    let inner = serde_json::json!({ "b": serde_json::json!({ "c": "x" }).to_string() }).to_string();
    assert_eq!(found(&inner).last().map(String::as_str), Some("body:/v!json/b!json/c x"));
}
