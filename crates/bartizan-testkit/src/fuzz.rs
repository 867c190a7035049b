//! One entry function for each decoder: bytes to a message, decoded, and checked against what holds
//! for any input. The targets in `fuzz/` and the seeded smoke run call these.
//!
//! Checked: no panic; nodes nested and in order; locations that can be read back; numbers finite;
//! limits kept; nothing dropped in silence; the same view from a fresh and a reused value.

mod capture;
mod specs;

use std::cell::Cell;

use bartizan_analysis::{
    Snapshot, State,
    judge::{RequestJudgement, judge, judge_request as judge_alone},
};
use bartizan_gateway::{
    head::{HeadLimits, HeadReader, Stop},
    websocket::{FrameReader, Unit},
};
use bartizan_model::{
    Exchange, HashKey, Limits, Message, Response, Root, Scope, Side, Sketch,
    location::unescape,
    sketch::{self, GrpcSketch},
};
use bartizan_protocols::{
    Call, Decoded, Format, Members, NodeRef, Pace, Value, View,
    call::{MAX_MEMBERS, MAX_NAME},
    decode, decode_body, decode_into, decode_paced,
    exchange_json::{parse_line, write_line},
};
use bytes::BytesMut;

pub use self::{
    capture::{capture, capture_conversation, capture_http2, tcp_stream},
    specs::{spec_descriptors, spec_graphql, spec_proto, spec_tree, spec_wsdl},
};
use crate::sources;

/// An entry function.
pub type Entry = fn(&[u8]);

/// All entry functions with the names of their targets.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("access_logs", sources::access_logs),
    ("body", body),
    ("burp", sources::burp),
    ("call", call),
    ("capture", capture),
    ("capture_conversation", capture_conversation),
    ("capture_http2", capture_http2),
    ("charset", charset),
    ("cookies", cookies),
    ("embedded", embedded),
    ("encodings", encodings),
    ("event_stream", event_stream),
    ("exchange_json", exchange_json),
    ("form", form),
    ("gateway_head", gateway_head),
    ("har", sources::har),
    ("http", http),
    ("json", json),
    ("judge_request", judge_request),
    ("jwt", jwt),
    ("mitmproxy", sources::mitmproxy),
    ("multipart", multipart),
    ("path", path),
    ("postman", sources::postman),
    ("query", query),
    ("receivers", sources::receivers),
    ("spec_descriptors", spec_descriptors),
    ("spec_graphql", spec_graphql),
    ("spec_proto", spec_proto),
    ("spec_tree", spec_tree),
    ("spec_wsdl", spec_wsdl),
    ("tcp_stream", tcp_stream),
    ("websocket_frames", websocket_frames),
    ("xml", xml),
];

/// Locations cost their depth: enough of them to see every kind.
const LOCATIONS: usize = 2_000;

/// The target's path.
pub fn path(data: &[u8]) {
    let mut exchange = Exchange::default();
    exchange.request.target = format!("/{}", String::from_utf8_lossy(data));
    check(&exchange);
}

/// The target's query.
pub fn query(data: &[u8]) {
    let mut exchange = Exchange::default();
    exchange.request.target = format!("/?{}", String::from_utf8_lossy(data));
    check(&exchange);
}

/// A form body, with the same fields in the query.
pub fn form(data: &[u8]) {
    let mut exchange = typed("application/x-www-form-urlencoded", data);
    exchange.request.target = "/?a=1&role=user".to_owned();
    check(&exchange);
}

/// A JSON body, in the request and as a sequence in the response.
pub fn json(data: &[u8]) {
    let mut exchange = typed("application/json", data);
    exchange.response = Some(Response {
        status: 200,
        headers: [("content-type", "application/x-ndjson")].into_iter().collect(),
        headers_captured: true,
        body: data.to_vec().into(),
        ..Response::default()
    });
    check(&exchange);
}

/// Events of a server, as the answer.
pub fn event_stream(data: &[u8]) {
    let response = Response {
        status: 200,
        headers: [("content-type", "text/event-stream")].into_iter().collect(),
        headers_captured: true,
        body: data.to_vec().into(),
        ..Response::default()
    };
    check(&Exchange { response: Some(response), ..Exchange::default() });
}

/// The calls that one message carries are views like any other.
fn check_members(exchange: &Exchange, whole: &Decoded) {
    let Some(mut members) = Members::of(exchange, whole) else { return };
    let mut count = 0;
    while let Some(member) = members.advance() {
        count += 1;
        check_view(&member.decoded.view, &Limits::default());
        let moved = whole.view.nodes().filter_map(|node| Some((node, member.place(node.id())?)));
        for (node, id) in moved.take(LOCATIONS) {
            let there = member.decoded.view.node(id).expect("it is there");
            assert_eq!((there.value(), there.raw()), (node.value(), node.raw()));
        }
    }
    assert!((1..=MAX_MEMBERS).contains(&count));
}

