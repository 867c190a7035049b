//! One exchange to one parsed view.

use bartizan_model::{
    BodyState, Exchange, HeaderState, Headers, Limits, Message, Root, Side,
    limits::NotInspectedReason,
};

use crate::{
    anomaly::AnomalyKind,
    call::{Answered, Call, grpc_method},
    cookies::SetCookie,
    json,
    media::Format,
    names::Names,
    pace::Pace,
    view::{NodeId, Place, Step, Value, View},
};

/// An exchange, parsed once. Reuse one with [`decode_into`]: it keeps its memory.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Typed values of both sides.
    pub view: View,
    /// What the request body was read as.
    pub request_format: Format,
    /// What the response body was read as.
    pub response_format: Format,
    /// The cookies that the response sets, in order; their values are nodes of the view.
    pub set_cookies: Vec<SetCookie>,
    /// What is called, where method and path do not say.
    pub call: Option<Call>,
    /// What the answer says in the words of the protocol that is spoken.
    pub answered: Answered,
    scratch: Scratch,
}

/// A file that came as a part of a multipart body. Its name, declared type and text are below its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFile {
    /// Its node.
    pub node: NodeId,
    /// The media type that its bytes are a mark of, see [`crate::magic::media_type`].
    pub kind: Option<&'static str>,
    /// Its length.
    pub bytes: u64,
    /// Where it begins in the body, without the content codings of that.
    pub from: usize,
}

impl Decoded {
    /// The files of multipart bodies of both sides, in document order.
    #[must_use]
    pub fn files(&self) -> &[SentFile] {
        &self.scratch.files
    }

    /// The most bytes that came of undoing a content coding of the body of that side, or of one of its messages; 0
    /// where there was none.
    #[must_use]
    pub const fn undone_bytes(&self, side: Side) -> usize {
        self.scratch.undone[side as usize]
    }

    /// What the body of that side was read as.
    #[must_use]
    pub const fn format(&self, side: Side) -> Format {
        match side {
            Side::Request => self.request_format,
            Side::Response => self.response_format,
        }
    }
}

/// Decodes both sides of an exchange. `seed` keys the hashes of general locations.
///
/// What is called is read from the values, see [`Call::of`].
///
/// Order of the roots: path, query, header, cookie, trailer, body and messages of the request, then
/// header, cookie, body, messages and trailer of the response. A `cookie` or `set-cookie` field is an
/// opaque header node (its length), because its values are cookie nodes.
///
/// Whatever does not get into the view is in [`View::not_inspected`] or [`View::anomalies`].
#[must_use]
pub fn decode(exchange: &Exchange, limits: &Limits, seed: u64) -> Decoded {
    let mut decoded = Decoded::default();
    decode_into(&mut decoded, exchange, limits, seed);
    decoded
}

/// Like [`decode`], into a value that was used before: nothing is left of the earlier exchange.
pub fn decode_into(decoded: &mut Decoded, exchange: &Exchange, limits: &Limits, seed: u64) {
    decode_paced(decoded, exchange, limits, seed, Pace::default());
}

/// Like [`decode_into`], as long as `pace` lets: it is asked after every few kibibytes of values, and of
/// a body without its content coding and its charset. What was not taken any more is noted as
/// [`NotInspectedReason::OutOfTime`].
pub fn decode_paced(
    decoded: &mut Decoded,
    exchange: &Exchange,
    limits: &Limits,
    seed: u64,
    pace: Pace,
) {
    let Decoded { view, request_format, response_format, set_cookies, scratch, .. } = decoded;
    view.reset(limits, seed);
    view.keep_pace(pace);
    set_cookies.clear();
    scratch.clear();
    view.reserve(weight(exchange));
    let method = grpc_method(&exchange.request);
    let side = Side::Request;
    let mut decoder =
        Decoder { view, limits, scratch, side, seed, method, chain: 0, is_flat: false };
    decoder.view.enter(Place::Target);
    if exchange.request.target.contains('#') {
        decoder.view.anomaly(Side::Request, AnomalyKind::TargetFragment);
    }
    decoder.target(exchange.request.path(), exchange.request.query());
    decoder.view.enter(Place::Fields);
    if exchange.request.header_state == HeaderState::Incomplete {
        decoder.view.skip(Side::Request, NotInspectedReason::HeadersNotCaptured);
    }
    let headers = &exchange.request.headers;
    decoder.headers(headers, Root::Header);
    decoder.request_cookies(headers);
    if !exchange.request.trailers.is_empty() {
        decoder.headers(&exchange.request.trailers, Root::Trailer);
    }
    *request_format =
        decoder.message_body(headers, &exchange.request.body, exchange.request.body_state);
    decoder.messages(exchange, true, *request_format);
    decoder.side = Side::Response;
    *response_format = match &exchange.response {
        Some(response) => {
            if !response.headers_captured {
                decoder.view.skip(Side::Response, NotInspectedReason::HeadersNotCaptured);
            }
            if response.headers_captured || !response.headers.is_empty() {
                decoder.headers(&response.headers, Root::Header);
                decoder.response_cookies(&response.headers, set_cookies);
            }
            decoder.message_body(&response.headers, &response.body, response.body_state)
        }
        None => {
            decoder.view.skip(Side::Response, NotInspectedReason::ResponseNotCaptured);
            Format::NotCaptured
        }
    };
    decoder.messages(exchange, false, *response_format);
    if !exchange.trailers.is_empty() {
        decoder.headers(&exchange.trailers, Root::Trailer);
    }
    decoded.call = Call::of(exchange, decoded);
    let answered = decoded.call.as_ref().map(|call| call.answered(exchange, decoded));
    decoded.answered = answered.unwrap_or_default();
}

