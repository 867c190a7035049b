//! Bodies of gRPC and of protocol buffers: values at the numbers of their fields, as they are on the wire.
//!
//! Each message is below the name of the method that is called (`grpc:Pay.1.2`), or below [`NO_METHOD`] where
//! none is. Without the schema a value tells only in part what it is: see [`Inner::of`] for what is behind a
//! length, and [`fixed`] for numbers of a fixed size. A value of a field that repeats has the place of the first
//! in the general form.

use std::collections::BTreeMap;

use bartizan_model::{
    Exchange, Headers, LimitName, Root, limits::NotInspectedReason, sketch::MAX_DEPTH,
};

use super::is_binary;
use crate::{
    anomaly::AnomalyKind,
    charset,
    decode::Decoder,
    frames::{Frame, flushes, frames, trailers},
    media::Format,
    protobuf::{Fields, Inner, Wire, is_text},
    view::{NodeId, Step, Value},
};

/// What messages are below when no method of gRPC is called.
const NO_METHOD: &str = "message";

/// How messages stand in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// One, and nothing else.
    Alone,
    /// Each behind its length.
    Frames,
    /// The same in base64.
    Text,
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Protobuf,
    Json,
    /// One that is not read (`application/grpc+thrift`).
    Other,
}

/// What a media type says of the messages of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    framing: Framing,
    codec: Codec,
}

impl Spoken {
    /// `None` for what is neither gRPC (`PROTOCOL-HTTP2.md`, `PROTOCOL-WEB.md`), a stream of Connect, nor protocol
    /// buffers.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        const ALONE: [&str; 7] = [
            "proto",
            "protobuf",
            "x-protobuf",
            "x-google-protobuf",
            "x-protocol-buffers",
            "vnd.google.protobuf",
            "vnd.google.octet-stream-compressible",
        ];
        let named = content_type.split([';', ',']).next().unwrap_or("").trim();
        // Most types of bodies are none of these, and every body is asked about.
        let sub = named.get(..12).filter(|kind| kind.eq_ignore_ascii_case("application/"));
        let lower = sub.and(named.get(12..)).filter(|sub| sub.len() <= 64)?.to_ascii_lowercase();
        let (base, codec) = lower.split_once('+').unwrap_or((&lower, ""));
        let framing = match base {
            "grpc" | "grpc-web" => Framing::Frames,
            "connect" if !codec.is_empty() => Framing::Frames,
            "grpc-web-text" => Framing::Text,
            _ if ALONE.contains(&lower.as_str()) || matches!(codec, "proto" | "protobuf") => {
                Framing::Alone
            }
            _ => return None,
        };
        let codec = match codec {
            _ if framing == Framing::Alone => Codec::Protobuf,
            "" | "proto" => Codec::Protobuf,
            "json" => Codec::Json,
            _ => Codec::Other,
        };
        Some(Self { framing, codec })
    }
}

