use std::io::Write as _;

use bartizan_model::{BodyState, Message};
use flate2::{Compression, write::GzEncoder};

use super::*;

fn config(text: &str) -> Result<DetectorsConfig, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn policy(text: &str) -> Detectors {
    let config = config(text).expect(text);
    Detectors::compile(&config, &HashKey::new([1; 32])).expect(text)
}

/// A request with a body.
pub(crate) fn post(target: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.method = "POST".to_owned();
    exchange.request.target = target.to_owned();
    exchange.request.headers.push("content-type", media_type);
    exchange.request.body = body.into().into();
    exchange
}

/// What is decided: `""` to pass, else why not, with `!` when it is refused.
fn decided(rule: &Detectors, exchange: &Exchange) -> String {
    match rule.decide(&rule.judge(exchange)) {
        Ok(reason) => reason.unwrap_or("").to_owned(),
        Err(refusal) => {
            let is_unreadable = ["not-readable", "body-not-held"].contains(&refusal.reason);
            let status = if is_unreadable { 415 } else { 403 };
            assert_eq!((refusal.status.as_u16(), refusal.code), (status, "detectors-refused"));
            format!("!{}", refusal.reason)
        }
    }
}

const SQL: &str = r#"{"name": "x' or '1'='1"}"#;

#[test]
fn detectors_are_named_by_code_or_name_and_all_are_documented() {
    let two = config("{codes: [BZ-D006, command-injection]}").expect("read");
    let written = serde_json::to_value(&two).expect("JSON");
    assert_eq!(written["codes"], serde_json::json!(["BZ-D006", "BZ-D008"]));
    let unknown = config("{codes: [BZ-D06]}").expect_err("no detector");
    assert!(unknown.contains("unknown variant") && unknown.contains("BZ-D006"), "{unknown}");
    let late = config("{codes: [BZ-D001]}").expect_err("needs history");
    assert!(late.contains("judges behind the answer only"), "{late}");
    let alone: Vec<_> = DETECTORS.iter().filter(|item| item.judges_requests()).collect();
    assert!(alone.len() >= 4);
    for item in alone {
        assert!(ITEM.documentation.contains(item.meta.code), "{}", item.meta.code);
    }
}

#[test]
fn what_is_out_of_range_is_refused_with_its_key() {
    for (text, key) in [
        ("{codes: [BZ-D006, sql-injection]}", "codes.1"),
        ("{score: 0}", "score"),
        ("{score: 101}", "score"),
        ("{body_bytes: 8388609}", "body_bytes"),
        ("{budget_micros: 99}", "budget_micros"),
        ("{budget_micros: 1000001}", "budget_micros"),
    ] {
        let compiled = Detectors::compile(&config(text).expect(text), &HashKey::new([1; 32]));
        assert_eq!(compiled.err().map(|problem| problem.key), Some(key.to_owned()), "{text}");
    }
    assert!(config("{score: 256}").is_err() && config("{budget: 1}").is_err());
}

