//! How a call of gRPC ends that is not let through: with a status of its own (`PROTOCOL-HTTP2.md`, "Responses"), in the
//! trailers of an answer that has begun, and in its head where nothing was said yet.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

use super::{Spoken, TRAILERS, text::encode};
use crate::{call::Call, phases::Reply};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The status of gRPC (`statuscodes.md`) for one of HTTP. What HTTP tells a client about its request gRPC tells too.
fn status(status: StatusCode) -> u8 {
    match status.as_u16() {
        // INVALID_ARGUMENT
        400 | 422 => 3,
        // DEADLINE_EXCEEDED
        408 | 504 => 4,
        // PERMISSION_DENIED
        403 => 7,
        // RESOURCE_EXHAUSTED
        413 | 429 | 431 => 8,
        // FAILED_PRECONDITION
        412 | 428 => 9,
        // UNIMPLEMENTED
        404 | 405 | 415 | 501 => 12,
        // INTERNAL
        500 | 502 => 13,
        // UNAVAILABLE
        503 => 14,
        // UNAUTHENTICATED
        401 | 407 => 16,
        // UNKNOWN
        _ => 2,
    }
}

/// What the client is told: our title, the code, and the id under which the operator finds it.
fn message(reply: &Reply, incident: &str) -> HeaderValue {
    let text = format!("{} ({}, incident {incident})", reply.title, reply.code);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        // "Percent-Encoded" of `PROTOCOL-HTTP2.md`.
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    HeaderValue::from_str(&encoded).unwrap_or(HeaderValue::from_static(""))
}

fn fields(reply: &Reply, incident: &str) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(STATUS, u16::from(status(reply.status)).into());
    fields.insert(MESSAGE, message(reply, incident));
    fields
}

/// Whether a call is one of gRPC over HTTP/2, by its head.
pub(crate) fn is_grpc(version: Version, method: &Method, media_type: Option<&HeaderValue>) -> bool {
    let rest = media_type.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    version == Version::HTTP_2
        && method == Method::POST
        && rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The fields of an answer that is nothing but a status, to a call of gRPC that is not let through; `None` for other
/// calls, which get a problem document.
pub(crate) fn trailers_only(call: &Call, reply: &Reply) -> Option<HeaderMap> {
    let mut types = call.request_fields.iter().filter(|(name, _)| *name == header::CONTENT_TYPE);
    let media_type = types.next().map(|(_, value)| value);
    if !is_grpc(call.version, &call.method, media_type) || reply.body.is_some() {
        return None;
    }
    let mut all = reply.headers.clone();
    all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    all.extend(fields(reply, call.id()));
    Some(all)
}

/// How an answer ends that has begun.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Trailers(HeaderMap),
    /// Trailers in the body.
    Data(Bytes),
}

impl Ending {
    pub(crate) fn of(spoken: Spoken, reply: &Reply, incident: &str) -> Self {
        let fields = fields(reply, incident);
        if !spoken.is_web {
            return Self::Trailers(fields);
        }
        let mut text = Vec::new();
        for (name, value) in &fields {
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        // Titles are ours, and short.
        let length = u32::try_from(text.len()).unwrap_or(0);
        let frame = [&[TRAILERS][..], &length.to_be_bytes(), &text].concat();
        Self::Data(if spoken.is_text { encode(&frame) } else { frame.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_of_grpc() {
        for (http, grpc) in
            [(422, 3), (403, 7), (413, 8), (429, 8), (415, 12), (401, 16), (502, 13), (418, 2)]
        {
            assert_eq!(status(StatusCode::from_u16(http).expect("a status")), grpc, "{http}");
        }
    }

    #[test]
    fn calls_end_as_their_clients_read_it() {
        let reply = Reply::problem(StatusCode::FORBIDDEN, "a-b", "100 % \u{e9}");
        let spoken = Spoken { is_web: false, is_text: false, is_protobuf: true };
        let Ending::Trailers(fields) = Ending::of(spoken, &reply, "7") else { panic!("trailers") };
        assert_eq!(fields["grpc-status"], "7");
        assert_eq!(fields["grpc-message"], "100 %25 %C3%A9 (a-b, incident 7)");
        let Ending::Data(data) = Ending::of(Spoken { is_web: true, ..spoken }, &reply, "7") else {
            panic!("data")
        };
        assert_eq!((data[0], data.len()), (0x80, 5 + usize::from(data[4])));
        assert!(data.ends_with(b"incident 7)\r\n") && data[5..].starts_with(b"grpc-status: 7\r\n"));
        let web_text = Spoken { is_web: true, is_text: true, ..spoken };
        let Ending::Data(text) = Ending::of(web_text, &reply, "7") else { panic!("data") };
        assert_eq!(text, encode(&data));
    }
}