impl Decoder<'_> {
    /// Reads a body of which it is said that it has messages. `None` when it is a text and none of these: it is read
    /// as what it looks like then. What else it is becomes opaque: its bytes are no text.
    pub(super) fn spoken_body(
        &mut self,
        spoken: Spoken,
        headers: &Headers,
        bytes: &[u8],
    ) -> Option<Format> {
        let decoded;
        let framed = match spoken.framing {
            Framing::Alone if is_text(bytes) && !is_whole(bytes) => return None,
            Framing::Alone => {
                self.message_roots(spoken.codec, headers, std::iter::once(Frame::plain(bytes)));
                return Some(Format::Grpc);
            }
            Framing::Frames => bytes,
            Framing::Text => {
                decoded = flushes(bytes).unwrap_or_default();
                &decoded
            }
        };
        if frames(framed).next().is_some_and(|frame| frame.is_known()) {
            self.message_roots(spoken.codec, headers, frames(framed));
            self.trailers_of(framed);
            return Some(Format::Grpc);
        }
        let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(b);
        if is_text(bytes) && !(spoken.framing == Framing::Text && bytes.iter().all(is_base64)) {
            return None;
        }
        self.view.anomaly(self.side, AnomalyKind::Malformed);
        self.view.skip(self.side, NotInspectedReason::Malformed);
        Some(self.opaque(Format::Binary, bytes.len()))
    }

    /// Messages that the source took out of their frames; false when they are of another protocol.
    pub(crate) fn spoken_messages(&mut self, exchange: &Exchange, from_client: bool) -> bool {
        let headers = match (from_client, &exchange.response) {
            (true, _) => &exchange.request.headers,
            (false, Some(response)) => &response.headers,
            (false, None) => return false,
        };
        let Some(spoken) = self.spoken(headers) else { return false };
        let own = exchange.messages.iter().filter(|m| m.from_client == from_client);
        self.message_roots(spoken.codec, headers, own.map(|m| Frame::plain(&m.data)));
        true
    }

    /// What is spoken: what the media type says, and without one what is called.
    pub(super) fn spoken(&self, headers: &Headers) -> Option<Spoken> {
        let said = headers.get("content-type").unwrap_or("");
        let called = (said.is_empty() && !self.method.is_empty())
            .then_some(Spoken { framing: Framing::Frames, codec: Codec::Protobuf });
        Spoken::of(said).or(called)
    }

    /// Messages, in order, below one root.
    fn message_roots<'b>(
        &mut self,
        codec: Codec,
        headers: &Headers,
        frames: impl Iterator<Item = Frame<'b>>,
    ) {
        let Some(root) = self.view.open_root(self.side, Root::Grpc) else { return };
        let coding = ["grpc-encoding", "connect-content-encoding"];
        let coding = coding.iter().find_map(|name| headers.get(name)).unwrap_or("identity");
        let method = if self.method.is_empty() { NO_METHOD } else { self.method };
        let mut spent = 0;
        let messages = frames.filter(|frame| frame.is_cut || !frame.is_end());
        for (at, frame) in (0..).zip(messages) {
            let step = Step::Repeat(method, at);
            let Some(node) = self.view.open(root, step, Value::Object) else { break };
            if frame.is_compressed() {
                let mut bytes = Vec::new();
                if spent < self.limits.decoded_bytes as usize
                    && self.uncompressed(coding, frame.data, &mut bytes)
                {
                    spent += bytes.len();
                    self.message_value(node, codec, &bytes);
                } else {
                    if spent >= self.limits.decoded_bytes as usize {
                        self.view.limit(self.side, LimitName::DecodedBytes);
                    }
                    self.view.set_value(node, Value::Opaque(frame.data.len() as u64));
                }
            } else {
                self.message_value(node, codec, frame.data);
            }
            if frame.is_cut {
                self.view.skip(self.side, NotInspectedReason::Malformed);
            }
            self.view.close(node);
        }
        self.view.close(root);
    }

    fn message_value(&mut self, node: NodeId, codec: Codec, bytes: &[u8]) {
        match codec {
            Codec::Protobuf => {
                let before = self.view.len();
                if self.fields(node, bytes, MAX_DEPTH) {
                    return;
                }
                if self.view.len() == before {
                    self.view.set_value(node, Value::Opaque(bytes.len() as u64));
                }
                // Some put other texts there.
                if is_text(bytes) {
                    let text = charset::decode(bytes, None, self.view, self.side);
                    self.view.drop_below(node);
                    self.text(node, &text);
                }
                self.view.anomaly(self.side, AnomalyKind::Malformed);
                self.view.skip(self.side, NotInspectedReason::Malformed);
            }
            Codec::Json => {
                let text = charset::decode(bytes, None, self.view, self.side);
                if self.json_body(node, Format::Json, true, &text).is_none() {
                    self.view.drop_below(node);
                    self.bytes_value(node, bytes);
                }
            }
            Codec::Other => self.bytes_value(node, bytes),
        }
    }

    /// The fields of a message, below its node. Whether it is one to its end; of one that is not, those before.
    /// `depth`: how many messages within one another there may be from here on.
    fn fields(&mut self, node: NodeId, bytes: &[u8], depth: usize) -> bool {
        let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
        let mut fields = Fields::of(bytes);
        for (number, wire) in fields.by_ref() {
            let index = seen.entry(number).or_default();
            let name = number.to_string();
            let step = Step::Repeat(&name, *index);
            *index = index.saturating_add(1);
            let Some(id) = self.view.open(node, step, Value::Null) else { return true };
            match wire {
                // As a signed number, which negative ones of most types are.
                Wire::Varint(value) => self.integer(id, value.cast_signed()),
                Wire::Fixed32(bits) => match fixed(f64::from(f32::from_bits(bits))) {
                    Some(number) => self.view.set_value(id, Value::Number(number)),
                    None => self.integer(id, i64::from(bits)),
                },
                Wire::Fixed64(bits) => match fixed(f64::from_bits(bits)) {
                    Some(number) => self.view.set_value(id, Value::Number(number)),
                    None => self.integer(id, bits.cast_signed()),
                },
                Wire::Length(inner) => self.length_value(id, inner, depth),
            }
            self.view.close(id);
        }
        fields.is_over()
    }

    fn length_value(&mut self, id: NodeId, bytes: &[u8], depth: usize) {
        // What is within is read at each level.
        if !self.view.has_time(self.side, bytes.len()) {
            return self.view.set_value(id, Value::Opaque(bytes.len() as u64));
        }
        match Inner::of(bytes) {
            Inner::Message if depth > 1 => {
                self.view.set_value(id, Value::Object);
                self.fields(id, bytes, depth - 1);
            }
            Inner::Message => {
                self.view.limit(self.side, LimitName::Depth);
                self.view.set_value(id, Value::Opaque(bytes.len() as u64));
            }
            Inner::Text | Inner::Bytes => self.bytes_value(id, bytes),
        }
    }

    /// A text, also one with a few bytes that none has: whoever reads it may leave them out. Else opaque.
    fn bytes_value(&mut self, id: NodeId, bytes: &[u8]) {
        if is_text(bytes) || !is_binary(bytes) {
            let text = charset::decode(bytes, None, self.view, self.side);
            return self.text(id, &text);
        }
        self.view.skip(self.side, NotInspectedReason::UnknownMediaType);
        self.view.set_value(id, Value::Opaque(bytes.len() as u64));
    }

    fn integer(&mut self, id: NodeId, value: i64) {
        self.view.set_number(id, Value::Integer(value), &value.to_string());
    }

    /// What gRPC-Web sends behind its messages, as trailers.
    fn trailers_of(&mut self, framed: &[u8]) {
        if let Some(fields) = trailers(framed).filter(|fields| !fields.is_empty()) {
            self.headers(&fields, Root::Trailer);
        }
    }
}

/// Whether bytes are a message with fields, from beginning to end.
fn is_whole(bytes: &[u8]) -> bool {
    let mut fields = Fields::of(bytes);
    fields.by_ref().count() > 0 && fields.is_over()
}

/// Bits of a fixed size as a floating-point number, where that is likely: small integers are read as numbers far
/// too small, and ids and times mostly as far too large.
fn fixed(number: f64) -> Option<f64> {
    (number == 0.0 || (1e-6..1e12).contains(&number.abs())).then_some(number)
}

#[cfg(test)]
mod tests;
