//! The rules for heads of HTTP/2 requests (RFC 9113 §8). The HTTP library has refused what is
//! malformed in its own terms; here it is held to the same rules as HTTP/1.

use http::{HeaderMap, Method, Request, header};

use super::{
    HeadLimits, Refusal, bytes, target,
    validate::{has_other_marks, is_end_to_end, is_lookalike},
};

/// Checks a head.
///
/// # Errors
/// The first rule that it breaks.
pub(crate) fn check<B>(request: &Request<B>, limits: &HeadLimits) -> Result<(), Refusal> {
    let method = request.method();
    if matches!(*method, Method::CONNECT | Method::TRACE) || method == "TRACK" {
        return Err(Refusal::MethodNotServed);
    }
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    if path.len() > limits.target_bytes {
        return Err(Refusal::TargetTooLong);
    }
    if target::check(method.as_str().as_bytes(), path.as_bytes())?.is_some() {
        return Err(Refusal::Target);
    }
    authority(request)?;
    fields(request.headers(), limits)
}

fn authority<B>(request: &Request<B>) -> Result<(), Refusal> {
    let named = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().map(|host| bytes::trim(host.as_bytes()));
    if hosts.next().is_some() {
        return Err(Refusal::DuplicateHost);
    }
    match (named, host) {
        (None, None) => Err(Refusal::MissingHost),
        (Some(one), None) | (None, Some(one)) if !bytes::is_host(one) => Err(Refusal::Host),
        (Some(named), Some(host)) if !named.eq_ignore_ascii_case(host) => {
            Err(Refusal::HostMismatch)
        }
        (Some(named), Some(_)) if !bytes::is_host(named) => Err(Refusal::Host),
        _ => Ok(()),
    }
}

fn fields(headers: &HeaderMap, limits: &HeadLimits) -> Result<(), Refusal> {
    if headers.len() > limits.fields {
        return Err(Refusal::TooManyFields);
    }
    for (name, value) in headers {
        if name.as_str().len() + value.len() + 1 > limits.field_bytes {
            return Err(Refusal::FieldTooLong);
        }
        if !bytes::is_value(value.as_bytes()) {
            return Err(Refusal::FieldValue);
        }
        match name.as_str() {
            "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade" => {
                return Err(Refusal::ConnectionField);
            }
            "expect" if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => {
                return Err(Refusal::Expectation);
            }
            "content-length" if bytes::number(value.as_bytes()).is_none() => {
                return Err(Refusal::Length);
            }
            other if has_other_marks(other.as_bytes()) && is_lookalike(other.as_bytes()) => {
                return Err(Refusal::LookalikeField);
            }
            _ => {}
        }
    }
    if headers.get_all(header::CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Refusal::DuplicateLength);
    }
    Ok(())
}

/// Checks trailers of a request, of either protocol, as the trailers of HTTP/1 are checked by the
/// tap.
///
/// # Errors
/// One of them frames, routes or authenticates, or they are too many or too large.
pub(crate) fn trailers(trailers: &HeaderMap, limits: &HeadLimits) -> Result<(), Refusal> {
    let mut total = 0;
    for (name, value) in trailers {
        let size = name.as_str().len() + value.len() + 1;
        total += size;
        let name = name.as_str();
        let is_allowed = !is_end_to_end(name.as_bytes())
            && !is_lookalike(name.as_bytes())
            && !is_of_connection(name)
            && size <= limits.field_bytes
            && bytes::is_value(value.as_bytes());
        if !is_allowed {
            return Err(Refusal::Trailer);
        }
    }
    let fits = trailers.len() <= limits.fields && total <= limits.head_bytes;
    if fits { Ok(()) } else { Err(Refusal::Trailer) }
}

/// Whether a field is of the connection or of the framing (RFC 9110 §7.6.1), which no trailer is.
pub(crate) fn is_of_connection(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_request(request: http::request::Builder) -> Result<(), Refusal> {
        check(&request.body(()).unwrap(), &HeadLimits::default())
    }

    #[test]
    fn heads() {
        let get = |uri: &str| Request::get(uri.to_owned());
        assert_eq!(check_request(get("http://a.example/x?y")), Ok(()));
        assert_eq!(check_request(get("http://a.example/").header("host", "A.example")), Ok(()));
        assert_eq!(check_request(get("/").header("host", "a.example")), Ok(()));
        for (request, wanted) in [
            (get("/"), Refusal::MissingHost),
            (get("http://a/").header("host", "b"), Refusal::HostMismatch),
            (get("http://a/").header("host", "a").header("host", "a"), Refusal::DuplicateHost),
            (get("http://u@a/"), Refusal::Host),
            (get("http://a/").header("connection", "close"), Refusal::ConnectionField),
            (get("http://a/").header("transfer-encoding", "chunked"), Refusal::ConnectionField),
            (get("http://a/").header("upgrade", "h2c"), Refusal::ConnectionField),
            (get("http://a/").header("content-length", "x"), Refusal::Length),
            (
                get("http://a/").header("content-length", "1").header("content-length", "1"),
                Refusal::DuplicateLength,
            ),
            (get("http://a/").header("content_length", "1"), Refusal::LookalikeField),
            (get("http://a/").header("x.forwarded_for", "127.0.0.1"), Refusal::LookalikeField),
            (get("http://a/").header("expect", "x"), Refusal::Expectation),
            (get("http://a//b/x"), Refusal::Target),
            (get("http://a/").method("TRACE"), Refusal::MethodNotServed),
            (get("http://a/").header("x", "y".repeat(20_000)), Refusal::FieldTooLong),
        ] {
            assert_eq!(check_request(request), Err(wanted));
        }
    }

    #[test]
    fn trailers_are_checked_as_fields_are() {
        let limits =
            HeadLimits { fields: 2, field_bytes: 20, head_bytes: 30, ..HeadLimits::default() };
        let check_trailers = |fields: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in fields {
                map.append(*name, value.parse().unwrap());
            }
            trailers(&map, &limits).is_ok()
        };
        assert!(check_trailers(&[("x-sum", "1"), ("grpc-status", "0")]));
        for refused in [
            &[("authorization", "a")][..],
            &[("x-forwarded-for", "a")],
            &[("content_length", "1")],
            &[("te", "a")],
            &[("trailer", "a")],
            &[("x-long", "0123456789012345")],
            &[("a", "1"), ("b", "2"), ("c", "3")],
            &[("a", "0123456789012345"), ("b", "0123456789012345")],
        ] {
            assert!(!check_trailers(refused), "{refused:?}");
        }
    }
}