/// An XML body.
pub fn xml(data: &[u8]) {
    check(&typed("text/xml", data));
}

/// A multipart body; the first line is the rest of the media type.
pub fn multipart(data: &[u8]) {
    let (parameters, body) = first_line(data);
    check(&typed(&format!("multipart/form-data; {parameters}"), body));
}

/// A body without a media type.
pub fn body(data: &[u8]) {
    let mut exchange = Exchange::default();
    exchange.request.body = data.to_vec().into();
    check(&exchange);
}

/// What a message calls: as a document of GraphQL, as JSON and as XML, in the request and in the
/// answer. What is found can be shown as a name.
pub fn call(data: &[u8]) {
    let document = serde_json::json!({ "query": String::from_utf8_lossy(data) }).to_string();
    let bodies = [
        ("application/graphql", data),
        ("application/json", document.as_bytes()),
        ("application/json", data),
        ("text/xml", data),
        ("application/grpc", data),
        ("application/grpc-web-text", data),
    ];
    for (kind, body) in bodies {
        let mut exchange = typed(kind, body);
        exchange.response = Some(Response {
            status: 200,
            headers: [("content-type", kind)].into_iter().collect(),
            headers_captured: true,
            body: data.to_vec().into(),
            ..Response::default()
        });
        let decoded = decode(&exchange, &Limits::default(), 1);
        let Some(call) = Call::of(&exchange, &decoded) else { continue };
        assert!(call.operation.len() <= MAX_NAME && !call.operation.contains(char::is_control));
        let _ = call.answered(&exchange, &decoded);
        check_members(&exchange, &decoded);
        match call.sketch(&exchange, &decoded) {
            Some(Sketch::Graphql(sketch)) => assert!(sketch.fields.len() <= sketch::MAX_FIELDS),
            Some(Sketch::Grpc(GrpcSketch { request, response, .. })) => {
                assert!(request.fields.len().max(response.fields.len()) <= sketch::MAX_FIELDS);
            }
            None => {}
        }
    }
}

/// A text body; the first line is its charset.
pub fn charset(data: &[u8]) {
    let (charset, body) = first_line(data);
    check(&typed(&format!("text/plain; charset={charset}"), body));
}

/// Header fields, one on each line.
pub fn http(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let fields = || text.split('\n').map(|line| line.split_once(':').unwrap_or((line, "")));
    let mut exchange = Exchange::default();
    exchange.request.headers = fields().collect();
    exchange.request.trailers = fields().collect();
    exchange.trailers = fields().collect();
    check(&exchange);
}

/// `Cookie` and `Set-Cookie`, one on each line.
pub fn cookies(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut exchange = Exchange::default();
    exchange.request.headers = text.split('\n').map(|line| ("cookie", line)).collect();
    exchange.response = Some(Response {
        headers: text.split('\n').map(|line| ("set-cookie", line)).collect(),
        headers_captured: true,
        ..Response::default()
    });
    check(&exchange);
}

/// A bearer token.
pub fn jwt(data: &[u8]) {
    let mut exchange = Exchange::default();
    let value = format!("Bearer {}", String::from_utf8_lossy(data));
    exchange.request.headers.push("authorization", value);
    check(&exchange);
}

/// A text in a JSON body.
pub fn embedded(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let body = serde_json::json!({ "value": text }).to_string();
    check(&typed("application/json", body.as_bytes()));
}

/// An encoded body; the first line names the codings.
pub fn encodings(data: &[u8]) {
    let (codings, body) = first_line(data);
    let mut exchange = typed("application/json", body);
    exchange.request.headers.push("content-encoding", codings);
    check(&exchange);
}

/// A line of the exchange form; what is read is written and read again.
pub fn exchange_json(data: &[u8]) {
    let Ok(exchange) = parse_line(data) else { return };
    let mut line = String::new();
    write_line(&mut line, &exchange);
    assert_eq!(parse_line(line.as_bytes()).as_ref(), Ok(&exchange), "written as {line}");
    check(&exchange);
}

/// A stream of HTTP/1 requests: however it is cut, the same bytes pass and the same rule is broken,
/// and what passed is valid when it is read once more.
pub fn gateway_head(data: &[u8]) {
    let limits = HeadLimits {
        head_bytes: 2_000,
        target_bytes: 200,
        fields: 20,
        field_bytes: 400,
        websocket: true,
    };
    let (passed, stop) = read_heads(data, limits, data.len().max(1));
    assert!(data.starts_with(&passed), "something else than was sent passed");
    for step in [1, 7] {
        let in_pieces = read_heads(data, limits, step);
        assert_eq!((&passed, stop), (&in_pieces.0, in_pieces.1), "pieces of {step}");
    }
    assert_eq!(read_heads(&passed, limits, passed.len().max(1)).0, passed, "read once more");
}

