//! Header fields of the protocol itself.

/// Names in lower case and in order; with `*` at the end, beginnings of names.
const FIELDS: &[&str] = &[
    "accept*",
    "access-control-*",
    "age",
    "allow",
    "alt-svc",
    "cache-*",
    "cf-connecting-ip",
    "cf-ray*",
    "connection",
    "content-*",
    "cookie",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-*",
    "last-modified",
    "link",
    "nel",
    "origin",
    "permissions-policy",
    "pragma",
    "priority",
    "range",
    "ratelimit*",
    "referrer-policy",
    "report-to",
    "retry-after",
    "sec-*",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "te",
    "traceparent",
    "traceresponse",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "upgrade-*",
    "user-agent",
    "vary",
    "via",
    "x-amz-cf-*",
    "x-amzn-trace*",
    "x-b3-*",
    "x-cache*",
    "x-client-ip",
    "x-content-*",
    "x-forwarded-*",
    "x-frame-*",
    "x-ratelimit*",
    "x-real-ip",
    "x-request-*",
    "x-trace*",
    "x-xss-*",
];

/// Whether a header field (in lower case) never carries personal data of the application. Cookies
/// are classified in their own root.
pub(super) fn is_of_protocol(name: &str) -> bool {
    let first = name.as_bytes().first();
    let from = FIELDS.partition_point(|field| field.as_bytes().first() < first);
    let fields = FIELDS.iter().skip(from).take_while(|field| field.as_bytes().first() == first);
    fields.into_iter().any(|field| match field.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == *field,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_or_beginning() {
        assert!(FIELDS.is_sorted());
        for name in ["accept", "accept-language", "via", "x-xss-protection", "upgrade"] {
            assert!(is_of_protocol(name), "{name}");
        }
        for name in ["", "authorization", "x-api-key", "viable", "zz", "upgrade2", "x-"] {
            assert!(!is_of_protocol(name), "{name}");
        }
    }
}
