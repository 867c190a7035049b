//! One table of raw requests and what has to become of each; used by the tests against Bartizan and
//! by the example `differential` against other proxies.

pub(crate) mod fire;
pub(crate) mod http2;
pub(crate) mod origin;

use serde::Deserialize;

/// A row of `cases.jsonl`. In all texts a character is a byte (Latin-1).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Unique.
    pub(crate) name: String,
    /// Where the rule comes from.
    pub(crate) source: String,
    /// What is sent on a fresh HTTP/1 connection, in one piece.
    #[serde(default)]
    pub(crate) bytes: String,
    /// What is sent on a fresh HTTP/2 connection, on stream 1.
    #[serde(default)]
    pub(crate) http2: Vec<Frame>,
    /// What follows `bytes` again and again, a tenth of a second apart.
    pub(crate) drip: Option<String>,
    /// The requests that go on, in their canonical form ([`origin::canonical`]).
    #[serde(default)]
    pub(crate) forwarded: Vec<String>,
    /// How Bartizan refuses what does not go on: status and code; `reset` or `closed` by the HTTP/2
    /// library, which neither counts nor answers.
    pub(crate) refused: Option<String>,
    /// How Bartizan ends a request that is too slow: status and code.
    pub(crate) cut: Option<String>,
}

/// A frame of HTTP/2 on stream 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) struct Frame {
    /// HEADERS with these fields, as literals.
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// DATA, when there are no fields.
    #[serde(default)]
    pub(crate) data: String,
    /// END_STREAM.
    pub(crate) end: bool,
}

/// The table.
pub(crate) fn cases() -> Result<Vec<Case>, serde_json::Error> {
    include_str!("cases.jsonl").lines().map(serde_json::from_str).collect()
}

/// Each character as a byte.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}