fn read_heads(data: &[u8], limits: HeadLimits, step: usize) -> (Vec<u8>, Option<Stop>) {
    let mut reader = HeadReader::new(limits);
    let (mut passed, mut held) = (Vec::new(), Vec::new());
    for piece in data.chunks(step) {
        held.extend_from_slice(piece);
        let progress = reader.advance(&held);
        passed.extend(held.drain(..progress.valid));
        if progress.stop.is_some() {
            return (passed, progress.stop);
        }
    }
    (passed, None)
}

/// A request before it is answered: the first line is the rest of its target, a field and a trailer,
/// the rest its body, and a message. It is judged as the finished exchange is, each time alike; with
/// less time than that takes it says so.
pub fn judge_request(data: &[u8]) {
    let (line, body) = first_line(data);
    let mut exchange = Exchange::default();
    exchange.request.method = "POST".to_owned();
    exchange.request.target = format!("/{line}");
    exchange.request.headers.push("x-field", line.as_str());
    exchange.request.trailers.push("x-trailer", line.as_str());
    if body.starts_with(b"\x1f\x8b") {
        exchange.request.headers.push("content-encoding", "gzip");
    }
    exchange.request.body = body.to_vec().into();
    let text = std::str::from_utf8(body).is_ok();
    exchange.messages =
        vec![Message { from_client: true, time: None, data: body.to_vec().into(), text }];
    let snapshot = Snapshot::new(Scope::default(), HashKey::new([7; 32]));
    let whole = judged(&exchange, &snapshot, u64::MAX);
    assert!(!whole.ended_early(), "there is time without end");
    let shown = |judged: &RequestJudgement| format!("{judged:?}");
    assert_eq!(shown(&whole), shown(&judged(&exchange, &snapshot, u64::MAX)), "once more");
    let behind = judge(&exchange, &snapshot, &mut State::new(&snapshot.scope), None);
    assert_eq!(format!("{:?}", whole.detections), format!("{:?}", behind.detections));
    for questions in [0, 1, 2, 5, 20, 100] {
        let some = judged(&exchange, &snapshot, questions);
        assert!(some.ended_early() || shown(&some) == shown(&whole), "{questions} questions");
    }
}

/// Judges a request in the time of so many questions whether there is time: as many for reading, half of
/// them for making the body readable, and as many more for the judgement.
fn judged(exchange: &Exchange, snapshot: &Snapshot, questions: u64) -> RequestJudgement {
    thread_local! { static ASKED: Cell<u64> = const { Cell::new(0) } }
    ASKED.set(0);
    let pace = |most| {
        let ask = |most| {
            ASKED.set(ASKED.get() + 1);
            ASKED.get() <= most
        };
        Pace::new(ask, most)
    };
    let mut decoded = Decoded::default();
    let read = pace(questions).prepare_until(questions / 2);
    decode_paced(&mut decoded, exchange, &snapshot.limits, snapshot.seed, read);
    judge_alone(exchange, &mut decoded, snapshot, pace(questions.saturating_mul(2)))
}

/// Frames of a WebSocket, from either side: what goes on is read alike once more.
pub fn websocket_frames(data: &[u8]) {
    for from_client in [true, false] {
        let (units, out) = read_frames(data, from_client);
        let (again, out_again) = read_frames(&out, from_client);
        assert_eq!((&again, &out_again), (&units, &out), "read once more");
    }
}

fn read_frames(data: &[u8], from_client: bool) -> (Vec<Unit>, BytesMut) {
    let mut reader = FrameReader::new(from_client, 200, 500);
    let (mut bytes, mut out, mut units) = (BytesMut::from(data), BytesMut::new(), Vec::new());
    while let Ok(Some(unit)) = reader.next(&mut bytes, &mut out) {
        units.push(unit);
    }
    (units, out)
}

fn typed(media_type: &str, body: &[u8]) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.headers.push("content-type", media_type);
    exchange.request.body = body.to_vec().into();
    exchange
}

fn first_line(data: &[u8]) -> (String, &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (line, rest) = data.split_at(at);
    (String::from_utf8_lossy(line).into_owned(), rest.get(1..).unwrap_or_default())
}

/// Small enough that short inputs reach them.
fn tight() -> Limits {
    Limits {
        body_bytes: 200,
        decoded_bytes: 150,
        content_codings: 1,
        depth: 3,
        nodes: 12,
        text_bytes: 120,
        query_parameters: 3,
        header_fields: 3,
        header_value_bytes: 20,
        cookies: 2,
        target_bytes: 30,
        path_segments: 3,
        path_parameters: 2,
        percent_rounds: 1,
        multipart_parts: 2,
        multipart_header_bytes: 50,
        xml_attributes: 2,
        jwt_bytes: 60,
        decode_chain: 1,
        embedded_bytes: 40,
        value_bytes: 10,
        ..Limits::default()
    }
}