#[test]
fn listed_detectors_decide_from_a_score_on() {
    let attack = post("/v1/items", "application/json", SQL);
    let benign = post("/v1/items", "application/json", r#"{"name": "Siobhan O'Neill"}"#);
    let everything = policy("{budget_micros: 1000000}");
    assert_eq!(decided(&everything, &attack), "!sql-injection");
    assert_eq!(decided(&everything, &benign), "");
    let others = policy("{codes: [BZ-D007, path-traversal], budget_micros: 1000000}");
    assert_eq!(decided(&others, &attack), "");
    let found = score(&everything.judge(&attack).detections);
    assert!((80..100).contains(&found), "{found}");
    for (least, expected) in [(found, "!sql-injection"), (found + 1, "")] {
        let text = format!("{{score: {least}, budget_micros: 1000000}}");
        assert_eq!(decided(&policy(&text), &attack), expected);
    }
}

#[test]
fn what_was_not_read_is_told_or_refused() {
    let filler = "a".repeat(2_000);
    let behind = post("/", "application/json", format!(r#"{{"a": "{filler}", "b": {SQL}}}"#));
    let before = post("/", "application/json", format!(r#"{{"b": {SQL}, "a": "{filler}"}}"#));
    let small = "body_bytes: 1000, budget_micros: 1000000";
    let (pass, strict) =
        (policy(&format!("{{{small}}}")), policy(&format!("{{{small}, on_budget: refuse}}")));
    assert_eq!(
        (decided(&pass, &behind), decided(&strict, &behind)),
        ("over-limits".into(), "!over-limits".into())
    );
    assert_eq!(decided(&pass, &before), "!sql-injection", "what was read counts");
    // What no decoder reads is told, and refused by nothing here.
    let mut coded = post("/", "application/json", vec![1, 2, 3]);
    coded.request.headers.push("content-encoding", "snappy");
    let image = post("/", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec());
    let mut streamed = post("/?q=%27%20or%201%3D1--", "application/grpc", "");
    streamed.request.body_state = BodyState::NotCaptured;
    for rule in [&pass, &strict] {
        assert_eq!(decided(rule, &coded), "not-readable");
        assert_eq!(decided(rule, &image), "not-readable");
        assert_eq!(decided(rule, &streamed), "!sql-injection", "the head is judged");
        streamed.request.target = "/".to_owned();
        assert_eq!(decided(rule, &streamed), "body-not-held");
        streamed.request.target = "/?q=%27%20or%201%3D1--".to_owned();
    }
}

fn coded(mut exchange: Exchange, coding: &str) -> Exchange {
    exchange.request.headers.push("content-encoding", coding);
    exchange
}

#[test]
fn what_cannot_be_read_passes_unless_it_is_to_be_refused() {
    let pass = policy("{budget_micros: 1000000}");
    let refuse = policy("{budget_micros: 1000000, on_unreadable: refuse}");
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let parts = "multipart/form-data; boundary=b";
    let file = |content: &str| {
        let name = "Content-Disposition: form-data; name=f; filename=f";
        format!("--b\r\n{name}\r\n\r\n{content}\r\n--b--\r\n")
    };
    let mut streamed = post("/", "application/grpc", "");
    streamed.request.body_state = BodyState::NotCaptured;
    let said = |data: &'static [u8]| {
        let message = Message { from_client: true, time: None, data: data.into(), text: false };
        Exchange { messages: vec![message], ..post("/", "", "") }
    };
    let mut begun = post("/", json, "{");
    begun.request.body_state = BodyState::Truncated;
    for (exchange, reason) in [
        (post("/", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()), "not-readable"),
        (post("/", "application/octet-stream", vec![0, 1, 2, 3]), "not-readable"),
        (post("/", parts, file("\0\u{1}\u{2}\u{3}")), "not-readable"),
        (coded(post("/", json, vec![1, 0xff, 3]), "snappy"), "not-readable"),
        (coded(post("/", json, b"\x1f\x8b\x08\xff".to_vec()), "gzip"), "not-readable"),
        (post("/", "text/plain; charset=ibm037", "a"), "not-readable"),
        (post("/", json, r#"{"a": 1} and more"#), "not-readable"),
        (post("/", "text/xml", "<a><b></a>"), "not-readable"),
        (said(b"\0\x01\x02"), "not-readable"),
        (streamed, "body-not-held"),
        (begun, "body-not-held"),
    ] {
        let shown = format!("{:?}", exchange.request);
        assert_eq!(decided(&pass, &exchange), reason, "{shown}");
        assert_eq!(decided(&refuse, &exchange), format!("!{reason}"), "{shown}");
        let mut attack = exchange;
        attack.request.target = "/?q=%27%20or%201%3D1--".to_owned();
        assert_eq!(decided(&refuse, &attack), "!sql-injection", "{shown}");
    }
    let get = |name: &str, value: &str| {
        let mut exchange = post("/v1/items?page=2", "image/png", "");
        exchange.request.method = "GET".to_owned();
        exchange.request.headers.push(name, value);
        exchange
    };
    for readable in [
        get("accept", "*/*"),
        get("content-encoding", "snappy"),
        post("/", "image/png", ""),
        said(b"text all the same"),
        post("/", json, r#"{"a": 1}"#),
        post("/", form, "wOFF=1&q=2"),
        post("/", "text/plain", "no { JSON"),
        post("/", "", "whatever that is"),
        post("/", parts, file("a,b\r\n1,2")),
    ] {
        assert_eq!(decided(&refuse, &readable), "", "{:?}", readable.request);
    }
}

/// What was cut here breaks off, which is no fault of who sent it.
/// `=` is a whole stream of nothing in Brotli: many servers undo no coding of requests.
#[test]
fn what_stands_behind_a_coding_is_judged_too() {
    let form = "application/x-www-form-urlencoded";
    let lax = policy("{budget_micros: 1000000}");
    let strict = policy("{budget_micros: 1000000, on_unreadable: refuse}");
    for first in ["=", ";", "?"] {
        let hidden = coded(post("/", form, format!("{first}&q=x' or '1'='1")), "br");
        assert_eq!(decided(&lax, &hidden), "!sql-injection", "{first}");
        let harmless = coded(post("/", form, format!("{first}&q=x")), "br");
        assert_eq!(decided(&lax, &harmless), "not-readable", "{first}");
        assert_eq!(decided(&strict, &harmless), "!not-readable", "{first}");
    }
    let trailing = [zipped(b"q=x"), b"&q=y".to_vec()].concat();
    assert_eq!(decided(&strict, &coded(post("/", form, trailing), "gzip")), "!not-readable");
}

#[test]
fn a_body_that_was_cut_is_not_taken_for_unreadable() {
    let rule = policy("{budget_micros: 1000000, body_bytes: 100, on_unreadable: refuse}");
    let long = "<b>1</b>".repeat(50);
    let xml = post("/", "text/xml", format!("<a>{long}</a>"));
    assert_eq!(decided(&rule, &xml), "over-limits");
    assert_eq!(decided(&rule, &gzip(&digits(1_000))), "over-limits");
    let picture = [&b"\x89PNG\r\n\x1a\n\0\0"[..], &[0; 200]].concat();
    assert_eq!(decided(&rule, &post("/", "image/png", picture)), "!not-readable");
}

/// Text that compresses to little less than half of itself.
fn digits(bytes: usize) -> String {
    let mut state = 1_u64;
    let digit = |_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        char::from_digit((state >> 60) as u32, 16).unwrap_or('0')
    };
    (0..bytes).map(digit).collect()
}

/// Bodies of many shapes, hostile to whoever reads them.
pub(crate) fn hostile(bytes: usize) -> Vec<(&'static str, Exchange)> {
    let json = |body: String| post("/v1/items", "application/json", body);
    let fill = |piece: &str| piece.repeat(bytes / piece.len());
    let list = |piece: &str| format!("[{}null]", fill(&format!("{piece},")));
    vec![
        ("numbers", json(list("1"))),
        ("quotes", json(list("\"' or 1=1--\""))),
        ("mentions", json(list("\"a;b <c ../d 'e select\""))),
        ("one text", json(format!("\"{}\"", fill("a")))),
        ("one text of quotes", json(format!("\"{}\"", fill("' or ")))),
        ("texts of 60 KiB of quotes", json(list(&format!("\"{}\"", "'".repeat(60_000))))),
        ("texts of 60 KiB of commands", json(list(&format!("\"{}\"", ";cat ".repeat(12_000))))),
        ("texts of 60 KiB of tags", json(list(&format!("\"{}\"", "<a ".repeat(20_000))))),
        ("texts of 60 KiB of steps", json(list(&format!("\"{}\"", "../".repeat(20_000))))),
        ("depth", json(fill("["))),
        ("escapes", json(format!("\"{}\"", fill("\\u0027")))),
        ("keys", json(format!("{{{}\"a\":1}}", fill("\"'or\":1,")))),
        ("percent", post("/", "application/x-www-form-urlencoded", fill("a=%2525253B&"))),
        ("form", post("/", "application/x-www-form-urlencoded", fill("a='&"))),
        ("elements", post("/", "application/xml", format!("<a>{}</a>", fill("<b c='d'/>")))),
        ("deep elements", post("/", "application/xml", fill("<a>"))),
        ("parts", post("/", "multipart/form-data; boundary=x", fill("--x\r\n\r\n'--\r\n"))),
        ("sequence", json(fill("{\"a\":\"'\"}\n"))),
        ("gzip", gzip(&list("\"' or 1=1--\""))),
        ("a window of brotli", {
            let copies = [159, 255, 255, 255, 0, 32, 194, 226, 177, 128, 114, 239, 255, 1];
            coded(post("/", "text/plain", copies), "br")
        }),
        (
            "gzip of nothing",
            coded(post("/", "application/json", zipped(b"").repeat(bytes / 20)), "gzip"),
        ),
        ("gzip in gzip in gzip", {
            let body = zipped(&zipped(&zipped(digits(bytes).as_bytes())));
            coded(post("/", "text/plain", body), "gzip, gzip, gzip")
        }),
        ("Latin-1", post("/", "text/plain; charset=latin1", vec![0xe9; bytes])),
        ("UTF-16", post("/", "text/plain; charset=utf-16le", b"a\0".repeat(bytes / 2))),
        ("no UTF-8", post("/", "text/plain", vec![0xff; bytes])),
    ]
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("encoded");
    encoder.finish().expect("encoded")
}

fn gzip(text: &str) -> Exchange {
    coded(post("/v1/items", "application/json", zipped(text.as_bytes())), "gzip")
}

#[test]
fn no_body_takes_the_time_to_judge_the_head() {
    let rule = policy("{body_bytes: 8388608}");
    for (shape, mut exchange) in hostile(1024 * 1024) {
        exchange.request.target = "/v1/items?q=%27%20or%201%3D1--".to_owned();
        assert_eq!(decided(&rule, &exchange), "!sql-injection", "{shape}");
    }
}

/// The budget holds whatever is read, but for what is read at once.
#[test]
fn hostile_bodies_end_with_the_budget() {
    let rule = policy("{body_bytes: 8388608, budget_micros: 2000}");
    let encoded = |shape: &str| {
        ["gzip of nothing", "gzip in gzip in gzip", "Latin-1", "UTF-16", "no UTF-8"]
            .contains(&shape)
    };
    // To make a body readable is quick work, so that it takes a large one to be too long.
    let large = hostile(8 * 1024 * 1024).into_iter().filter(|(shape, _)| encoded(shape));
    for (shape, exchange) in hostile(1024 * 1024).into_iter().chain(large) {
        let before = thread_nanos();
        let judged = rule.judge(&exchange);
        let micros = (thread_nanos() - before) / 1_000;
        // Most is spent by builds for tests, which are some ten times slower.
        assert!(micros < 40_000, "{shape}: {micros} us");
        let told = judged.is_late || !judged.not_inspected.is_empty();
        assert!(told || micros < 2_000, "{shape}: {micros} us and nothing is said");
    }
}
