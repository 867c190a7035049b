use super::*;

/// Reads everything, given in pieces of the sizes that `cut` names, as the tap does.
fn read(
    bytes: &[u8],
    limits: HeadLimits,
    mut cut: impl FnMut() -> usize,
) -> (Vec<u8>, Option<Stop>) {
    let mut reader = HeadReader::new(limits);
    let (mut passed, mut held, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        let end = (at + cut().max(1)).min(bytes.len());
        held.extend_from_slice(&bytes[at..end]);
        at = end;
        let progress = reader.advance(&held);
        passed.extend(held.drain(..progress.valid));
        if progress.stop.is_some() {
            return (passed, progress.stop);
        }
    }
    (passed, None)
}

fn whole(text: &str) -> (Vec<u8>, Option<Stop>) {
    read(text.as_bytes(), HeadLimits::default(), || usize::MAX / 2)
}

fn refusal(text: &str) -> Option<Refusal> {
    match whole(text).1 {
        Some(Stop::Refused(refusal) | Stop::Broken(refusal)) => Some(refusal),
        _ => None,
    }
}

/// Request streams that are valid to their last byte.
const VALID: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a.example/x HTTP/1.1\r\nHost: A.example\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\n\r\n\rxGET / HTTP/1.1\r\nHost:a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx-t: 1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, TE\r\nx-\u{e9}: no\r\n\r\n",
];

#[test]
fn valid_streams_pass_whole() {
    for text in &VALID[..VALID.len() - 1] {
        assert_eq!(whole(text), (text.as_bytes().to_vec(), None), "{text:?}");
    }
    assert_eq!(refusal(VALID[VALID.len() - 1]), Some(Refusal::FieldName));
}

#[test]
fn bytes_outside_ascii_are_allowed_in_values_only() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nx: \u{e9}\r\n\r\n";
    assert_eq!(whole(text), (text.as_bytes().to_vec(), None));
    assert_eq!(refusal("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n"), Some(Refusal::Target));
}

#[test]
fn ambiguity_is_refused() {
    use Refusal::*;
    let head = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    for (text, wanted) in [
        (head("Content-Length: 1\r\nTransfer-Encoding: chunked"), LengthAndCoding),
        (head("Transfer-Encoding: chunked\r\nContent-Length: 1"), LengthAndCoding),
        (head("Content-Length: 1\r\nContent-Length: 1"), DuplicateLength),
        (head("Content-Length: 1, 1"), Length),
        (head("Content-Length: +1"), Length),
        (head("Content-Length: 0x1"), Length),
        (head("Content-Length:"), Length),
        (head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), DuplicateCoding),
        (head("Transfer-Encoding: gzip, chunked"), Coding),
        (head("Transfer-Encoding: identity"), Coding),
        (head("Transfer-Encoding : chunked"), FieldName),
        (head("Transfer-Encoding\t: chunked"), FieldName),
        (head("X: a\r\n b"), FoldedField),
        (head(" X: a"), FoldedField),
        (head("X: a\rb"), BareCarriageReturn),
        (head("X: a\0b"), FieldValue),
        (head("X: a\x7fb"), FieldValue),
        (head("X: a\nY: b"), BareLineFeed),
        (head("X"), FieldName),
        (head(": x"), FieldName),
        (head("Host: a"), DuplicateHost),
        (head("Upgrade: h2c\r\nConnection: upgrade"), Upgrade),
        (head("Upgrade: websocket\r\nConnection: upgrade"), Upgrade),
        (head("HTTP2-Settings: AAMAAABkAAQAAP__"), Upgrade),
        (head("Expect: 200-ok"), Expectation),
        (head("Connection: close, Host"), ConnectionOption),
        (head("Connection: x-forwarded-for"), ConnectionOption),
        (head("Content_Length: 5"), LookalikeField),
        (head("X_Forwarded_For: 5"), LookalikeField),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), MissingHost),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), MissingHost),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n".to_owned(), MissingHost),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n".to_owned(), Host),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), HostMismatch),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), Target),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), Target),
        ("GET /\r\n\r\n".to_owned(), RequestLine),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n".to_owned(), RequestLine),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), Version),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n".to_owned(), Version),
        ("GET / http/1.1\r\nHost: a\r\n\r\n".to_owned(), RequestLine),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n".to_owned(), MethodNotServed),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), MethodNotServed),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), Method),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(), BareLineFeed),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), RequestLine),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), RequestLine),
        ("\x16\x03\x01\x02\0".to_owned(), RequestLine),
        (
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            CodingOfOldVersion,
        ),
    ] {
        assert_eq!(refusal(&text), Some(wanted), "{text:?}");
    }
}