/// Decodes with the limits of the product and with tight ones and checks what must hold.
///
/// # Panics
/// When something does not hold.
pub fn check(exchange: &Exchange) {
    let mut reused = Decoded::default();
    for limits in [Limits::default(), tight()] {
        let fresh = decode(exchange, &limits, 7);
        decode_into(&mut reused, exchange, &limits, 7);
        assert!(is_equal(&fresh, &reused), "two decodings of one exchange differ");
        check_view(&fresh.view, &limits);
        check_bodies(exchange, &fresh);
        for cookie in &fresh.set_cookies {
            let node = fresh.view.node(cookie.node);
            assert!(node.is_some_and(|n| n.root() == Root::Cookie && n.side() == Side::Response));
        }
        let request = &exchange.request;
        let body = (Side::Request, &request.headers, &*request.body);
        decode_body(&mut reused, body, &limits, 7, Pace::default());
        check_view(&reused.view, &limits);
        let is_flat = |n: NodeRef<'_>| {
            let is_body = [Root::Body, Root::Xml, Root::Grpc, Root::Trailer].contains(&n.root());
            n.codec().is_none() && is_body
        };
        assert!(reused.view.nodes().all(is_flat), "more than a body, or what is encoded in it");
    }
}

fn is_equal(a: &Decoded, b: &Decoded) -> bool {
    a.request_format == b.request_format
        && a.response_format == b.response_format
        && a.set_cookies == b.set_cookies
        && a.view.anomalies() == b.view.anomalies()
        && a.view.not_inspected() == b.view.not_inspected()
        && a.view.len() == b.view.len()
        && a.view.nodes().zip(b.view.nodes()).all(|(a, b)| {
            (a.value(), a.key(), a.raw(), a.general_hash(), a.depth())
                == (b.value(), b.key(), b.raw(), b.general_hash(), b.depth())
        })
}

fn check_view(view: &View, limits: &Limits) {
    let mut text = 0;
    let mut open: Vec<usize> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut per_side = [0usize; 2];
    for (i, node) in view.nodes().enumerate() {
        while ends.last().is_some_and(|end| *end <= i) {
            ends.pop();
            open.pop();
        }
        let parent = node.parent().map(|p| p.id().index());
        assert_eq!(parent, open.last().copied(), "node {i} is not below the node that is open");
        assert_eq!(usize::from(node.depth()), open.len(), "depth of node {i}");
        let end = i + 1 + node.descendants().count();
        assert!(end <= view.len() && ends.last().is_none_or(|outer| end <= *outer), "end of {i}");
        open.push(i);
        ends.push(end);
        text += node.raw().len() + node.key().len();
        per_side[node.side() as usize] += 1;
        if let Value::Number(number) = node.value() {
            assert!(number.is_finite(), "number of node {i}");
        }
        if i < LOCATIONS {
            check_location(node.root(), node.instance().as_str());
            check_location(node.root(), node.general().as_str());
        }
    }
    assert!(text <= limits.text_bytes as usize, "{text} bytes of text");
    assert!(per_side.iter().all(|count| *count <= limits.nodes as usize), "{per_side:?} nodes");
}

/// The root's word, then steps in which the separators are escaped.
fn check_location(root: Root, location: &str) {
    // Parameters of segments are within the path; only their root has a word of its own.
    let within = if root == Root::Matrix { Root::Path } else { root };
    let rest =
        location.strip_prefix(root.as_str()).or_else(|| location.strip_prefix(within.as_str()));
    let rest = rest.unwrap_or_else(|| panic!("{location}"));
    assert!(rest.is_empty() || rest.starts_with(['.', ':', '!', '/', '#']), "{location}");
    for step in rest.split(['/', '!']) {
        assert!(!step.bytes().any(|b| b < 0x20), "{location}");
        assert!(unescape(step).len() <= step.len());
    }
}

/// Nothing is dropped in silence: a body is in the view, or the view says why not.
fn check_bodies(exchange: &Exchange, decoded: &Decoded) {
    let response = exchange.response.as_ref().map(|r| &r.body);
    for (side, body) in [(Side::Request, Some(&exchange.request.body)), (Side::Response, response)]
    {
        let Some(body) = body.filter(|body| !body.is_empty()) else { continue };
        let roots = [Root::Body, Root::Xml, Root::Grpc];
        let seen = roots.iter().any(|r| decoded.view.root(side, *r).is_some());
        let said = !decoded.view.is_fully_inspected(side)
            || decoded.view.anomalies().iter().any(|(of, _)| *of == side);
        let emptied = decoded.format(side) == Format::Empty;
        assert!(seen || said || emptied, "{side:?} body of {} bytes vanished", body.len());
    }
}
