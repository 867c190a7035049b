use bartizan_model::{BodyState, Exchange, HeaderState};

use super::{
    super::{
        skip::SkipReason,
        tests::{read, split},
    },
    *,
};

fn one(line: &str) -> Exchange {
    line::read(line.as_bytes()).unwrap_or_else(|reason| panic!("{reason}: {line}"))
}

#[test]
fn combined_form_is_read() {
    let exchange = one(
        r#"203.0.113.7 - alice [01/May/2026:02:00:03 +0200] "POST /a?b=1 HTTP/1.1" 201 1636 "https://x.test/" "Mozilla/5.0 \"q\" \x22\xC3\xA4\\""#,
    );
    assert_eq!(
        exchange.time.map(|t| t.to_string()).as_deref(),
        Some("2026-05-01T00:00:03.000000Z")
    );
    assert_eq!(exchange.client.ip.map(|ip| ip.to_string()).as_deref(), Some("203.0.113.7"));
    assert_eq!(exchange.client.user.as_deref(), Some("alice"));
    let request = exchange.request;
    assert_eq!((&*request.method, &*request.target, &*request.authority), ("POST", "/a?b=1", ""));
    assert_eq!(request.body_state, BodyState::NotCaptured);
    assert_eq!(request.header_state, HeaderState::Incomplete, "a log names a few fields only");
    assert_eq!(request.headers.get("user-agent"), Some("Mozilla/5.0 \"q\" \"ä\\"));
    assert_eq!(request.headers.get("referer"), Some("https://x.test/"));
    let response = exchange.response.expect("a response");
    assert_eq!((response.status, response.body_bytes), (201, Some(1636)));
    assert!(!response.headers_captured && response.body_state == BodyState::NotCaptured);
}

#[test]
fn variations_are_read() {
    for (line, expected) in [
        (
            r#"::1 - - [01/May/2026:00:00:00 +0000] "GET / HTTP/2.0" 200 -"#,
            "::1 GET  / 200 Some(0)",
        ),
        (
            r#"h.test:443 1.2.3.4 - - [01/May/2026:00:00:00 +0000] "GET /a HTTP/1.1" 404 7 "-" "-""#,
            "1.2.3.4 GET h.test /a 404 Some(7)",
        ),
        (
            r#"1.2.3.4 - - [01/May/2026:00:00:00 -0730] "GET http://O.test:81/x HTTP/1.1" 200 1"#,
            "1.2.3.4 GET o.test:81 /x 200 Some(1)",
        ),
        (
            r#"1.2.3.4 - - [2026-05-01T00:00:00+00:00] "GET /a"b HTTP/1.1" 200 1 "-" "x""#,
            "1.2.3.4 GET  /a\"b 200 Some(1)",
        ),
        (
            r#"1.2.3.4 - - [1777593600.123] "OPTIONS * HTTP/1.0" 200 1"#,
            "1.2.3.4 OPTIONS  * 200 Some(1)",
        ),
        (
            r#"1.2.3.4 - [x] [01/May/2026:00:00:00 +0000] "GET /a HTTP/1.1" - -"#,
            "1.2.3.4 GET  /a - None",
        ),
        (
            r#"1.2.3.4 - - [01/May/2026:00:00:00 +0000] "GET /a\ HTTP/1.1" 200 1"#,
            "1.2.3.4 GET  /a\\ 200 Some(1)",
        ),
        (
            r#"1.2.3.4 - - [01/May/2026:00:00:00 +0000] "GET /" 400 1 "-" "-" "-""#,
            "1.2.3.4 GET  / 400 Some(1)",
        ),
        (
            r#"May  1 00:00:00 lb nginx: 1.2.3.4 - - [01/May/2026:00:00:00 +0000] "GET / HTTP/1.1" 000 1"#,
            "1.2.3.4 GET  / 0 Some(1)",
        ),
    ] {
        let e = one(line);
        let ip = e.client.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let status = e.response.as_ref().map_or("-".to_owned(), |r| r.status.to_string());
        let bytes = e.response.and_then(|r| r.body_bytes);
        let read = format!(
            "{ip} {} {} {} {status} {bytes:?}",
            e.request.method, e.request.authority, e.request.target
        );
        assert_eq!(read, expected, "{line}");
        assert!(e.time.is_some());
    }
}

