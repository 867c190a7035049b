//! URLs, request targets and versions as sources write them, brought to the form of `Request`.

use super::skip::SkipReason;

/// A URL in the parts that a request has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SplitUrl {
    /// `http`, `https`, `ws`, `wss` or empty.
    pub(super) scheme: String,
    /// Host and port, lower case; empty when the URL names none.
    pub(super) authority: String,
    /// Path and query, beginning with `/`, or `*`.
    pub(super) target: String,
}

/// Splits an absolute URL, `//host/path`, `host/path` or `/path`. The fragment (never sent) and
/// user information go; spaces, control characters and non-ASCII characters, which no request
/// target holds, are percent-encoded as clients do.
pub(super) fn split_url(url: &str) -> Result<SplitUrl, SkipReason> {
    let url = url.trim();
    if url.is_empty() {
        return Err(SkipReason::MissingUrl);
    }
    let (scheme, rest) = match split_scheme(url)? {
        Some((scheme, rest)) => (scheme, rest),
        None if url.starts_with("//") => (String::new(), url.get(2..).unwrap_or("")),
        None if url.starts_with(['/', '*', '?', '#']) => {
            return Ok(SplitUrl { target: target(url), ..SplitUrl::default() });
        }
        None => {
            // Without a scheme, only what looks like a host is taken for one.
            let first = url.split(['/', '?', '#']).next().unwrap_or("");
            if !looks_like_host(first) {
                return Ok(SplitUrl { target: target(url), ..SplitUrl::default() });
            }
            (String::new(), url)
        }
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or("");
    if authority.is_empty() || authority.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(SkipReason::InvalidUrl);
    }
    Ok(SplitUrl { scheme, authority: authority.to_lowercase(), target: target(after) })
}

/// The scheme, when there is one that is sent over HTTP; an error for one that is not.
fn split_scheme(url: &str) -> Result<Option<(String, &str)>, SkipReason> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Ok(None);
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme {
        return Ok(None);
    }
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" | "ws" | "wss" => {
            // One slash too few or too many is a common slip.
            return Ok(Some((scheme, rest.trim_start_matches(['/', '\\']))));
        }
        "data" => return Err(SkipReason::DataUrl),
        "blob" => return Err(SkipReason::BlobUrl),
        "about" => return Err(SkipReason::AboutUrl),
        _ => {}
    }
    if scheme.ends_with("-extension") {
        return Err(SkipReason::ExtensionUrl);
    }
    // `host:port/…` is no scheme.
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    Err(SkipReason::NotHttpUrl)
}

/// Whether `text` is `name.name`, `localhost`, an address or any of them with a port.
pub(super) fn looks_like_host(text: &str) -> bool {
    if text.starts_with('[') {
        return text.contains(']');
    }
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(h, p)| (h, Some(p)));
    let port_ok = port.is_none_or(|p| !p.is_empty() && p.len() <= 5 && digits(p));
    let label = |l: &str| {
        !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    port_ok
        && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
        && (host.contains('.') || host.eq_ignore_ascii_case("localhost") || port.is_some())
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// The target of a URL: what follows the authority, up to the fragment.
fn target(after: &str) -> String {
    let after = after.split('#').next().unwrap_or("");
    let mut out = String::with_capacity(after.len() + 1);
    if !after.starts_with('/') && after != "*" {
        out.push('/');
    }
    for c in after.chars() {
        if c.is_ascii_graphic() {
            out.push(c);
        } else {
            percent_encode(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out);
        }
    }
    out
}

/// Appends `%XX` for each byte.
pub(super) fn percent_encode(bytes: &[u8], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        out.push('%');
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
}

/// Whether `text` is a token (RFC 9110 §5.6.2) of at most 64 characters.
pub(super) fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// `HTTP/1.1`, `http/2.0`, `h2`, `h3` and the like as `1.1`, `2`, `3`; `None` for anything else.
pub(super) fn http_version(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let version = match text.strip_prefix("http/") {
        Some(version) => version,
        None => match text.as_str() {
            "h2" | "h2c" => "2",
            "h3" | "quic" => "3",
            other if other.starts_with("h3-") => "3",
            other => other,
        },
    };
    let version = version.split(['+', ' ']).next().unwrap_or("");
    match version {
        "2.0" => Some("2".to_owned()),
        "3.0" => Some("3".to_owned()),
        "0.9" | "1.0" | "1.1" | "2" | "3" => Some(version.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_split_into_parts() {
        for (url, scheme, authority, rest) in [
            ("https://API.Example.com/a?b=1#c", "https", "api.example.com", "/a?b=1"),
            ("http://u:p@h.test:8080", "http", "h.test:8080", "/"),
            ("https://h.test?x=1", "https", "h.test", "/?x=1"),
            ("ws://[::1]:3000/s", "ws", "[::1]:3000", "/s"),
            ("//h.test/a", "", "h.test", "/a"),
            ("h.test:8080/a", "", "h.test:8080", "/a"),
            ("localhost/a", "", "localhost", "/a"),
            ("/a b/ä%20\n?q=x y", "", "", "/a%20b/%C3%A4%20%0A?q=x%20y"),
            ("orders/7", "", "", "/orders/7"),
            ("*", "", "", "*"),
            ("https:/h.test/a", "https", "h.test", "/a"),
        ] {
            let split = split_url(url).expect(url);
            let parts = (&*split.scheme, &*split.authority, &*split.target);
            assert_eq!(parts, (scheme, authority, rest), "{url}");
        }
    }

    #[test]
    fn urls_that_were_not_sent_are_named() {
        for (url, reason) in [
            ("", SkipReason::MissingUrl),
            ("data:image/png;base64,AAAA", SkipReason::DataUrl),
            ("blob:https://h.test/1", SkipReason::BlobUrl),
            ("about:blank", SkipReason::AboutUrl),
            ("chrome-extension://x/y.js", SkipReason::ExtensionUrl),
            ("moz-extension://x/y.js", SkipReason::ExtensionUrl),
            ("file:///etc/passwd", SkipReason::NotHttpUrl),
            ("javascript:void(0)", SkipReason::NotHttpUrl),
            ("https://", SkipReason::InvalidUrl),
            ("http://a b/c", SkipReason::InvalidUrl),
        ] {
            assert_eq!(split_url(url), Err(reason), "{url}");
        }
    }

    #[test]
    fn versions_are_short() {
        for (text, version) in [
            ("HTTP/1.1", Some("1.1")),
            ("HTTP/2.0", Some("2")),
            ("h2", Some("2")),
            ("http/2", Some("2")),
            ("h3-29", Some("3")),
            ("http/2+quic/46", Some("2")),
            ("unknown", None),
            ("", None),
            ("spdy/3.1", None),
        ] {
            assert_eq!(http_version(text).as_deref(), version, "{text}");
        }
    }
}
