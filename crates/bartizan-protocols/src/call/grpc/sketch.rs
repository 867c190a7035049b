//! What a gRPC call is made of: the numbered fields of its messages.

use std::borrow::Cow;

use bartizan_model::{
    Exchange, Side,
    sketch::{GrpcSide, GrpcSketch, MAX_DEPTH, MAX_FIELDS, WireField},
};

use crate::{
    frames::{flushes, frames},
    protobuf::{self, Inner, Wire},
};

/// Most messages of each side of one call that are read.
const MAX_MESSAGES: usize = 16;
/// Most values of one message that are read, those within others included.
const MAX_VALUES: usize = 8_192;

/// What a call is made of; `None` when no message of it was seen, or none of protocol buffers.
pub(in crate::call) fn sketch(exchange: &Exchange) -> Option<GrpcSketch> {
    let mut out = GrpcSketch { calls: 1, ..GrpcSketch::default() };
    for (side, of) in [(Side::Request, &mut out.request), (Side::Response, &mut out.response)] {
        learn(of, &messages(exchange, side));
    }
    let is_seen = |side: &GrpcSide| side.messages + side.unread > 0;
    (is_seen(&out.request) || is_seen(&out.response)).then_some(out)
}

/// A message, or that there was one that cannot be read.
type Seen<'b> = Option<Cow<'b, [u8]>>;

/// The messages of one side: those that the source took apart, else those of the body.
fn messages(exchange: &Exchange, side: Side) -> Vec<Seen<'_>> {
    let (headers, body) = match side {
        Side::Request => (&exchange.request.headers, &exchange.request.body),
        Side::Response => match &exchange.response {
            Some(response) => (&response.headers, &response.body),
            None => return Vec::new(),
        },
    };
    let kind = headers.media_type();
    let is_empty = body.is_empty() && exchange.messages.is_empty();
    if is_empty || kind.ends_with("json") {
        return Vec::new();
    }
    if !exchange.messages.is_empty() {
        let own = exchange.messages.iter().filter(|m| m.from_client == (side == Side::Request));
        return own.take(MAX_MESSAGES).map(|m| Some(Cow::Borrowed(&*m.data))).collect();
    }
    // Connect sends one message without a prefix (the Connect protocol, "Unary-Request").
    if kind == "application/proto" {
        let is_coded = headers.contains("content-encoding");
        return vec![(!is_coded).then_some(Cow::Borrowed(&**body))];
    }
    if kind.starts_with("application/grpc-web-text") {
        let Some(decoded) = flushes(body) else { return vec![None] };
        return framed(&decoded)
            .into_iter()
            .map(|one| one.map(|m| Cow::Owned(m.to_vec())))
            .collect();
    }
    framed(body).into_iter().map(|one| one.map(Cow::Borrowed)).collect()
}

/// Messages behind their lengths. A compressed one and one that is cut cannot be read.
fn framed(bytes: &[u8]) -> Vec<Option<&[u8]>> {
    let messages = frames(bytes).filter(|frame| frame.is_cut || !frame.is_end());
    let read = messages.map(|f| (!f.is_cut && !f.is_compressed()).then_some(f.data));
    read.take(MAX_MESSAGES).collect()
}

fn learn(side: &mut GrpcSide, messages: &[Seen<'_>]) {
    side.most_in_call = messages.len() as u64;
    for message in messages {
        let fields = message.as_deref().and_then(protobuf::message);
        match fields {
            Some(fields) => {
                side.messages += 1;
                walk(side, fields);
            }
            None => side.unread += 1,
        }
    }
}

/// Counts the fields of a message and of those within, level by level.
fn walk<'b>(side: &mut GrpcSide, fields: Vec<(u32, Wire<'b>)>) {
    let mut values = 0;
    let mut open = vec![(String::new(), 1, fields)];
    while let Some((above, depth, mut fields)) = open.pop() {
        values += fields.len();
        if values > MAX_VALUES {
            side.left_out += fields.len() as u64;
            return;
        }
        // Values of one field need not stand together; their order is kept.
        fields.sort_by_key(|(number, _)| *number);
        for same in fields.chunk_by(|a, b| a.0 == b.0) {
            let Some((number, _)) = same.first() else { continue };
            let path =
                if above.is_empty() { number.to_string() } else { format!("{above}.{number}") };
            let is_known = side.fields.contains_key(&path);
            if !is_known && side.fields.len() >= MAX_FIELDS {
                side.left_out += same.len() as u64;
                continue;
            }
            let field = side.fields.entry(path.clone()).or_default();
            field.messages += 1;
            field.most_in_message = field.most_in_message.max(same.len() as u64);
            for (_, value) in same {
                let inner = count(field, *value);
                if depth < MAX_DEPTH {
                    open.extend(inner.map(|inner| (path.clone(), depth + 1, inner)));
                }
            }
        }
    }
}

