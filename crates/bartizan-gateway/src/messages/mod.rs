//! Messages of gRPC in bodies that are passed on as they come (`PROTOCOL-HTTP2.md` and `PROTOCOL-WEB.md` of gRPC): taken
//! apart one by one, shown to who looks at them, and passed on, each as soon as it is whole and nobody has anything
//! against it. None waits for the one behind it.

mod ending;
mod framer;
mod halt;
mod stream;
mod text;

use bytes::Bytes;
use http::HeaderValue;

use crate::phases::Reply;

pub(crate) use self::{
    ending::{Ending, is_grpc, trailers_only},
    halt::{Halt, Side},
    stream::{Next, Room, Watched},
};

/// Bytes in front of a message: whether it is compressed, and its length.
pub(crate) const PREFIX: usize = 5;
/// Flag of a message that is compressed.
const COMPRESSED: u8 = 1;
/// Flag of what is trailers in gRPC-Web.
const TRAILERS: u8 = 0x80;

/// What comes next in a stream of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A message.
    Message {
        /// Whether it is in the coding that the head names (`grpc-encoding`).
        is_compressed: bool,
        /// Its bytes without the prefix, as they were sent; the beginning where it has more than is held.
        data: Bytes,
        /// How many it has in all.
        length: usize,
    },
    /// Trailers, which gRPC-Web has in the body.
    Trailers,
    /// What is no message: an unknown prefix, text that is no base64, or the body ended within a message. What
    /// follows is not taken apart.
    Broken,
}

/// What looks at the messages of one direction of a call.
pub trait MessageWatch: Send + Sync {
    /// Most bytes of a message that are held to be looked at.
    fn most(&self) -> usize;

    /// Looks at what comes next, before it goes on. A reply ends the call with its status as gRPC has it.
    fn look(&mut self, piece: Piece) -> Option<Box<Reply>>;
}

/// How messages are in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// As browsers send and read them: trailers are in the body.
    pub is_web: bool,
    /// All of it in base64.
    pub is_text: bool,
    /// Messages are protocol buffers.
    pub is_protobuf: bool,
}

impl Spoken {
    /// What a media type says, without its parameters and in any case; `None` for what is not gRPC.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or("").trim();
        let subtype = essence.get(..12).filter(|of| of.eq_ignore_ascii_case("application/"));
        let subtype = subtype.and(essence.get(12..)).filter(|subtype| subtype.len() <= 64)?;
        let lower = subtype.to_ascii_lowercase();
        let (base, codec) = lower.split_once('+').unwrap_or((&lower, "proto"));
        let (is_web, is_text) = match base {
            "grpc" => (false, false),
            "grpc-web" => (true, false),
            "grpc-web-text" => (true, true),
            _ => return None,
        };
        Some(Self { is_web, is_text, is_protobuf: codec == "proto" })
    }

    /// A whole body as it is without base64; `None` when it is none.
    pub(crate) fn frames(self, body: &Bytes) -> Option<Bytes> {
        if !self.is_text {
            return Some(body.clone());
        }
        let mut text = text::Text::default();
        let bytes = text.decode(body).ok()?;
        (!text.is_within()).then(|| bytes.into())
    }

    /// The same of a field.
    pub(crate) fn of_field(value: &HeaderValue) -> Option<Self> {
        value.to_str().ok().and_then(Self::of)
    }
}

/// Who looks at the messages of a body, and how these are in it.
pub struct Watching {
    /// Who looks.
    pub watch: Box<dyn MessageWatch>,
    /// How they are in the body.
    pub spoken: Spoken,
}

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watching").field("spoken", &self.spoken).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_tell_how_messages_are() {
        let of = |text: &str| {
            Spoken::of(text).map(|spoken| (spoken.is_web, spoken.is_text, spoken.is_protobuf))
        };
        for (text, expected) in [
            ("application/grpc", Some((false, false, true))),
            ("Application/gRPC+proto; charset=utf-8", Some((false, false, true))),
            ("application/grpc+json", Some((false, false, false))),
            ("application/grpc-web", Some((true, false, true))),
            ("application/grpc-web-text+proto", Some((true, true, true))),
            ("application/grpcx", None),
            ("application/json", None),
            ("application/connect+proto", None),
            ("", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
