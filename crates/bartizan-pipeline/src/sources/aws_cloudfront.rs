//! Standard logs of AWS CloudFront.

use std::borrow::Cow;

use bartizan_model::{Duration, Exchange, source::Ordering};

use super::{
    Reading, SourceItem,
    logs::{
        Dialect, Form, RawLine,
        columns::{percent_target, percent_text},
        line::Field,
    },
    skip::SkipReason,
};

/// Edges deliver their files within an hour as a rule, and lines in them have no order.
const LATENESS: Duration = Duration::hours(1);

pub(super) static SOURCE: SourceItem = SourceItem {
    name: "aws-cloudfront",
    title: "AWS CloudFront standard log",
    what: "Reads lines with tabs in the columns that the last `#Fields:` line names, which may \
           change in the middle of a file: date and time (UTC, whole seconds), `c-ip`, `c-port`, \
           `cs-method`, `cs-uri-stem`, `cs-uri-query`, `x-host-header` (what the client asked for, \
           before the distribution's own `cs(Host)`), `sc-status`, sizes, `time-taken`, agent, \
           referer, cookie, `x-forwarded-for`, TLS version and cipher, protocol and its version, \
           `x-edge-request-id`. What CloudFront percent-encoded itself in agent, referer and cookie \
           is undone; in path and query only where it escaped the percent signs too, for the rest \
           is as sent. `sc-bytes` counts the headers too. Bodies are not in such a log. Lines may \
           come up to an hour late.",
    extensions: &["log"],
    example: "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version\n2026-11-22\t10:00:00\tFRA56-P1\t512\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/v1/orders/7\t200\t-\tcurl/8.4.0\texpand=1\t-\tMiss\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\tapi.example.com\thttps\t120\t0.012\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tMiss\tHTTP/2.0\n",
    ordering: Ordering { lateness: LATENESS },
    reading: Reading::Lines(Dialect { read, form: Form::Own }),
};

const TABLE: &[(&str, Field)] = &[
    ("timestamp(ms)", Field::Time),
    ("timestamp", Field::Time),
    ("date", Field::Date),
    ("time", Field::Clock),
    ("c-ip", Field::Client),
    ("c-port", Field::ClientPort),
    ("cs-method", Field::Method),
    ("cs-uri-stem", Field::Path),
    ("cs-uri-query", Field::Query),
    ("x-host-header", Field::Host),
    ("cs(host)", Field::Host),
    ("cs-protocol", Field::Scheme),
    ("cs-protocol-version", Field::Version),
    ("sc-status", Field::Status),
    ("sc-content-len", Field::Bytes),
    ("sc-bytes", Field::Bytes),
    ("time-taken", Field::Seconds),
    ("cs(user-agent)", Field::Header("user-agent")),
    ("cs(referer)", Field::Header("referer")),
    ("cs(cookie)", Field::Header("cookie")),
    ("x-forwarded-for", Field::Header("x-forwarded-for")),
    ("sc-content-type", Field::ResponseHeader("content-type")),
    ("x-edge-request-id", Field::RequestId),
    ("ssl-protocol", Field::TlsVersion),
    ("ssl-cipher", Field::TlsCipher),
];

fn value(field: Field, text: &str) -> Cow<'_, str> {
    match field {
        Field::Path | Field::Query => percent_target(text),
        Field::Header(_) | Field::ResponseHeader(_) => percent_text(text),
        _ => Cow::Borrowed(text),
    }
}

fn read(line: &RawLine<'_>) -> Result<Exchange, SkipReason> {
    if !line.columns.has("x-edge-location") || !line.columns.fits(line.bytes) {
        return Err(SkipReason::NotALogLine);
    }
    line.columns.read(line.bytes, TABLE, value)?.exchange()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::tests::{read as read_all, split};

    #[test]
    fn everything_that_a_line_tells_arrives() {
        let text = SOURCE
            .example
            .replace("203.0.113.7", "2001:db8::1")
            .replace("curl/8.4.0", "odd%20%22q%22%2C%20100%25%20%C3%A4")
            .replace("expand=1", "a=%2520b")
            .replace("/orders/7", "/orders/a%20b");
        let (exchanges, skipped) = split(read_all("x", text.as_bytes()));
        assert!(skipped.is_empty() && exchanges.len() == 1, "{skipped:?}");
        let e = &exchanges[0];
        assert_eq!(e.client.ip.map(|ip| ip.to_string()).as_deref(), Some("2001:db8::1"));
        assert_eq!(e.request.headers.get("user-agent"), Some("odd \"q\", 100% ä"));
        assert_eq!(
            (&*e.request.scheme, &*e.request.authority, &*e.request.target),
            ("https", "api.example.com", "/v1/orders/a%20b?a=%20b")
        );
        assert_eq!((e.duration_ms, e.request.http_version.as_deref()), (Some(12.0), Some("2")));
        let tls = e.tls.as_ref().expect("TLS");
        assert_eq!(
            (tls.version.as_deref(), tls.cipher.as_deref()),
            (Some("1.3"), Some("TLS_AES_128_GCM_SHA256"))
        );
        assert!(e.request_id.as_deref().is_some_and(|id| id.starts_with("SOX4")));
    }
}
