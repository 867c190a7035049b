//! The request target (RFC 9112 §3.2) and the host it names.

use super::{bytes, refusal::Refusal};

/// Checks a target and gives the authority when it names one (absolute form).
///
/// # Errors
/// The target is malformed, of a form that does not go with the method, or names a user.
pub(crate) fn check<'a>(method: &[u8], target: &'a [u8]) -> Result<Option<&'a [u8]>, Refusal> {
    if !bytes::is_target(target) {
        return Err(Refusal::Target);
    }
    match target {
        // Two slashes at the front read as an authority where targets are resolved as references.
        [b'/', b'/', ..] => Err(Refusal::Target),
        [b'/', ..] => Ok(None),
        b"*" if method == b"OPTIONS" => Ok(None),
        _ => {
            let rest = strip_scheme(target).ok_or(Refusal::Target)?;
            let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
            let authority = &rest[..end];
            if bytes::is_host(authority) { Ok(Some(authority)) } else { Err(Refusal::Target) }
        }
    }
}

fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    for scheme in [&b"http://"[..], b"https://"] {
        if target.len() > scheme.len() && target[..scheme.len()].eq_ignore_ascii_case(scheme) {
            return Some(&target[scheme.len()..]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(check(b"GET", b"/a?b=%20"), Ok(None));
        assert_eq!(check(b"OPTIONS", b"*"), Ok(None));
        assert_eq!(check(b"GET", b"HTTP://a.example:80/x"), Ok(Some(&b"a.example:80"[..])));
        assert_eq!(check(b"GET", b"https://a.example?x"), Ok(Some(&b"a.example"[..])));
        for target in [
            "*",
            "a",
            "a.example:80",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://u@a/",
            "//a/x",
            "/a#b",
            "/a\\b",
            "/\u{e9}",
            "/\x7f",
            "",
        ] {
            assert_eq!(check(b"GET", target.as_bytes()), Err(Refusal::Target), "{target}");
        }
    }
}
