//! What a head says besides its path: fields of the query, header fields and cookies, each looked at once.

use std::{borrow::Cow, cell::Cell};

use http::{HeaderName, HeaderValue, header};

use super::text::decoded;

/// Most fields of a query and most cookies; more cannot be read.
pub(super) const PAIRS: usize = 1_000;

/// A name with a value, as it came.
pub(super) struct Pair<'h> {
    /// Decoded.
    pub(super) name: Cow<'h, str>,
    pub(super) raw: &'h str,
    /// Whether it is documented.
    pub(super) is_used: Cell<bool>,
}

/// The head of a request, or of an answer.
pub(super) struct Head<'h> {
    /// Parameters of the path, as they came.
    pub(super) path: Vec<(&'h str, &'h str)>,
    /// The query as it came.
    pub(super) whole_query: &'h str,
    pub(super) query: Vec<Pair<'h>>,
    pub(super) cookies: Vec<Pair<'h>>,
    pub(super) fields: Vec<(&'h HeaderName, &'h HeaderValue)>,
}

impl<'h> Head<'h> {
    /// Splits query and cookies; `None` when a name is no UTF-8, or there are too many.
    pub(super) fn new(
        path: Vec<(&'h str, &'h str)>,
        whole_query: &'h str,
        fields: Vec<(&'h HeaderName, &'h HeaderValue)>,
    ) -> Option<Self> {
        let query = whole_query.split('&').filter(|pair| !pair.is_empty());
        let query: Option<Vec<_>> = query.take(PAIRS + 1).map(|text| pair(text, true)).collect();
        let lines = fields.iter().filter(|(name, _)| **name == header::COOKIE);
        let lines = lines.filter_map(|(_, value)| value.to_str().ok());
        let cookies =
            lines.flat_map(|line| line.split(';')).map(str::trim).filter(|one| !one.is_empty());
        let cookies: Option<Vec<_>> =
            cookies.take(PAIRS + 1).map(|text| pair(text, false)).collect();
        let (query, cookies) = (query?, cookies?);
        (query.len() <= PAIRS && cookies.len() <= PAIRS).then_some(Self {
            path,
            whole_query,
            query,
            cookies,
            fields,
        })
    }
}

fn pair(text: &str, is_form: bool) -> Option<Pair<'_>> {
    let (name, raw) = text.split_once('=').unwrap_or((text, ""));
    Some(Pair { name: decoded(name, is_form)?, raw, is_used: Cell::new(false) })
}

/// Header fields that every client, browser, proxy or trace adds, so that no specification names them.
const COMMON: [&str; 51] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "dpop",
    "expect",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "priority",
    "range",
    "referer",
    "signature",
    "signature-input",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "warning",
    "x-requested-with",
];
/// The same by their beginning.
const COMMON_BEGINNINGS: [&str; 5] =
    ["sec-", "x-forwarded-", "x-b3-", "x-request-id", "x-correlation-id"];

/// Whether a header field needs no specification.
pub(super) fn is_common(name: &HeaderName) -> bool {
    let name = name.as_str();
    COMMON.contains(&name) || COMMON_BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}
