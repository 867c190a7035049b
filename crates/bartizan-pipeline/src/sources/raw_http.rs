//! Messages of HTTP/1 as tools keep them: a head, a blank line, a body.

use bartizan_model::{BodyState, Headers};
use bytes::Bytes;

use super::logs::request_line::as_target;

/// Most header fields of one message that are kept.
const FIELDS: usize = 10_000;

/// A message in its parts.
#[derive(Debug)]
pub(super) struct RawMessage<'a> {
    /// Request or status line.
    pub(super) first: &'a [u8],
    pub(super) headers: Headers,
    /// Whether these are all of them.
    pub(super) has_all_headers: bool,
    pub(super) body: Bytes,
    pub(super) body_state: BodyState,
}

/// Reads a message; `None` when it is empty. Lines may end with a bare line feed; folded fields are
/// joined (RFC 9112 §5.2); a chunked body is put together when it is whole, and its field goes then.
pub(super) fn read(bytes: &[u8]) -> Option<RawMessage<'_>> {
    let (first, mut rest) = line(bytes);
    if first.trim_ascii().is_empty() {
        return None;
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    let (mut ended, mut has_all_headers) = (false, true);
    while !rest.is_empty() {
        let (text, after) = line(rest);
        rest = after;
        if text.is_empty() {
            ended = true;
            break;
        }
        let text = String::from_utf8_lossy(text);
        if text.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(text.trim());
            }
        } else if fields.len() >= FIELDS {
            has_all_headers = false;
        } else {
            let (name, value) = text.split_once(':').unwrap_or((&text, ""));
            // A name that begins with a colon is a pseudo-header field of HTTP/2.
            if !name.trim().is_empty() {
                fields.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
    let mut headers: Headers = fields.into_iter().collect();
    let mut body = rest.to_vec();
    let is_chunked = headers
        .get("transfer-encoding")
        .is_some_and(|codings| codings.to_ascii_lowercase().trim_end().ends_with("chunked"));
    if is_chunked && let Some(whole) = unchunk(rest) {
        body = whole;
        headers.remove("transfer-encoding");
    }
    let length = headers.get("content-length").and_then(|text| text.trim().parse::<u64>().ok());
    let body_state = match length {
        _ if !ended => BodyState::NotCaptured,
        Some(length) if length > body.len() as u64 && body.is_empty() => BodyState::NotCaptured,
        Some(length) if length > body.len() as u64 => BodyState::Truncated,
        _ => BodyState::Complete,
    };
    Some(RawMessage { first, headers, has_all_headers, body: body.into(), body_state })
}

/// The first line without its end, and what follows.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes);
    let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let after = end.and_then(|end| bytes.get(end + 1..)).unwrap_or_default();
    (text.strip_suffix(b"\r").unwrap_or(text), after)
}

/// The body inside the chunked coding (RFC 9112 §7.1); `None` when it is not whole, or is none.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let (size, after) = line(rest);
        if after.is_empty() && size.len() == rest.len() {
            return None;
        }
        let digits = size.split(|b| *b == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let (chunk, after) = after.split_at_checked(size)?;
        out.extend_from_slice(chunk);
        let (end, after) = line(after);
        if !end.is_empty() {
            return None;
        }
        rest = after;
    }
}

/// Version and status of a status line: `HTTP/1.1 200 OK`, `HTTP/2 200`.
pub(super) fn status_line(first: &[u8]) -> Option<(String, u16)> {
    let text = as_target(first);
    let mut words = text.split_ascii_whitespace();
    let version = words.next().filter(|word| word.to_ascii_lowercase().starts_with("http/"))?;
    let status = words.next()?.parse::<u16>().ok().filter(|status| (1..1000).contains(status))?;
    Some((version.to_owned(), status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_are() {
        let text =
            b"POST /a HTTP/1.1\r\nHost: h.test\r\nX-Long: a\r\n  b\r\nContent-Length: 2\r\n\r\n{}";
        let message = read(text).expect("a message");
        assert_eq!(message.first, b"POST /a HTTP/1.1");
        assert_eq!(message.headers.get("x-long"), Some("a b"));
        assert_eq!((&*message.body, message.body_state), (&b"{}"[..], BodyState::Complete));
        for (text, body, state) in [
            ("HTTP/1.1 200 OK\n\nab", "ab", BodyState::Complete),
            ("HTTP/1.1 200 OK\ncontent-length: 9\n\nab", "ab", BodyState::Truncated),
            ("HTTP/1.1 200 OK\ncontent-length: 9\n\n", "", BodyState::NotCaptured),
            ("HTTP/1.1 200 OK\ncontent-length: 9", "", BodyState::NotCaptured),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                "abc",
                BodyState::Complete,
            ),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nplain", "plain", BodyState::Complete),
        ] {
            let message = read(text.as_bytes()).expect(text);
            assert_eq!((&*message.body, message.body_state), (body.as_bytes(), state), "{text}");
        }
        assert!(read(b"").is_none() && read(b"\r\n\r\n").is_none());
        assert_eq!(status_line(b"HTTP/2 204"), Some(("HTTP/2".to_owned(), 204)));
        assert_eq!(status_line(b"GET / HTTP/1.1"), None);
        assert_eq!(unchunk(b"ffffffffffffffff\r\na"), None);
    }
}
