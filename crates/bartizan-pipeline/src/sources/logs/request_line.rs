//! The request line as a log has it, its escapes undone.

use super::super::{
    skip::SkipReason,
    target::{http_version, is_token, percent_encode},
};

/// A request line in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct RequestLine {
    pub(in super::super) method: String,
    pub(in super::super) scheme: String,
    /// Of an absolute target, without the default port of its scheme; else empty.
    pub(in super::super) authority: String,
    pub(in super::super) target: String,
    pub(in super::super) version: Option<String>,
}

/// Reads a request line from the bytes that were sent.
pub(in super::super) fn read(line: &[u8]) -> Result<RequestLine, SkipReason> {
    let line = line.trim_ascii();
    match line {
        b"" | b"-" => return Err(SkipReason::RequestEmpty),
        // A TLS record: handshake (22) of version 3.x; or the hello of SSL 2.
        [0x16, 3, ..] | [0x80, _, 1, 3, ..] => return Err(SkipReason::RequestTls),
        _ => {}
    }
    let text = as_target(line);
    let (method, rest) = text.split_once(' ').unwrap_or((&text, ""));
    if !is_token(method) || method.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SkipReason::RequestNotHttp);
    }
    let (target, version) = match rest.rsplit_once(' ') {
        Some((target, version)) if is_version(version) => (target, Some(version)),
        None if is_version(rest) => ("", Some(rest)),
        _ => (rest, None),
    };
    let target = target.trim();
    if target.is_empty() {
        let is_word = method.bytes().all(|b| b.is_ascii_alphabetic());
        return Err(if is_word {
            SkipReason::RequestIncomplete
        } else {
            SkipReason::RequestNotHttp
        });
    }
    // Without a version (HTTP/0.9), only a path tells a request from any other line.
    if version.is_none() && !target.starts_with('/') && !target.contains("://") && target != "*" {
        return Err(SkipReason::RequestNotHttp);
    }
    let parts = from_parts(method, target)?;
    Ok(RequestLine { version: version.and_then(http_version), ..parts })
}

/// A request of which a log has method and target apart.
pub(in super::super) fn from_parts(method: &str, target: &str) -> Result<RequestLine, SkipReason> {
    if !is_token(method) || (method == "PRI" && target == "*") {
        return Err(SkipReason::RequestNotHttp);
    }
    if method.eq_ignore_ascii_case("CONNECT") {
        return Err(SkipReason::ConnectTunnel);
    }
    let (scheme, authority, target) = split_target(target);
    let authority = without_default_port(&scheme, authority);
    Ok(RequestLine { method: method.to_owned(), scheme, authority, target, version: None })
}

/// The authority without the port that its scheme implies (RFC 9110 §4.2).
pub(in super::super) fn without_default_port(scheme: &str, mut authority: String) -> String {
    let port = match scheme {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        _ => return authority,
    };
    let bare = authority.strip_suffix(port).filter(|bare| !bare.is_empty());
    if let Some(length) = bare.map(str::len) {
        authority.truncate(length);
    }
    authority
}

fn is_version(text: &str) -> bool {
    text.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("http/"))
}

/// Splits an absolute target; gives every other one a leading slash.
fn split_target(target: &str) -> (String, String, String) {
    if target.starts_with('/') || target == "*" {
        return (String::new(), String::new(), target.to_owned());
    }
    if let Some((scheme, rest)) = target.split_once("://")
        && matches!(&*scheme.to_ascii_lowercase(), "http" | "https" | "ws" | "wss")
    {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let authority = authority.rsplit('@').next().unwrap_or("").to_lowercase();
        let slash = if path.starts_with('/') { "" } else { "/" };
        return (scheme.to_ascii_lowercase(), authority, format!("{slash}{path}"));
    }
    (String::new(), String::new(), format!("/{target}"))
}

/// The bytes as text; those that are no UTF-8 as `%XX`, so that nothing of an attack is lost.
pub(in super::super) fn as_target(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        percent_encode(chunk.invalid(), &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        for (line, method, authority, target, version) in [
            ("GET /a?b=c HTTP/1.1", "GET", "", "/a?b=c", Some("1.1")),
            ("OPTIONS * HTTP/1.0", "OPTIONS", "", "*", Some("1.0")),
            ("GET http://H.test:81/x HTTP/1.1", "GET", "h.test:81", "/x", Some("1.1")),
            ("GET http://h.test HTTP/1.1", "GET", "h.test", "/", Some("1.1")),
            ("GET https://h.test:443/x HTTP/2.0", "GET", "h.test", "/x", Some("2")),
            ("GET https://[::1]:443/x HTTP/2.0", "GET", "[::1]", "/x", Some("2")),
            ("GET http://h.test:443/x HTTP/1.1", "GET", "h.test:443", "/x", Some("1.1")),
            ("GET /a b HTTP/2.0", "GET", "", "/a b", Some("2")),
            ("GET /old", "GET", "", "/old", None),
            ("GET ../../etc/passwd HTTP/1.1", "GET", "", "/../../etc/passwd", Some("1.1")),
            ("purge /x HTTP/1.1", "purge", "", "/x", Some("1.1")),
        ] {
            let read = read(line.as_bytes()).expect(line);
            assert_eq!(
                (&*read.method, &*read.authority, &*read.target, read.version.as_deref()),
                (method, authority, target, version),
                "{line}"
            );
        }
        let read = read(b"GET /\xc0\xae\xc3\xa4 HTTP/1.1").expect("a request");
        assert_eq!(read.target, "/%C0%AEä");
    }

    #[test]
    fn what_is_no_request_is_named() {
        for (line, reason) in [
            (&b""[..], SkipReason::RequestEmpty),
            (b"-", SkipReason::RequestEmpty),
            (b"\x16\x03\x01\x02\x00\x01", SkipReason::RequestTls),
            (b"GET", SkipReason::RequestIncomplete),
            (b"GET HTTP/1.1", SkipReason::RequestIncomplete),
            (b"PRI * HTTP/2.0", SkipReason::RequestNotHttp),
            (b"\x03\x00\x00/*\xe0\x00Cookie: mstshash=x", SkipReason::RequestNotHttp),
            (b"SSH-2.0-OpenSSH_9", SkipReason::RequestNotHttp),
            (b"EHLO example.com", SkipReason::RequestNotHttp),
            (b"CONNECT h.test:443 HTTP/1.1", SkipReason::ConnectTunnel),
            (b"\x00", SkipReason::RequestNotHttp),
        ] {
            assert_eq!(read(line).err(), Some(reason), "{line:?}");
        }
    }
}
