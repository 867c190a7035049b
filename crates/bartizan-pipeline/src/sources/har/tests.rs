use std::io::{self, Read};

use bartizan_model::{BodyState, Exchange, HeaderState};

use super::{
    super::{
        SourceLimits,
        tests::{Dribble, read, split},
    },
    *,
};

fn entries(list: &str) -> (Vec<Exchange>, Vec<String>) {
    split(read("x.har", format!("{{\"log\":{{\"entries\":[{list}]}}}}").as_bytes()))
}

fn one(entry: &str) -> Exchange {
    let (mut exchanges, skipped) = entries(entry);
    assert_eq!((exchanges.len(), skipped.len()), (1, 0), "{entry}: {skipped:?}");
    exchanges.remove(0)
}

fn with_response(response: &str) -> bartizan_model::Response {
    let entry = format!(
        r#"{{"request":{{"method":"GET","url":"https://h.test/"}},"response":{response}}}"#
    );
    one(&entry).response.expect("a response")
}

#[test]
fn a_full_entry_is_read() {
    let exchange = one(
        r#"{"startedDateTime":"2026-11-22T10:00:00.5+01:00","time":"12.5","serverIPAddress":"[2001:db8::1]","_serverPort":8443,"connection":443,"_initiator":{"stack":[{}]},"comment":"x",
        "request":{"method":"POST","url":"https://API.h.test:8443/a?b=1#c","httpVersion":"h2","headers":[{"name":":authority","value":"api.h.test"},{"name":"X-A","value":"1"},["x-b","2"],null],"postData":{"mimeType":"application/json","text":"{}"}},
        "response":{"status":"201","headers":{"set-cookie":["a=1","b=2"],"x":3},"content":{"size":2,"mimeType":"application/json","text":"{}"}}}"#,
    );
    assert_eq!(
        exchange.time.map(|t| t.to_string()).as_deref(),
        Some("2026-11-22T09:00:00.500000Z")
    );
    assert_eq!(exchange.duration_ms, Some(12.5));
    assert_eq!(
        exchange.server.map(|s| (s.0.to_string(), s.1)),
        Some(("2001:db8::1".to_owned(), Some(8443)))
    );
    assert_eq!((exchange.id.as_str(), exchange.source.as_deref()), ("1", Some("x.har")));
    assert_eq!(exchange.connection_id.as_deref(), Some("443"));
    let request = exchange.request;
    assert_eq!(
        (&*request.scheme, &*request.authority, &*request.target),
        ("https", "api.h.test:8443", "/a?b=1")
    );
    assert_eq!(request.http_version.as_deref(), Some("2"));
    let headers: Vec<_> = request.headers.iter().collect();
    assert_eq!(headers, [("X-A", "1"), ("x-b", "2"), ("content-type", "application/json")]);
    assert_eq!(request.header_state, HeaderState::Complete);
    let response = exchange.response.expect("a response");
    assert_eq!((response.status, response.headers_captured), (201, true));
    assert_eq!(response.headers.get_all("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!((&response.body[..], response.body_state), (&b"{}"[..], BodyState::Complete));
}

#[test]
fn an_empty_list_of_headers_was_not_recorded() {
    let state = |headers: &str| {
        one(&format!(r#"{{"request":{{"method":"GET","url":"https://h.test/"{headers}}}}}"#))
            .request
            .header_state
    };
    assert_eq!(state(""), HeaderState::Incomplete);
    assert_eq!(state(r#","headers":[]"#), HeaderState::Incomplete);
    assert_eq!(state(r#","headers":[{"name":":path","value":"/"}]"#), HeaderState::Complete);
}

#[test]
fn sloppy_entries_are_kept_or_named() {
    let (exchanges, skipped) = entries(
        r#"null, 7, "x", [], {}, {"request":null}, {"request":{"method":"GET"}},
        {"request":{"url":"https://h.test/"}}, {"request":{"method":"G T","url":"https://h.test/"}},
        {"request":{"method":"GET","url":"blob:x"}}, {"request":{"method":"GET","url":"about:blank"}},
        {"request":{"method":"GET","url":"chrome-extension://a/b"}}, {"request":{"method":"CONNECT","url":"h.test:443"}},
        {"request":{"method":"GET","url":"https://h.test/"},"a":tru},
        {"request":{"method":"GET","url":"https://h.test/ok"},"time":NaN,"x":"\ud800"},
        {"request":{"headers":{":method":"PUT",":path":"/p",":authority":"H.test",":scheme":"https"}}},
        {"request":{"method":"GET","url":"/rel","headers":[{"name":"Host","value":"R.test"}]},"request2":1,"time":1,"time":2}"#,
    );
    let reasons: Vec<_> = skipped.iter().map(|s| s.split(' ').next().unwrap_or("")).collect();
    assert_eq!(
        reasons,
        [
            "entry_not_object",
            "entry_not_object",
            "entry_not_object",
            "entry_not_object",
            "missing_request",
            "missing_request",
            "missing_url",
            "missing_method",
            "invalid_method",
            "blob_url",
            "about_url",
            "extension_url",
            "connect_tunnel",
        ]
    );
    let urls: Vec<_> = exchanges
        .iter()
        .map(|e| format!("{} {}{}", e.request.method, e.request.authority, e.request.target))
        .collect();
    // `tru` is repaired to null: the request is good.
    assert_eq!(urls, ["GET h.test/", "GET h.test/ok", "PUT h.test/p", "GET r.test/rel"]);
    assert_eq!(exchanges.last().and_then(|e| e.duration_ms), Some(2.0));
}

#[test]
fn no_answer_is_status_zero() {
    for status in ["0", "-1", "null", "\"\"", "1e9"] {
        let response =
            with_response(&format!(r#"{{"status":{status},"headers":[],"content":{{"size":0}}}}"#));
        assert_eq!((response.status, response.body_state), (0, BodyState::NotCaptured), "{status}");
    }
    assert_eq!(
        one(r#"{"request":{"method":"GET","url":"https://h.test/"},"response":null}"#).response,
        None
    );
}

#[test]
fn bodies_say_how_much_of_them_is_there() {
    use BodyState::{Complete, NotCaptured, Truncated};
    for (response, body, state, size) in [
        (r#"{"status":200}"#, "", NotCaptured, None),
        (r#"{"status":200,"content":{}}"#, "", NotCaptured, None),
        (r#"{"status":200,"content":{"size":0}}"#, "", Complete, Some(0)),
        (r#"{"status":200,"content":{"size":0},"bodySize":90}"#, "", NotCaptured, Some(90)),
        (r#"{"status":200,"content":{"size":-1}}"#, "", NotCaptured, None),
        (r#"{"status":204,"content":{"size":-1}}"#, "", Complete, Some(0)),
        (r#"{"status":200,"content":{"size":9}}"#, "", NotCaptured, Some(9)),
        (r#"{"status":200,"content":{"size":9,"text":""}}"#, "", NotCaptured, Some(9)),
        (r#"{"status":200,"content":{"size":9,"text":"abc"}}"#, "abc", Truncated, Some(9)),
        (r#"{"status":200,"content":{"size":"3","text":"abc"}}"#, "abc", Complete, Some(3)),
        (r#"{"status":200,"content":{"text":"ä","size":1}}"#, "ä", Complete, Some(2)),
        (
            r#"{"status":200,"content":{"text":"YWJj","encoding":"base64"}}"#,
            "abc",
            Complete,
            Some(3),
        ),
        (
            r#"{"status":200,"content":{"text":"YW\nJj","encoding":"base64"}}"#,
            "abc",
            Complete,
            Some(3),
        ),
        (
            r#"{"status":200,"content":{"text":"LEFT OUT","size":99,"encoding":"base64"}}"#,
            "LEFT OUT",
            Truncated,
            Some(99),
        ),
        (
            r#"{"status":200,"content":{"text":"NOT BASE64!","size":99,"encoding":"base64"}}"#,
            "NOT BASE64!",
            Truncated,
            Some(99),
        ),
    ] {
        let read = with_response(response);
        assert_eq!(
            (&read.body[..], read.body_state, read.size()),
            (body.as_bytes(), state, size),
            "{response}"
        );
    }
}

#[test]
fn content_encoding_stays_only_with_encoded_bytes() {
    let response = |coding: &str, content: &str| {
        with_response(&format!(
            r#"{{"status":200,"headers":[{{"name":"Content-Encoding","value":"{coding}"}},{{"name":"Content-Type","value":"application/json"}}],"content":{content}}}"#
        ))
    };
    let decoded = response("gzip", r#"{"size":2,"text":"{}"}"#);
    assert!(!decoded.headers.contains("content-encoding"));
    let decoded = response("br", r#"{"text":"e30=","encoding":"base64"}"#);
    assert!(!decoded.headers.contains("content-encoding") && &decoded.body[..] == b"{}");
    let encoded =
        response("gzip", r#"{"text":"H4sIAAAAAAAAAyE+EjNBD/iT6u4EAAAA","encoding":"base64"}"#);
    assert!(
        encoded.headers.contains("content-encoding") && encoded.body.starts_with(&[0x1f, 0x8b])
    );
    let encoded = response("br", r#"{"text":"iweAZmZv/////w==","encoding":"base64"}"#);
    assert!(encoded.headers.contains("content-encoding"));
    let encoded = response("gzip", r#"{"text":"\u001f\u008b\u0008\u0000"}"#);
    assert!(encoded.headers.contains("content-encoding") && encoded.body[..] == [0x1f, 0x8b, 8, 0]);
}

#[test]
fn request_bodies_are_put_back_together() {
    let request = |post: &str, more: &str| {
        one(&format!(
            r#"{{"request":{{"method":"POST","url":"https://h.test/"{more},"postData":{post}}}}}"#
        ))
        .request
    };
    let form = request(
        r#"{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"1&2"},{"name":"c","value":"%20+"},7]}"#,
        "",
    );
    assert_eq!(&form.body[..], b"a+b=1%262&c=%20+");
    assert_eq!(form.headers.media_type(), "application/x-www-form-urlencoded");
    let parts = request(
        r#"{"mimeType":"multipart/form-data; boundary=XX","params":[{"name":"f","fileName":"a\".txt","contentType":"text/plain","value":"hi"}]}"#,
        "",
    );
    assert_eq!(
        std::str::from_utf8(&parts.body).expect("text"),
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--XX--\r\n"
    );
    let cut = request(r#"{"mimeType":"text/plain","text":"abc"}"#, r#","bodySize":10"#);
    assert_eq!(cut.body_state, BodyState::Truncated);
    let left_out = request(r#"{"mimeType":"text/plain"}"#, r#","bodySize":10"#);
    assert_eq!(left_out.body_state, BodyState::NotCaptured);
    let get = one(r#"{"request":{"method":"GET","url":"https://h.test/","bodySize":-1,"cookies":[{"name":"a","value":"1"},{"name":"b","value":"2"}],"queryString":[{"name":"q","value":"x y"}]}}"#).request;
    assert_eq!(
        (get.body_state, get.headers.get("cookie")),
        (BodyState::Complete, Some("a=1; b=2"))
    );
    assert_eq!(get.target, "/?q=x+y");
    let post = one(r#"{"request":{"method":"POST","url":"https://h.test/"}}"#).request;
    assert_eq!(post.body_state, BodyState::NotCaptured);
}

#[test]
fn messages_of_a_websocket_are_kept() {
    let exchange = one(
        r#"{"request":{"method":"GET","url":"wss://h.test/s"},"response":{"status":101},"_webSocketMessages":[
        {"type":"send","time":1693303610.25,"opcode":1,"data":"hi"},{"type":"receive","opcode":2,"data":"AAE="},null]}"#,
    );
    assert_eq!(
        (exchange.protocol.as_deref(), &*exchange.request.scheme),
        (Some("websocket"), "wss")
    );
    let messages: Vec<_> =
        exchange.messages.iter().map(|m| (m.from_client, m.text, &m.data[..])).collect();
    assert_eq!(messages, [(true, true, &b"hi"[..]), (false, false, &[0, 1][..])]);
    assert_eq!(
        exchange.messages[0].time.map(|t| t.to_string()).as_deref(),
        Some("2023-08-29T10:06:50.250000Z")
    );
}

#[test]
fn a_file_that_breaks_off_keeps_what_came_before() {
    let whole = br#"{"log":{"entries":[{"request":{"method":"GET","url":"https://h.test/a"}},{"request":{"method":"GET","url":"https://h.test/b"}}]}}"#;
    let text = String::from_utf8_lossy(whole);
    let ends: Vec<_> = text.match_indices("\"}}").map(|(at, _)| at + 3).collect();
    assert_eq!(ends.len(), 2);
    for cut in 0..whole.len() {
        let items = read("x.har", &whole[..cut]);
        let exchanges = items.iter().filter(|i| matches!(i, Ok(Item::Exchange(_)))).count();
        assert_eq!(exchanges, ends.iter().filter(|end| **end <= cut).count(), "{cut}");
        // Whatever is missing is told.
        assert!(items.iter().any(|i| !matches!(i, Ok(Item::Exchange(_)))), "{cut}");
    }
    let garbage = [&whole[..], b"\n<!-- x -->"].concat();
    let (exchanges, skipped) = split(read("x.har", &garbage));
    assert_eq!((exchanges.len(), skipped), (2, vec!["trailing_garbage at entry 2".to_owned()]));
}

#[test]
fn fixtures_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
    for (name, exchanges, skipped) in [
        ("mitmproxy/with-bom.har", 1, &[][..]),
        ("mitmproxy/corrupted_gzip_body.har", 1, &[]),
        ("mitmproxy/incomplete_log.har", 4, &[]),
        ("mitmproxy/compressed.zhar", 2, &[]),
        ("mitmproxy/head-content-length.har", 1, &[]),
        ("mitmproxy/postdata.har", 1, &[]),
        ("har-to-openapi/invalid-url.har", 1, &["missing_url at entry 2"]),
        ("har-to-openapi/formdata.har", 5, &[]),
        ("har-to-openapi/custom-method.har", 1, &[]),
        ("har-to-openapi/full.har", 8, &[]),
        ("har-to-openapi/media-types.har", 5, &[]),
    ] {
        let bytes = std::fs::read(format!("{folder}{name}")).expect("a fixture");
        let (read, skips) = split(read(name, &bytes));
        assert_eq!(
            (read.len(), skips),
            (exchanges, skipped.iter().map(|s| (*s).to_owned()).collect()),
            "{name}"
        );
    }
    for (name, found) in [
        ("mitmproxy/brokenfile.har", "no log.entries"),
        ("har-to-openapi/no-entries.har", "log.entries is empty"),
    ] {
        let bytes = std::fs::read(format!("{folder}{name}")).expect("a fixture");
        let message = format!("{:?}", read(name, &bytes));
        assert!(message.contains(found), "{name}: {message}");
    }
    let bytes =
        std::fs::read(format!("{folder}mitmproxy/corrupted_gzip_body.har")).expect("a fixture");
    let (read, _) = split(read("x.har", &bytes));
    let response = read[0].response.clone().expect("a response");
    assert!(
        response.headers.contains("content-encoding") && response.body.starts_with(&[0x1f, 0x8b])
    );
}

/// A HAR of three entries, the second of which has a text of `left` bytes.
struct Huge {
    before: &'static [u8],
    left: u64,
    after: &'static [u8],
}

impl Read for Huge {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.before.read(buffer)?;
        if n > 0 {
            return Ok(n);
        }
        let n = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if n > 0 {
            buffer[..n].fill(b'x');
            self.left -= n as u64;
            return Ok(n);
        }
        self.after.read(buffer)
    }
}

#[test]
fn a_huge_entry_is_streamed_over_in_constant_memory() {
    let huge = Huge {
        before: br#"{"log":{"entries":[{"request":{"method":"GET","url":"https://h.test/a"}},{"request":{"method":"GET","url":"https://h.test/b","x":""#,
        left: 300 * 1024 * 1024,
        after: br#""}},{"request":{"method":"GET","url":"https://h.test/c"}}]}}"#,
    };
    let limits = SourceLimits::default();
    let input = Input::reader("x.har", Box::new(huge), None).expect("opens");
    let mut har =
        Har { input, ledger: Ledger::default(), scan: EntryScan::new(limits.entry_bytes) };
    let mut kept = 0;
    let mut seen = Vec::new();
    while let Some(item) = har.next() {
        kept = kept.max(har.scan.kept_bytes());
        seen.push(match item.expect("reads") {
            Item::Exchange(exchange) => exchange.request.target,
            Item::Skipped(skipped) => format!("{} {}", skipped.reason, skipped.at),
        });
    }
    assert_eq!(seen, ["/a", "entry_too_large entry 2", "/c"]);
    assert!(kept <= 2 * limits.entry_bytes, "{kept}");
    assert!(har.position() > 300 * 1024 * 1024);
}

#[test]
fn garbage_never_panics_or_hangs() {
    let good = br#"{"log":{"entries":[{"request":{"method":"GET","url":"https://h.test/a","headers":[{"name":"a","value":"\ud83d\ude00"}]},"response":{"status":200,"content":{"text":"e30=","encoding":"base64"}}}]}}"#;
    let mut random = 0x2545_f491_4f6c_dd1du64;
    for round in 0..3000 {
        let mut bytes = good.to_vec();
        for _ in 0..=round % 4 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = usize::try_from(random >> 8).unwrap_or(0) % bytes.len();
            bytes[at] = b"\"{}[],:\\\0\xff0nxu"[usize::try_from(random & 0xff).unwrap_or(0) % 14];
        }
        let input = Input::reader("x.har", Box::new(Dribble::new(&bytes)), None).expect("opens");
        let mut source = SOURCE.open(
            input,
            Ledger::default(),
            &SourceLimits::default(),
            &std::sync::Arc::default(),
        );
        let items = super::super::tests::drain(&mut *source);
        assert!(!items.is_empty() && items.len() < 100);
    }
}
