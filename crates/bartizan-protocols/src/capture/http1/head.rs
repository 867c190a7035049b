//! Heads of HTTP/1 messages (RFC 9112 §2 to §6), read as lenient servers do: what is odd in them is
//! for the judgement to see.

use bartizan_model::Headers;

use super::super::message::{Answered, Asked, Message, split_target, text};

/// Longest method.
const METHOD_BYTES: usize = 32;
/// Most bytes of empty lines in front of a message that one is recognised behind.
const BLANK_BYTES: usize = 256;
/// Longest first line that is waited for to tell whether it is one.
const LINE_BYTES: usize = 8 * 1024;
/// Length of a version (RFC 9112 §2.3).
const VERSION_BYTES: usize = 8;
const METHODS: [&str; 10] =
    ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY"];

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Looks {
    Request,
    Response,
    /// There are too few to tell.
    Unclear,
    Other,
}

/// What the beginning of a message looks like. However many bytes there are, no more than
/// [`LINE_BYTES`] are looked at, since it is asked anew for each piece that a message may begin with.
pub(in super::super) fn looks(bytes: &[u8]) -> Looks {
    let is_long = bytes.len() > LINE_BYTES;
    let bytes = bytes.get(..LINE_BYTES).unwrap_or(bytes);
    let unclear = if is_long { Looks::Other } else { Looks::Unclear };
    let start = blank(bytes.get(..=BLANK_BYTES).unwrap_or(bytes));
    if start > BLANK_BYTES {
        return Looks::Other;
    }
    let bytes = bytes.get(start..).unwrap_or_default();
    let first = bytes.get(..5.min(bytes.len())).unwrap_or_default();
    if first.eq_ignore_ascii_case(b"HTTP/".get(..first.len()).unwrap_or_default()) {
        return if first.len() < 5 { unclear } else { Looks::Response };
    }
    let start = bytes.get(..=METHOD_BYTES).unwrap_or(bytes);
    let method = start.iter().position(|b| !is_token(*b));
    let Some(method) = method.filter(|at| *at > 0) else {
        let could_be = method.is_none() && bytes.len() <= METHOD_BYTES;
        return if could_be { unclear } else { Looks::Other };
    };
    let (name, rest) = bytes.split_at(method);
    let is_known = METHODS.iter().any(|known| known.as_bytes() == name);
    match rest {
        [b' ' | b'\t', b'/' | b'*', ..] if is_known => return Looks::Request,
        [b' ' | b'\t', ..] => {}
        _ => return Looks::Other,
    }
    match memchr::memchr(b'\n', rest) {
        Some(end) => {
            let line = rest.get(..end).unwrap_or_default().trim_ascii_end();
            if is_known || names_version(line) { Looks::Request } else { Looks::Other }
        }
        None => unclear,
    }
}

/// Whether a line ends in a version, be it cut or right behind the target: what asks for HTTP and is
/// malformed is asked all the same.
fn names_version(line: &[u8]) -> bool {
    let end = line.get(line.len().saturating_sub(VERSION_BYTES)..).unwrap_or_default();
    end.windows(5).any(|part| part.eq_ignore_ascii_case(b"HTTP/"))
}

