//! What a decoder found odd. Decoders never fail on traffic: they return what they understood plus
//! anomalies.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! anomalies {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// The kind of an anomaly.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AnomalyKind { $($(#[$doc])* $variant),+ }

        impl AnomalyKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in every output.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

anomalies! {
    /// Percent-encoding of percent-encoding.
    DoubleEncoding = "double_encoding",
    /// `%2F` in a path segment.
    EncodedSlash = "encoded_slash",
    /// `\` or `%5C` in a path.
    Backslash = "backslash",
    /// `.` or `..` segments, plain or encoded.
    DotSegments = "dot_segments",
    /// An empty path segment (`//`).
    EmptySegment = "empty_segment",
    /// A parameter of a path segment that is none of those APIs take: of a dot segment (`..;x=y`), without a name
    /// or value, encoded, with a path in its value, or a session (`;jsessionid=`).
    PathParameter = "path_parameter",
    /// UTF-8 in more bytes than needed (RFC 3629 §3).
    OverlongUtf8 = "overlong_utf8",
    /// Bytes that are not UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// A NUL byte, plain or encoded.
    NulByte = "nul_byte",
    /// Another control character.
    ControlCharacter = "control_character",
    /// `%` that is not followed by two hex digits, or `%uXXXX`.
    InvalidPercent = "invalid_percent",
    /// A non-ASCII byte in a request target (RFC 9112 §3.2).
    NonAsciiTarget = "non_ascii_target",
    /// `#` in a request target (RFC 9112 §3.2 has no fragment); what follows is not read.
    TargetFragment = "target_fragment",
    /// The same name twice in one JSON object (RFC 8259 §4).
    DuplicateKey = "duplicate_key",
    /// The same parameter in query and form body, or repeated with different values.
    DuplicateParameter = "duplicate_parameter",
    /// A header that must be single is there more than once.
    DuplicateHeader = "duplicate_header",
    /// The same cookie twice.
    DuplicateCookie = "duplicate_cookie",
    /// A number beyond what an IEEE 754 double or a 64-bit integer holds exactly.
    NumberRange = "number_range",
    /// `NaN`, `Infinity`, hexadecimal, a leading zero or plus sign in JSON.
    NonStandardNumber = "non_standard_number",
    /// Comments, single quotes, trailing commas or unquoted names in JSON.
    NonStandardJson = "non_standard_json",
    /// An unpaired surrogate escape in JSON.
    LoneSurrogate = "lone_surrogate",
    /// Bytes behind the end of a value.
    TrailingData = "trailing_data",
    /// The body ends in the middle of a value.
    UnexpectedEnd = "unexpected_end",
    /// The body cannot be read as what it claims to be.
    Malformed = "malformed",
    /// The body is something else than `content-type` says.
    ContentTypeMismatch = "content_type_mismatch",
    /// A body that is said to be a form, was read as what it looks like, and is a form of several fields too.
    FormToo = "form_too",
    /// A byte order mark.
    ByteOrderMark = "byte_order_mark",
    /// A multipart boundary that is missing, odd or ambiguous.
    MultipartBoundary = "multipart_boundary",
    /// A multipart part with duplicate, missing or odd headers.
    MultipartHeader = "multipart_header",
    /// A file name with a path or odd characters.
    MultipartFilename = "multipart_filename",
    /// A document type declaration. Never read.
    XmlDoctype = "xml_doctype",
    /// A reference to an entity other than the five of XML. Never resolved.
    XmlEntity = "xml_entity",
    /// A processing instruction.
    XmlInstruction = "xml_instruction",
    /// A text of XML that a comment, an instruction or a section divides: some parsers read only its first piece.
    XmlSplitText = "xml_split_text",
    /// A token with three parts that does not decode as a JWT.
    JwtMalformed = "jwt_malformed",
    /// A body that breaks off inside its content coding.
    BrokenEncoding = "broken_encoding",
    /// A body that is text with its content coding and without it.
    AmbiguousEncoding = "ambiguous_encoding",
    /// A charset that we do not decode.
    UnknownCharset = "unknown_charset",
    /// A decoder stopped at a limit; which one is in the list of what was not inspected.
    LimitReached = "limit_reached",
}

impl fmt::Display for AnomalyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
