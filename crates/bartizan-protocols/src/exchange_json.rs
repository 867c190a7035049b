//! Exchanges as JSON lines: the form that `analyze`, `inspect` and `replay` read and `--capture`
//! writes.
//!
//! One object per line:
//!
//! ```json
//! {"id":"1","time":"2026-11-22T10:00:00.123Z","client":{"ip":"203.0.113.7","port":5123},
//!  "request":{"method":"POST","url":"https://api.example.com/v1/orders?expand=1",
//!             "headers":[["content-type","application/json"]],"body":"{\"sku\":1}"},
//!  "response":{"status":201,"headers":{"content-type":"application/json"},"body":{"id":7}},
//!  "duration_ms":12.3}
//! ```
//!
//! Only `request` with `method` and `url` must be there. `url` is absolute or only a path; then the
//! `host` field names the authority. `headers` is a list of pairs or an object, whose values may be
//! lists. `body` is text, or any other JSON value, which stands for its text; `body_base64` stands
//! in for it. `time` is RFC 3339, or a number of seconds, milliseconds or microseconds since 1970,
//! told apart by size. Unknown keys are ignored; so is an optional value of the wrong type when
//! nothing depends on it (an address that is none, a port out of range).
//!
//! A body that is missing without a `body_state` is complete and empty, unless the header fields
//! say that there was one: then it was not captured. A response without `headers` is one whose
//! headers were not captured; so is a request, and one with `"header_state":"incomplete"`, whose
//! source records some fields only.

use std::fmt;

use bartizan_model::Exchange;

mod read;
mod wire;
mod write;

pub use write::write_line;

/// Why a line is no exchange. The reasons are stable words, see [`LineError::reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineError {
    /// The line is no UTF-8.
    NotUtf8,
    /// The line is no JSON, or breaks off.
    NotJson,
    /// The line is JSON, but no object, or a known key has a value of another type.
    WrongShape,
    /// There is no `request`.
    MissingRequest,
    /// The request has no `method`.
    MissingMethod,
    /// The request has no `url`.
    MissingUrl,
    /// `url` is neither absolute nor a path.
    InvalidUrl,
    /// The response has no `status`, or none between 0 and 999.
    InvalidStatus,
    /// A `time` is no time.
    InvalidTime,
    /// `headers` is neither a list of pairs nor an object.
    InvalidHeaders,
    /// `body_base64` or `data_base64` is no base64.
    InvalidBase64,
    /// `body_state` is none of `complete`, `truncated`, `not_captured`.
    InvalidBodyState,
}

impl LineError {
    /// All reasons.
    pub const ALL: &'static [Self] = &[
        Self::NotUtf8,
        Self::NotJson,
        Self::WrongShape,
        Self::MissingRequest,
        Self::MissingMethod,
        Self::MissingUrl,
        Self::InvalidUrl,
        Self::InvalidStatus,
        Self::InvalidTime,
        Self::InvalidHeaders,
        Self::InvalidBase64,
        Self::InvalidBodyState,
    ];

    /// The reason as counters and reports name it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::WrongShape => "wrong_shape",
            Self::MissingRequest => "missing_request",
            Self::MissingMethod => "missing_method",
            Self::MissingUrl => "missing_url",
            Self::InvalidUrl => "invalid_url",
            Self::InvalidStatus => "invalid_status",
            Self::InvalidTime => "invalid_time",
            Self::InvalidHeaders => "invalid_headers",
            Self::InvalidBase64 => "invalid_base64",
            Self::InvalidBodyState => "invalid_body_state",
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "the line is not UTF-8",
            Self::NotJson => "the line is not JSON",
            Self::WrongShape => "the line is not an exchange: a value has the wrong type",
            Self::MissingRequest => "`request` is missing",
            Self::MissingMethod => "`request.method` is missing",
            Self::MissingUrl => "`request.url` is missing",
            Self::InvalidUrl => "`request.url` is neither absolute nor a path",
            Self::InvalidStatus => "`response.status` is not a status code",
            Self::InvalidTime => "`time` is not an RFC 3339 time",
            Self::InvalidHeaders => "`headers` is neither a list of pairs nor an object",
            Self::InvalidBase64 => "a base64 value cannot be decoded",
            Self::InvalidBodyState => "`body_state` is not complete, truncated or not_captured",
        })
    }
}

impl std::error::Error for LineError {}

/// Reads one line. The caller skips empty ones and bounds the length.
///
/// # Errors
/// When the line is no exchange; nothing is read in part.
pub fn parse_line(line: &[u8]) -> Result<Exchange, LineError> {
    let text = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A list would do for the fields of a structure.
    if text.trim_ascii_start().starts_with(['[', '"']) {
        let json: Result<serde::de::IgnoredAny, _> = serde_json::from_str(text);
        return Err(json.map_or(LineError::NotJson, |_| LineError::WrongShape));
    }
    let wire = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => LineError::WrongShape,
        _ => LineError::NotJson,
    })?;
    read::exchange(wire)
}

#[cfg(test)]
mod tests;
