//! What may come of a request, whichever of the methods is taken that it names: whether it can be sent twice, or to two.
//!
//! Frameworks take another method than that of the request from fields, the query, and a field of a form. A GET that is
//! executed as a DELETE must not be copied, and one that is executed as a POST not be sent again.

use http::{HeaderMap, Method, header, request};

use super::asked::{METHOD_PARAMETER, decoded, may_change, other_methods};

/// Most bytes of a body in which the name of another method is looked for.
const NAMING: usize = 64 * 1024;

/// What may come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Whether it may change something.
    pub(crate) may_change: bool,
    /// Whether it is the same to execute it twice (RFC 9110 §9.2.2).
    pub(crate) is_idempotent: bool,
}

impl Effects {
    /// Those of a request as it goes to its upstream. Bodies are looked at of requests that should have none that
    /// matters (GET, HEAD, OPTIONS); `body` is empty where it is not held, as such a request is sent once.
    pub(crate) fn of(head: &request::Parts, body: &[u8]) -> Self {
        let is_read = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let names_method = is_read && may_name_method(&head.headers, body);
        let others = other_methods(head);
        let others_are = others.is_some_and(|others| others.iter().all(is_idempotent));
        Self {
            may_change: names_method || may_change(head),
            is_idempotent: !names_method && others_are && is_idempotent(&head.method),
        }
    }
}

fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// Whether a body may name another method, as forms do. What cannot be read in a moment may: encoded contents, escapes
/// of JSON, more than 64 KiB.
fn may_name_method(fields: &HeaderMap, body: &[u8]) -> bool {
    let is_escaped = || memchr::memmem::find(body, b"\\u").is_some();
    if body.len() > NAMING || fields.contains_key(header::CONTENT_ENCODING) || is_escaped() {
        return !body.is_empty();
    }
    let text = decoded(&String::from_utf8_lossy(body));
    let name = METHOD_PARAMETER.as_bytes();
    let mut parts = text.as_bytes().windows(name.len());
    // In other charsets zeros are between letters.
    parts.any(|part| part.eq_ignore_ascii_case(name)) || text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> (bool, bool) {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let head = request.body(()).expect("a request").into_parts().0;
        let effects = Effects::of(&head, body);
        (effects.may_change, effects.is_idempotent)
    }

    #[test]
    fn methods_that_are_named_count_beside_that_of_the_request() {
        let (reads, repeats, acts) = ((false, true), (true, true), (true, false));
        let field = "x-http-method-override";
        for (method, target, value, expected) in [
            ("GET", "/", "", reads),
            ("HEAD", "/?method=DELETE", "", reads),
            ("PUT", "/", "", repeats),
            ("POST", "/", "", acts),
            ("PATCH", "/", "", acts),
            ("GET", "/?_method=DELETE", "", repeats),
            ("GET", "/?a=b&%5Fmethod=delete", "", repeats),
            ("GET", "/?_method=POST", "", acts),
            ("GET", "/", "DELETE", repeats),
            ("GET", "/", "PATCH", acts),
            ("GET", "/", "HEAD", reads),
            ("DELETE", "/", "POST", acts),
            // The upstream may leave the field alone.
            ("POST", "/", "GET", acts),
        ] {
            assert_eq!(
                effects(method, target, &[(field, value)], b""),
                expected,
                "{method} {target} {value}"
            );
        }
        let many: Vec<String> = (0..99).map(|n| format!("M{n}")).collect();
        assert_eq!(effects("GET", "/", &[(field, &many.join(","))], b""), acts);
    }

    #[test]
    fn a_body_may_name_one_too() {
        let (reads, acts) = ((false, true), (true, false));
        let long = vec![b'a'; NAMING + 1];
        for (fields, body, expected) in [
            (&[][..], &b""[..], reads),
            (&[], b"abc", reads),
            (&[], br#"{"query":{"match_all":{}}}"#, reads),
            (&[], b"a=100%25", reads),
            (&[], b"_method=DELETE", acts),
            (&[], b"a=b&_METHOD=DELETE", acts),
            (&[], b"%5F%6dethod=DELETE", acts),
            (&[], b"%255fmethod=DELETE", acts),
            (&[], br#"{"_method":"DELETE"}"#, acts),
            (&[], br#"{"\u005fmethod":"DELETE"}"#, acts),
            (&[], b"_\0m\0e\0t\0h\0o\0d\0", acts),
            (&[("content-encoding", "gzip")], b"x", acts),
            (&[("content-encoding", "gzip")], b"", reads),
            (&[], &long, acts),
        ] {
            let text = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert_eq!(effects("GET", "/", fields, body), expected, "{text}");
        }
        // What a form says of a POST changes nothing, and bodies of others are not read.
        assert_eq!(effects("PUT", "/", &[], b"_method=POST"), (true, true));
    }
}