/// Bytes of empty lines in front of a message (RFC 9112 §2.2).
pub(super) fn blank(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// Where the head ends, empty line included. `from` is where the last search left off.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        at += found + 1;
        match bytes.get(at..) {
            Some([b'\n', ..]) => return Some(at + 1),
            Some([b'\r', b'\n', ..]) => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// The first line of a request.
pub(super) struct RequestLine {
    pub(super) asked: Asked,
    /// Whether it can be a request of HTTP/0.9, which is its first line alone.
    pub(super) is_simple: bool,
}

/// Reads the first line of a request; `None` when it is none.
pub(super) fn request_line(line: &[u8]) -> Option<RequestLine> {
    let line = line.trim_ascii();
    let (method, rest) = line.split_at(line.iter().position(|b| matches!(b, b' ' | b'\t'))?);
    let rest = rest.trim_ascii_start();
    if method.is_empty() || method.len() > METHOD_BYTES || !method.iter().all(|b| is_token(*b)) {
        return None;
    }
    let last = rest.iter().rposition(|b| matches!(b, b' ' | b'\t'));
    let (target, version) = match last.map(|at| rest.split_at(at)) {
        Some((target, version))
            if version.trim_ascii().to_ascii_uppercase().starts_with(b"HTTP/") =>
        {
            (target.trim_ascii_end(), Some(version.trim_ascii()))
        }
        _ => (rest, None),
    };
    let is_known = METHODS.iter().any(|known| known.as_bytes() == method);
    let is_meant = is_known || (target.starts_with(b"/") && names_version(target));
    if target.is_empty() || (version.is_none() && !is_meant) {
        return None;
    }
    let is_simple = version.is_none() && method == b"GET";
    let version = version.map_or(if is_simple { "0.9" } else { "1.1" }, short_version);
    let method = text(method);
    let target = text(target);
    let (scheme, authority, target) = if method == "CONNECT" {
        (String::new(), target.to_lowercase(), target)
    } else {
        split_target(&target)
    };
    let asked = Asked {
        method,
        scheme,
        authority,
        target,
        version,
        is_partial: false,
        message: Message::default(),
    };
    Some(RequestLine { asked, is_simple })
}

/// Reads a status line; `None` when it is none.
pub(super) fn status_line(line: &[u8]) -> Option<Answered> {
    let mut words = line.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
    let version = words.next()?;
    let status = words.next()?.trim_ascii();
    let is_version = version.len() <= 10 && version.to_ascii_uppercase().starts_with(b"HTTP/");
    let [a, b, c] = *<&[u8; 3]>::try_from(status).ok()?;
    if !is_version || ![a, b, c].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |b: u8| u16::from(b - b'0');
    let status = digit(a) * 100 + digit(b) * 10 + digit(c);
    Some(Answered { status, message: Message::default() })
}

fn short_version(version: &[u8]) -> &'static str {
    match version.get(5..).unwrap_or_default() {
        b"1.0" => "1.0",
        b"0.9" => "0.9",
        b"2" | b"2.0" => "2",
        _ => "1.1",
    }
}

/// Fields that were read.
pub(super) struct Fields {
    pub(super) headers: Headers,
    /// Whether there was a line that is no field, or more fields than the limit.
    pub(super) is_malformed: bool,
    pub(super) is_cut: bool,
}

/// Reads fields, one on each line; folded lines (RFC 9112 §5.2) belong to the field before.
pub(super) fn fields(bytes: &[u8], most: usize) -> Fields {
    let mut fields: Vec<(String, String)> = Vec::new();
    let (mut is_malformed, mut is_cut) = (false, false);
    for line in bytes.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        if matches!(line, [b' ' | b'\t', ..]) {
            match fields.last_mut() {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(&text(line.trim_ascii()));
                }
                None => is_malformed = true,
            }
            continue;
        }
        let colon = memchr::memchr(b':', line).filter(|at| *at > 0);
        let Some((name, value)) = colon.map(|at| line.split_at(at)) else {
            is_malformed = true;
            continue;
        };
        if fields.len() >= most {
            is_cut = true;
            break;
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        fields.push((text(name), text(value)));
    }
    Fields { headers: fields.into_iter().collect(), is_malformed, is_cut }
}

/// How the end of a body is found (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    /// Until the connection closes.
    Close,
    /// It cannot be told.
    Unclear,
}

/// The framing that the fields of a message name.
pub(super) fn framing(headers: &Headers, is_request: bool) -> Framing {
    let codings = headers.get_all("transfer-encoding").flat_map(|value| value.split(','));
    let last = codings.map(str::trim).filter(|coding| !coding.is_empty()).last();
    if let Some(coding) = last {
        return match coding {
            coding if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            coding if coding.eq_ignore_ascii_case("identity") => length(headers, is_request),
            _ if is_request => Framing::Unclear,
            _ => Framing::Close,
        };
    }
    length(headers, is_request)
}

fn length(headers: &Headers, is_request: bool) -> Framing {
    let values = headers.get_all("content-length").flat_map(|value| value.split(','));
    let mut found = None;
    for value in values.map(str::trim) {
        let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let Some(length) = value.parse::<u64>().ok().filter(|_| is_number) else {
            return if is_request { Framing::Unclear } else { Framing::Close };
        };
        if found.is_some_and(|found| found != length) {
            return if is_request { Framing::Unclear } else { Framing::Close };
        }
        found = Some(length);
    }
    match found {
        Some(length) => Framing::Length(length),
        None if is_request => Framing::Length(0),
        None => Framing::Close,
    }
}

/// The length that a chunk's first line names (RFC 9112 §7.1).
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    let digits = std::str::from_utf8(size).ok()?;
    let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// Whether a list field has an element, whatever its case.
pub(super) fn has_word(headers: &Headers, name: &str, word: &str) -> bool {
    headers
        .get_all(name)
        .flat_map(|value| value.split(','))
        .any(|element| element.trim().eq_ignore_ascii_case(word))
}