#[test]
fn chunks_have_one_form() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, wanted) in [
        ("3\nabc\r\n", Refusal::BareLineFeed),
        ("3\r\nabc\n0\r\n", Refusal::BareLineFeed),
        ("3\r\nabcd\r\n", Refusal::Chunk),
        ("3 \r\nabc\r\n", Refusal::Chunk),
        ("+3\r\nabc\r\n", Refusal::Chunk),
        ("0x3\r\nabc\r\n", Refusal::Chunk),
        ("\r\nabc\r\n", Refusal::Chunk),
        ("1234567890123456\r\n", Refusal::Chunk),
        ("3;\0\r\nabc\r\n", Refusal::Chunk),
        ("0\r\nContent-Length: 5\r\n\r\n", Refusal::Trailer),
        ("0\r\nHost: b\r\n\r\n", Refusal::Trailer),
        ("0\r\nX: a\r\n folded\r\n\r\n", Refusal::Trailer),
        ("0\r\nX: a\n\r\n", Refusal::BareLineFeed),
    ] {
        let text = format!("{head}{body}");
        assert_eq!(refusal(&text), Some(wanted), "{body:?}");
    }
    let long = format!("{head}3;{}\r\n", "x".repeat(300));
    assert_eq!(refusal(&long), Some(Refusal::Chunk));
}

#[test]
fn limits_are_kept_before_a_head_is_whole() {
    let limits = HeadLimits {
        head_bytes: 200,
        target_bytes: 20,
        fields: 2,
        field_bytes: 40,
        websocket: false,
    };
    let read = |text: &str| read(text.as_bytes(), limits, || 7).1;
    let refused = |refusal| Some(Stop::Refused(refusal));
    let target = format!("GET /{}", "a".repeat(100));
    assert_eq!(read(&target), refused(Refusal::TargetTooLong));
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(20));
    assert_eq!(read(&target), refused(Refusal::TargetTooLong));
    let fields = format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "x: y\r\n".repeat(40));
    assert_eq!(read(&fields), refused(Refusal::HeadTooLong));
    let fields = "GET / HTTP/1.1\r\nHost: a\r\nx: 1\r\nx: 2\r\n\r\n";
    assert_eq!(read(fields), refused(Refusal::TooManyFields));
    let field = format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", "y".repeat(40));
    assert_eq!(read(&field), refused(Refusal::FieldTooLong));
    let upgrade = "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\nHost: a\r\n\r\n";
    assert_eq!(read(upgrade), refused(Refusal::TooManyFields));
}

#[test]
fn an_upgrade_stops_behind_its_head() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
    let (passed, stop) = whole(&format!("{head}\x01\x02"));
    assert_eq!((passed.as_slice(), stop), (head.as_bytes(), Some(Stop::Upgrade)));
    let mut reader = HeadReader::new(HeadLimits::default());
    let _ = reader.advance(head.as_bytes());
    assert_eq!(reader.advance(VALID[0].as_bytes()).valid, 0);
    reader.decline_upgrade();
    assert_eq!(reader.advance(VALID[0].as_bytes()).valid, VALID[0].len());
}

/// xorshift64*: enough for tests, and a failing seed replays.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

#[test]
fn cuts_do_not_matter() {
    for seed in 1..4_000u64 {
        let mut random = Random(seed);
        let mut bytes = Vec::new();
        for _ in 0..=random.below(3) {
            bytes.extend_from_slice(VALID[random.below(VALID.len())].as_bytes());
        }
        for _ in 0..random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = *b"\r\n \t:0a;\0\xff,".get(random.below(11)).unwrap_or(&b'x');
        }
        let at_once = read(&bytes, HeadLimits::default(), || usize::MAX / 2);
        let in_pieces = read(&bytes, HeadLimits::default(), || 1 + random.below(9));
        assert_eq!(at_once, in_pieces, "seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn what_passed_is_read_alike_once_more() {
    for seed in 1..4_000u64 {
        let mut random = Random(seed);
        let mut bytes = VALID[random.below(VALID.len())].as_bytes().to_vec();
        let at = random.below(bytes.len());
        bytes[at] = random.below(256) as u8;
        let (passed, _) = read(&bytes, HeadLimits::default(), || 5);
        assert!(bytes.starts_with(&passed), "seed {seed}");
        let again = read(&passed, HeadLimits::default(), || usize::MAX / 2);
        assert_eq!(again.0, passed, "seed {seed}");
    }
}
