//! How a call of gRPC-Web ended: by the trailers in the body (gRPC-Web protocol, "Message framing").

use std::borrow::Cow;

use bartizan_model::Response;

use crate::frames::{flushes, trailers};

/// Longest body sent as text in which trailers are looked for, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

/// The value of `grpc-status` there; `None` when no trailers were seen, and of compressed ones.
pub(super) fn status(response: &Response) -> Option<String> {
    let kind = response.headers.media_type();
    if !kind.starts_with("application/grpc-web") {
        return None;
    }
    let is_text = kind.starts_with("application/grpc-web-text");
    let body = match is_text {
        true if response.body.len() > MAX_TEXT => return None,
        true => Cow::Owned(flushes(&response.body)?),
        false => Cow::Borrowed(&*response.body),
    };
    trailers(&body)?.get("grpc-status").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn answered(kind: &str, body: Vec<u8>) -> Option<String> {
        let headers = [("content-type", kind)].into_iter().collect();
        status(&Response { status: 200, headers, body: body.into(), ..Response::default() })
    }

    fn frame(flag: u8, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).expect("short").to_be_bytes();
        [&[flag], &length[..], data].concat()
    }

    #[test]
    fn the_last_frame_says_how_it_ended() {
        let message = frame(0, b"\x0a\x01a");
        let trailers = frame(0x80, b"grpc-status: 5\r\ngrpc-message: not found\r\n");
        let body = [message.clone(), trailers.clone()].concat();
        assert_eq!(answered("application/grpc-web+proto", body.clone()).as_deref(), Some("5"));
        let text = format!("{}{}", STANDARD.encode(&message), STANDARD.encode(&trailers));
        assert_eq!(answered("application/grpc-web-text", text.into()).as_deref(), Some("5"));
        assert_eq!(answered("application/grpc", body), None, "these have real trailers");
        assert_eq!(answered("application/grpc-web", message), None);
        assert_eq!(answered("application/grpc-web", frame(0x81, b"grpc-status:5")), None);
        assert_eq!(answered("application/grpc-web", vec![0x80, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