/// Counts a value; the fields within when it is a message and no text.
fn count<'b>(field: &mut WireField, value: Wire<'b>) -> Option<Vec<(u32, Wire<'b>)>> {
    match value {
        Wire::Varint(value) => {
            field.varints += 1;
            field.greatest = field.greatest.max(value);
        }
        Wire::Fixed32(_) => field.fixed32 += 1,
        Wire::Fixed64(_) => field.fixed64 += 1,
        Wire::Length(bytes) => {
            field.lengths += 1;
            let inner = Inner::of(bytes);
            field.texts += u64::from(inner == Inner::Text);
            let message = protobuf::message(bytes);
            field.nested += u64::from(message.is_some());
            return message.filter(|_| inner == Inner::Message);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bartizan_model::{BodyState, Response};
    use base64::Engine as _;

    use super::*;

    /// `{1: 7, 2: "ada", 3: {1: "x", 2: 1}, 3: {1: "y"}}`.
    const MESSAGE: &[u8] = b"\x08\x07\x12\x03ada\x1a\x05\x0a\x01x\x10\x01\x1a\x03\x0a\x01y";

    fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
        let mut out = vec![flag];
        out.extend((message.len() as u32).to_be_bytes());
        out.extend(message);
        out
    }

    fn call(kind: &str, asked: Vec<u8>, answered: Vec<u8>) -> Exchange {
        let mut exchange = Exchange::default();
        exchange.request.headers.push("content-type", kind);
        exchange.request.body = asked.into();
        exchange.request.body_state = BodyState::Complete;
        let mut response = Response { status: 200, ..Response::default() };
        response.headers.push("content-type", kind);
        response.body = answered.into();
        exchange.response = Some(response);
        exchange
    }

    #[test]
    fn numbers_and_wire_types_are_counted() {
        let answers = [frame(0, b"\x08\x01"), frame(0, b"\x08\x02"), frame(1, b"gzip")].concat();
        let found = sketch(&call("application/grpc", frame(0, MESSAGE), answers)).expect("seen");
        let request = &found.request;
        assert_eq!((request.messages, request.most_in_call, request.unread), (1, 1, 0));
        let paths: Vec<&str> = request.fields.keys().map(String::as_str).collect();
        assert_eq!(paths, ["1", "2", "3", "3.1", "3.2"]);
        assert_eq!(request.fields["1"].greatest, 7);
        assert_eq!((request.fields["2"].lengths, request.fields["2"].texts), (1, 1));
        let inner = &request.fields["3"];
        assert!(inner.is_message());
        assert_eq!((inner.messages, inner.most_in_message), (1, 2));
        assert_eq!(request.fields["3.1"].messages, 2);
        let response = &found.response;
        assert_eq!((response.messages, response.most_in_call, response.unread), (2, 3, 1));
    }

    #[test]
    fn the_ways_of_the_web_are_read_too() {
        let plain = [frame(0, MESSAGE), frame(0x80, b"grpc-status:0\r\n")];
        let texts =
            plain.each_ref().map(|part| base64::engine::general_purpose::STANDARD.encode(part));
        let text = texts.concat().into_bytes();
        let found = sketch(&call("application/grpc-web-text", text.clone(), text)).expect("seen");
        assert_eq!((found.request.messages, found.response.messages), (1, 1));
        assert_eq!(found.request.fields.len(), 5);
        let found = sketch(&call("application/proto", MESSAGE.to_vec(), Vec::new())).expect("seen");
        assert_eq!((found.request.messages, found.request.fields.len()), (1, 5));
        assert_eq!(sketch(&call("application/grpc+json", frame(0, b"{}"), Vec::new())), None);
        assert_eq!(sketch(&call("application/grpc", Vec::new(), Vec::new())), None);
    }

    #[test]
    fn hostile_messages_end_and_tell_what_they_lack() {
        let mut deep = b"\x08\x01".to_vec();
        for _ in 0..200 {
            let mut outer = vec![0x0a];
            let length = deep.len();
            outer.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
            outer.extend(deep);
            deep = outer;
        }
        let found = sketch(&call("application/grpc", frame(0, &deep), Vec::new())).expect("seen");
        assert_eq!(found.request.fields.len(), MAX_DEPTH);
        let wide: Vec<u8> = (1..=600_u32)
            .flat_map(|n| [((n << 3) as u8 & 0x7f) | 0x80, (n >> 4) as u8, 1])
            .collect();
        let found = sketch(&call("application/grpc", frame(0, &wide), Vec::new())).expect("seen");
        assert_eq!((found.request.fields.len(), found.request.left_out), (MAX_FIELDS, 88));
        let cut = sketch(&call("application/grpc", vec![0, 0, 0], vec![0, 255, 255, 255, 255, 1]));
        let cut = cut.expect("seen");
        assert_eq!((cut.request.unread, cut.response.unread), (1, 1));
    }
}
