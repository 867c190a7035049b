//! Why a request is refused before anything else looks at it.

use http::StatusCode;

macro_rules! refusals {
    ($($name:ident $status:ident $code:literal $title:literal)*) => {
        /// A request that is not what the standards call one, or that two readers could understand
        /// in two ways. Nothing of it reaches the upstream.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Refusal {
            $(#[doc = $title] $name,)*
        }

        impl Refusal {
            /// All refusals, in the order of their definition.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Short name for logs, metrics and problem documents; never changes its meaning.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One sentence fragment for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The status that the client is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

refusals! {
    BareLineFeed BAD_REQUEST "bare-line-feed" "a line ends with a line feed alone"
    BareCarriageReturn BAD_REQUEST "bare-carriage-return" "a carriage return stands inside a line"
    RequestLine BAD_REQUEST "request-line" "the request line is malformed"
    Method BAD_REQUEST "method" "the method is not a token"
    MethodNotServed NOT_IMPLEMENTED "method-not-served" "the method is not served by a gateway"
    UnknownMethod NOT_IMPLEMENTED "unknown-method" "the method is not one of those that are served"
    Version HTTP_VERSION_NOT_SUPPORTED "version" "the protocol version is not served"
    Target BAD_REQUEST "target" "the request target is malformed"
    TargetTooLong URI_TOO_LONG "target-too-long" "the request target is too long"
    FieldName BAD_REQUEST "field-name" "a field name is not a token"
    FieldValue BAD_REQUEST "field-value" "a field value holds a control byte"
    FoldedField BAD_REQUEST "folded-field" "a field is folded over several lines"
    FieldTooLong REQUEST_HEADER_FIELDS_TOO_LARGE "field-too-long" "a field is too long"
    TooManyFields REQUEST_HEADER_FIELDS_TOO_LARGE "too-many-fields" "there are too many fields"
    HeadTooLong REQUEST_HEADER_FIELDS_TOO_LARGE "head-too-long" "the head is too long"
    LengthAndCoding BAD_REQUEST "length-and-coding" "both a length and a transfer coding are given"
    DuplicateLength BAD_REQUEST "duplicate-length" "the length is given more than once"
    Length BAD_REQUEST "length" "the length is not a number"
    DuplicateCoding BAD_REQUEST "duplicate-coding" "the transfer coding is given more than once"
    Coding NOT_IMPLEMENTED "coding" "the transfer coding is not served"
    CodingOfOldVersion BAD_REQUEST "coding-of-old-version" "a transfer coding before HTTP/1.1"
    MissingHost BAD_REQUEST "missing-host" "no host is named"
    DuplicateHost BAD_REQUEST "duplicate-host" "the host is named more than once"
    Host BAD_REQUEST "host" "the host is malformed"
    HostMismatch BAD_REQUEST "host-mismatch" "target and host field name different hosts"
    Upgrade BAD_REQUEST "upgrade" "an upgrade to this protocol is not served"
    Expectation EXPECTATION_FAILED "expectation" "the expectation is not served"
    ConnectionOption BAD_REQUEST "connection-option" "a connection option names a field that is not of the connection"
    LookalikeField BAD_REQUEST "lookalike-field" "a field name reads like a framing or proxy field"
    ConnectionField BAD_REQUEST "connection-field" "a field of HTTP/1 connections in HTTP/2"
    Chunk BAD_REQUEST "chunk" "the chunked coding is malformed"
    Trailer BAD_REQUEST "trailer" "a trailer field is malformed or not allowed"
    HeadTimeout REQUEST_TIMEOUT "head-timeout" "the head did not arrive in time"
    ProxyProtocol BAD_REQUEST "proxy-protocol" "the PROXY protocol header is missing or malformed"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_refusal_is_an_error() {
        let mut codes: Vec<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(refusal.status().is_client_error() || refusal.status().is_server_error());
        }
    }
}