/// Decodes the body of a message of that side, with the header fields that say what it is, and nothing else of
/// it, nor what is encoded inside its values: for whoever asks what a body says and not what may be hidden in it. Else
/// like [`decode_paced`].
pub fn decode_body(
    decoded: &mut Decoded,
    (side, headers, body): (Side, &Headers, &[u8]),
    limits: &Limits,
    seed: u64,
    pace: Pace,
) {
    (decoded.call, decoded.answered) = (None, Answered::Unknown);
    let Decoded { view, request_format, response_format, set_cookies, scratch, .. } = decoded;
    view.reset(limits, seed);
    view.keep_pace(pace);
    set_cookies.clear();
    scratch.clear();
    view.reserve(body.len());
    let mut decoder =
        Decoder { view, limits, scratch, side, seed, method: "", chain: 0, is_flat: true };
    let format = decoder.message_body(headers, body, BodyState::Complete);
    (*request_format, *response_format) = match side {
        Side::Request => (format, Format::NotCaptured),
        Side::Response => (Format::NotCaptured, format),
    };
}

/// About how many bytes of text the view of an exchange will hold.
fn weight(exchange: &Exchange) -> usize {
    let fields = |headers: &Headers| headers.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>();
    let request = &exchange.request;
    let asked = request.target.len() + fields(&request.headers) + request.body.len();
    let answered = exchange.response.as_ref().map_or(0, |r| fields(&r.headers) + r.body.len());
    asked + answered
}

/// The decoder of one exchange: what the modules of the protocols share.
pub(crate) struct Decoder<'a> {
    pub(crate) view: &'a mut View,
    pub(crate) limits: &'a Limits,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) side: Side,
    pub(crate) seed: u64,
    /// The method of gRPC that is called; empty for none.
    pub(crate) method: &'a str,
    /// How many embedded encodings were undone on the way here.
    pub(crate) chain: u32,
    /// What is encoded inside texts is left alone.
    pub(crate) is_flat: bool,
}

/// Buffers that are kept from one exchange to the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Frames of the JSON parser; nested parsers use the part above theirs.
    pub(crate) frames: Vec<json::Frame>,
    /// Hashes of the keys of the open JSON objects.
    pub(crate) keys: Vec<u64>,
    /// The JSON string with escapes that is being read.
    pub(crate) unescaped: String,
    /// Percent-decoded bytes.
    pub(crate) bytes: Vec<u8>,
    /// The name that is being read.
    pub(crate) name: String,
    /// The value that is being read.
    pub(crate) value: String,
    /// Ranges of canonical path segments in `value`.
    pub(crate) segments: Vec<(usize, usize)>,
    /// Names of query parameters, kept for the comparison with form fields.
    pub(crate) query: Names,
    /// Names of the part of the message that is being read.
    pub(crate) names: Names,
    /// Output and input of content decodings.
    pub(crate) content: [Vec<u8>; 2],
    /// Files of multipart bodies.
    pub(crate) files: Vec<SentFile>,
    /// Most bytes that came of a content coding, for each side.
    pub(crate) undone: [usize; 2],
}

impl Scratch {
    /// Forgets what is told of a message.
    fn clear(&mut self) {
        self.query.clear();
        self.files.clear();
        self.undone = [0; 2];
    }
}

impl Decoder<'_> {
    /// Gives a node its text and looks for what is embedded in it. The node is closed then.
    pub(crate) fn text(&mut self, id: NodeId, text: &str) {
        self.view.set_value(id, Value::Text(text));
        self.embedded(id, text);
    }

    /// Adds a text below `parent`. `None` when a limit was reached.
    pub(crate) fn text_leaf(
        &mut self,
        parent: NodeId,
        step: Step<'_>,
        text: &str,
    ) -> Option<NodeId> {
        let id = self.view.open(parent, step, Value::Null)?;
        self.text(id, text);
        Some(id)
    }

    fn message_body(&mut self, headers: &Headers, body: &[u8], state: BodyState) -> Format {
        let before = self.view.enter(Place::Body);
        match state {
            BodyState::NotCaptured => {
                self.view.skip(self.side, NotInspectedReason::BodyNotCaptured);
            }
            BodyState::Truncated => self.view.skip(self.side, NotInspectedReason::BodyTruncated),
            BodyState::Complete => {}
        }
        let format = if state == BodyState::NotCaptured && body.is_empty() {
            Format::NotCaptured
        } else {
            self.body(headers, body)
        };
        self.view.enter(before);
        format
    }

    /// The messages of one direction, as elements of one root. `body`: what the body of that direction was read
    /// as; where it was messages of gRPC, these are they.
    fn messages(&mut self, exchange: &Exchange, from_client: bool, body: Format) {
        let mut messages =
            exchange.messages.iter().filter(|m| m.from_client == from_client).peekable();
        if messages.peek().is_none() || body == Format::Grpc {
            return;
        }
        let before = self.view.enter(Place::Body);
        if !self.spoken_messages(exchange, from_client) {
            self.message_list(messages);
        }
        self.view.enter(before);
    }

    fn message_list<'m>(&mut self, messages: impl Iterator<Item = &'m Message>) {
        let Some(root) = self.view.open_root(self.side, Root::Message) else { return };
        self.view.set_value(root, Value::Array);
        for (i, message) in messages.enumerate() {
            let step = Step::Index(u32::try_from(i).unwrap_or(u32::MAX));
            let Some(id) = self.view.open(root, step, Value::Null) else { break };
            self.message(id, &message.data, message.text);
            self.view.close(id);
        }
        self.view.close(root);
    }
}