#[test]
fn further_fields_are_told_by_their_form() {
    let line = |tail: &str| {
        one(&format!(r#"1.2.3.4 - - [01/May/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1 {tail}"#))
    };
    let e = line(r#""-" "okhttp/4" 1 "api@docker" "http://172.18.0.4:8080" 350ms"#);
    assert_eq!(
        (e.duration_ms, e.request.headers.get("user-agent")),
        (Some(350.0), Some("okhttp/4"))
    );
    let e = line(r#""-" "x" "9.9.9.9, 2001:db8::1" 0.250 0.248 0123456789abcdef0123456789abcdef"#);
    assert_eq!(e.request.headers.get("x-forwarded-for"), Some("9.9.9.9, 2001:db8::1"));
    assert_eq!(
        (e.duration_ms, e.request_id.as_deref()),
        (Some(250.0), Some("0123456789abcdef0123456789abcdef"))
    );
    let e = line(r#""-" "x" "-" rt=0.5 uct="0.000" host=api.h.test"#);
    assert_eq!((e.duration_ms, &*e.request.authority), (Some(500.0), "api.h.test"));
    let e = line(r#""-" "odd "quoted" agent" 0.010 ua=10.0.0.1:80"#);
    assert_eq!(
        (e.duration_ms, e.request.headers.get("user-agent")),
        (Some(10.0), Some("odd \"quoted\" agent"))
    );
    assert_eq!(
        e.server.map(|(ip, port)| (ip.to_string(), port)),
        Some(("10.0.0.1".to_owned(), Some(80)))
    );
    let e = line(r#"0.010 "-" "x" 1234"#);
    assert_eq!((e.duration_ms, e.request.headers.get("user-agent")), (Some(10.0), Some("x")));
    let e = line(r#""1.2.3.4""#);
    assert_eq!(
        (e.request.headers.get("referer"), e.request.headers.get("x-forwarded-for")),
        (None, Some("1.2.3.4"))
    );
}

#[test]
fn lines_that_are_no_requests_are_named() {
    let line = |request: &str| {
        let line = format!(r#"1.2.3.4 - - [01/May/2026:00:00:00 +0000] "{request}" 400 0 "-" "-""#);
        line::read(line.as_bytes()).err()
    };
    for (request, reason) in [
        (r"\x16\x03\x01\x02", SkipReason::RequestTls),
        ("-", SkipReason::RequestEmpty),
        ("", SkipReason::RequestEmpty),
        ("GET", SkipReason::RequestIncomplete),
        (r"\x03\x00\x00/*\xE0", SkipReason::RequestNotHttp),
    ] {
        assert_eq!(line(request), Some(reason), "{request}");
    }
    for (line, reason) in [
        ("", SkipReason::NotALogLine),
        ("#Fields: x", SkipReason::NotALogLine),
        (
            "1.2.3.4 - - [99/May/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
            SkipReason::NotALogLine,
        ),
        ("1.2.3.4 - - [01/May/2026:00:00:00 +0000] \"GET / HTTP/1.1", SkipReason::NotALogLine),
        ("[01/May/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1", SkipReason::NotALogLine),
    ] {
        assert_eq!(line::read(line.as_bytes()).err(), Some(reason), "{line}");
    }
}

#[test]
fn hostile_lines_take_linear_time() {
    let begin = std::time::Instant::now();
    let size = 256 * 1024;
    for piece in
        ["[", "\"", "\\", "[] ", "[01/May/2026:00:00:00 +0000] \"", "\" ", "1.2.3.4 ", "\\x", "\\u"]
    {
        for tail in ["", "1.2.3.4 - - [01/May/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 "] {
            let _ = line::read(format!("{tail}{}", piece.repeat(size / piece.len())).as_bytes());
            let _ = line::read(format!("{}{tail}", piece.repeat(size / piece.len())).as_bytes());
        }
    }
    // Quadratic work on any of them would take minutes.
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    let mut line = b"1.2.3.4 - \xff\xfe [01/May/2026:00:00:00 +0000] \"GET /\xff\x80 HTTP/1.1\" 200 1 \"\xff\" \"\xc3\"".to_vec();
    let read = line::read(&line).expect("a request");
    assert_eq!(read.request.target, "/%FF%80");
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for _ in 0..20_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = usize::try_from(random >> 8).unwrap_or(0) % line.len();
        line[at] = u8::try_from(random & 0xff).unwrap_or(0);
        let _ = line::read(&line);
    }
}

#[test]
fn blank_lines_are_nothing_and_numbers_count_them() {
    let text = "\n\nx\n1.2.3.4 - - [01/May/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 1\n#c\n";
    let (exchanges, skipped) = split(read("x.log", text.as_bytes()));
    assert_eq!(exchanges.len(), 1);
    assert_eq!(skipped, ["not_a_log_line at line 3", "comment_line at line 5"]);
}
