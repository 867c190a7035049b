//! Every limit has a name, a default and a defined outcome. Nothing is silently uninspected: a
//! limit that is reached yields a [`NotInspected`] that is counted and shown.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::location::Side;

macro_rules! limits {
    ($($(#[doc = $doc_text:literal])* $field:ident: $variant:ident = $default:expr),+ $(,)?) => {
        /// Limits of decoding and judging, each with its default. Sizes in bytes.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits { $($(#[doc = $doc_text])* pub $field: u32),+ }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        /// The name of a limit, as counters and reports show it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum LimitName { $($(#[doc = $doc_text])* $variant),+ }

        impl LimitName {
            /// All names.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The configuration key.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field)),+ }
            }

            /// What it limits.
            #[must_use]
            pub const fn documentation(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc_text),*).trim_ascii()),+ }
            }
        }
    };
}

limits! {
    /// Largest body that is decoded; the rest of a larger one is not inspected.
    body_bytes: BodyBytes = 8 * 1024 * 1024,
    /// Largest output of one content decoding (gzip, deflate, br, zstd) or embedded decoding.
    decoded_bytes: DecodedBytes = 16 * 1024 * 1024,
    /// Largest ratio of output to input of a content decoding, beyond the first 64 KiB of output.
    decoded_ratio: DecodedRatio = 200,
    /// Most content codings on one body.
    content_codings: ContentCodings = 3,
    /// Deepest nesting of JSON, XML or any other tree.
    depth: Depth = 64,
    /// Most values taken from one message.
    nodes: Nodes = 100_000,
    /// Most bytes of text kept in one parsed view.
    text_bytes: TextBytes = 16 * 1024 * 1024,
    /// Most query parameters.
    query_parameters: QueryParameters = 1_000,
    /// Most header fields of one message.
    header_fields: HeaderFields = 300,
    /// Longest value of one header field that is inspected.
    header_value_bytes: HeaderValueBytes = 16 * 1024,
    /// Most cookies of one message.
    cookies: Cookies = 200,
    /// Longest request target that is inspected.
    target_bytes: TargetBytes = 32 * 1024,
    /// Most segments of a path.
    path_segments: PathSegments = 128,
    /// Most parameters of the segments of a path (`;name=value`).
    path_parameters: PathParameters = 64,
    /// Most rounds of percent-decoding that are tried on a path or value.
    percent_rounds: PercentRounds = 3,
    /// Most parts of a multipart body.
    multipart_parts: MultipartParts = 256,
    /// Most bytes of headers of one multipart part.
    multipart_header_bytes: MultipartHeaderBytes = 8 * 1024,
    /// Most attributes of one XML element.
    xml_attributes: XmlAttributes = 256,
    /// Longest token that is tried as a JWT.
    jwt_bytes: JwtBytes = 16 * 1024,
    /// Deepest chain of embedded decodings (base64, JSON in a string, JWT).
    decode_chain: DecodeChain = 3,
    /// Longest text that is searched for embedded encodings.
    embedded_bytes: EmbeddedBytes = 64 * 1024,
    /// Longest text value that injection and data-class recognisers read.
    value_bytes: ValueBytes = 64 * 1024,
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that was not looked at, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NotInspected {
    /// On which side.
    pub side: Side,
    /// Why.
    pub reason: NotInspectedReason,
}

/// Why something was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotInspectedReason {
    /// A limit was reached.
    Limit(LimitName),
    /// The source did not record the body.
    BodyNotCaptured,
    /// The source recorded only the beginning of the body.
    BodyTruncated,
    /// The source did not record headers, or only a few of them.
    HeadersNotCaptured,
    /// No response was seen.
    ResponseNotCaptured,
    /// A content coding that no decoder knows.
    UnknownEncoding,
    /// A content coding that broke off with an error, or has bytes behind its end.
    BrokenEncoding,
    /// A media type that no decoder knows.
    UnknownMediaType,
    /// The body could not be read as the media type that it claims.
    Malformed,
    /// There was no time left, where somebody waits for the answer.
    OutOfTime,
}

impl fmt::Display for NotInspectedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(name) => write!(f, "limit_{name}"),
            Self::BodyNotCaptured => f.write_str("body_not_captured"),
            Self::BodyTruncated => f.write_str("body_truncated"),
            Self::HeadersNotCaptured => f.write_str("headers_not_captured"),
            Self::ResponseNotCaptured => f.write_str("response_not_captured"),
            Self::UnknownEncoding => f.write_str("unknown_encoding"),
            Self::BrokenEncoding => f.write_str("broken_encoding"),
            Self::UnknownMediaType => f.write_str("unknown_media_type"),
            Self::Malformed => f.write_str("malformed"),
            Self::OutOfTime => f.write_str("out_of_time"),
        }
    }
}

impl fmt::Display for NotInspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Request => "request",
            Side::Response => "response",
        };
        write!(f, "{side}:{}", self.reason)
    }
}