/// RFC 9110 §5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_told_apart() {
        for (bytes, wanted) in [
            (&b"GET / HTTP/1.1\r\n"[..], Looks::Request),
            (b"\r\n\r\nPOST /a", Looks::Request),
            (b"GE", Looks::Unclear),
            (b"PROPFIND /a HTTP/1.1\r\n", Looks::Request),
            (b"PROPFIND /a", Looks::Unclear),
            (b"CCM_POST / HTTP/1.\n", Looks::Request),
            (b"CCM_POST / HTTP\n", Looks::Other),
            (b"HTTP/1.1 200 OK", Looks::Response),
            (b"http/1.0 200 OK", Looks::Response),
            (b"HT", Looks::Unclear),
            (b"SSH-2.0-x\r\n", Looks::Other),
            (b"EHLO mail\r\n", Looks::Other),
            (b"\x16\x03\x01", Looks::Other),
            (b"{\"a\": 1}", Looks::Other),
            (b"", Looks::Unclear),
        ] {
            assert_eq!(looks(bytes), wanted, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn no_more_than_a_line_is_looked_at() {
        for (bytes, wanted) in [
            (&b"a"[..], Looks::Other),
            (b"\n", Looks::Other),
            (b"FOO /", Looks::Other),
            (b"GET /", Looks::Request),
        ] {
            let last = [&b"\nFOO / HTTP/1.1\n"[..], &[b'/'; LINE_BYTES]].concat();
            let long = [bytes, &bytes[bytes.len() - 1..].repeat(LINE_BYTES), &last].concat();
            assert_eq!(looks(&long), wanted, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn heads_end_with_an_empty_line() {
        assert_eq!(end(b"a\r\nb\r\n\r\nrest", 0), Some(8));
        assert_eq!(end(b"a\n\nrest", 0), Some(3));
        assert_eq!(end(b"a\r\nb\r\n\r", 0), None);
    }

    #[test]
    fn framings_follow_the_rfc() {
        for (fields, request, response) in [
            (&[][..], Framing::Length(0), Framing::Close),
            (&[("Content-Length", "5")], Framing::Length(5), Framing::Length(5)),
            (&[("content-length", "5, 5")], Framing::Length(5), Framing::Length(5)),
            (&[("content-length", "5"), ("content-length", "6")], Framing::Unclear, Framing::Close),
            (&[("content-length", "-5")], Framing::Unclear, Framing::Close),
            (&[("content-length", "+5")], Framing::Unclear, Framing::Close),
            (
                &[("content-length", "18446744073709551615")],
                Framing::Length(u64::MAX),
                Framing::Length(u64::MAX),
            ),
            (
                &[("transfer-encoding", "gzip, Chunked"), ("content-length", "5")],
                Framing::Chunked,
                Framing::Chunked,
            ),
            (&[("transfer-encoding", "gzip")], Framing::Unclear, Framing::Close),
        ] {
            let headers: Headers = fields.iter().copied().collect();
            assert_eq!(framing(&headers, true), request, "{fields:?}");
            assert_eq!(framing(&headers, false), response, "{fields:?}");
        }
    }

    #[test]
    fn chunk_sizes_are_hexadecimal() {
        for (line, size) in [
            (&b"1a"[..], Some(26)),
            (b" 1A ; x=y", Some(26)),
            (b"0", Some(0)),
            (b"+1", None),
            (b"", None),
            (b"0x1", None),
            (b"10000000000000000", None),
        ] {
            assert_eq!(chunk_size(line), size, "{line:?}");
        }
    }

    #[test]
    fn lines_and_fields_are_read_leniently() {
        let line = request_line(b"GET  http://H.test/a b HTTP/1.0").expect("a request");
        let asked = line.asked;
        assert_eq!((&*asked.authority, &*asked.target, asked.version), ("h.test", "/a b", "1.0"));
        assert!(request_line(b"GET /").expect("HTTP/0.9").is_simple);
        for (line, target) in
            [(&b"FOO / HTTP/1."[..], "/"), (b"FOO /HTTP/1.1", "/HTTP/1.1"), (b"GET /a", "/a")]
        {
            assert_eq!(request_line(line).expect("a request").asked.target, target);
        }
        for line in [&b"GET"[..], b"FOO /", b"FOO xHTTP/1.1", b"G{T / HTTP/1.1", b""] {
            assert!(request_line(line).is_none(), "{line:?}");
        }
        assert_eq!(status_line(b"HTTP/1.1 204").map(|a| a.status), Some(204));
        assert!(status_line(b"HTTP/1.1 2x4 OK").is_none());
        let read = fields(b"A: 1\r\nB:  x\r\n  y\r\nnonsense\r\nC:\xe9\r\n\r\n", 10);
        let all: Vec<_> = read.headers.iter().collect();
        assert_eq!(all, [("A", "1"), ("B", "x y"), ("C", "\u{e9}")]);
        assert!(read.is_malformed && !read.is_cut);
        assert!(fields(b"A: 1\nB: 2\n", 1).is_cut);
    }
}
