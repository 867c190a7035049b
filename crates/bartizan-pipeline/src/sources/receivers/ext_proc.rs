//! Requests and answers that Envoy shows an external processor (`ext_proc`).

use std::{net::IpAddr, sync::Arc, time::Instant};

use async_trait::async_trait;
use bartizan_model::{
    BodyState, Client, Exchange, Flow, HeaderState, Headers, Request, Response, Timestamp,
};
use bytes::BytesMut;
use hyper::body::Incoming;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        logs::{
            address::with_port,
            request_line::{from_parts, without_default_port},
        },
        protobuf::{Fields, Malformed, Value, entry},
        skip::SkipReason,
    },
    Answer, Kind, ReceiverItem,
    client::{NamedIn, Naming},
    counts::Refusal,
    grpc::{self, Conversation, Heard},
    receive::{protocol, text},
    work::{Lease, Visit, Work, request_id},
};

/// Most fields of a head that are read.
const MAX_FIELDS: usize = 1_000;
const PATH: &str = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

pub(super) static RECEIVER: ReceiverItem = ReceiverItem {
    kind: "ext_proc",
    title: "External processing of Envoy (gRPC), watching only",
    what: "Serves `envoy.service.ext_proc.v3.ExternalProcessor`: one stream is one exchange, with heads, \
           bodies and trailers as far as Envoy is told to send them (`processing_mode`). Every message is \
           answered with CONTINUE and no change at once, before anything is looked at; with \
           `observability_mode` nothing is answered, for Envoy does not wait. Bodies come `BUFFERED`, \
           `BUFFERED_PARTIAL` or `STREAMED`; above `limits.body_bytes` they are truncated, and what is not \
           sent is *not captured*. A stream whose bodies would have to be sent back \
           (`FULL_DUPLEX_STREAMED`, `GRPC`), or that meets a limit, is ended in order: Envoy goes on \
           without us. The client is in `source.address`, if Envoy is told to send that attribute, or in \
           the field that `client_field` names. Set `failure_mode_allow`, so that nobody is refused when \
           Bartizan is not there.",
    examples: &[
        "name: mesh\nlisten: 127.0.0.1:9903\next_proc: {}\n",
        "name: edge\nlisten: 127.0.0.1:9904\nlimits: {body_bytes: 262144}\next_proc:\n  \
         client_field: x_forwarded_for\n  trusted_proxies: [10.0.0.0/8]\n",
    ],
    sender: "Envoy, before the router, with a cluster that speaks HTTP/2 to the receiver:\n\n    \
             - name: envoy.filters.http.ext_proc\n      typed_config:\n        \
             \"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor\n        \
             grpc_service: {envoy_grpc: {cluster_name: bartizan}}\n        \
             failure_mode_allow: true\n        observability_mode: true\n        \
             request_attributes: [source.address]\n        processing_mode:\n          \
             {request_header_mode: SEND, response_header_mode: SEND,\n           \
             request_body_mode: STREAMED, response_body_mode: STREAMED}",
};

/// Requests and answers that Envoy shows an external processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExtProcConfig {
    /// The field in which Envoy or a proxy before it names the client, when `source.address` does not. By
    /// default none: without `use_remote_address` Envoy passes on what clients write.
    pub client_field: NamedIn,
    /// Addresses and networks of proxies before Envoy: they are passed over in that field.
    pub trusted_proxies: Vec<String>,
}

impl Default for ExtProcConfig {
    fn default() -> Self {
        Self { client_field: NamedIn::None, trusted_proxies: Vec::new() }
    }
}

struct ExtProc {
    naming: Arc<Naming>,
}

pub(super) fn open(config: &ExtProcConfig, peers: &[String]) -> Result<Arc<dyn Kind>, String> {
    let naming = Naming::new(config.client_field, peers, &config.trusted_proxies)?;
    Ok(Arc::new(ExtProc { naming: Arc::new(naming) }))
}

#[async_trait]
impl Kind for ExtProc {
    async fn answer(&self, request: http::Request<Incoming>, visit: Visit) -> Answer {
        if request.uri().path() != PATH {
            visit.refuse(Refusal::NotServed);
            return grpc::closed(grpc::UNIMPLEMENTED);
        }
        let watched = Watched {
            seen: Seen::new((visit.work.outside.now)(), visit.limits.body_bytes as usize),
            lease: visit.lease(),
            work: Arc::clone(&visit.work),
            naming: Arc::clone(&self.naming),
            begun: Instant::now(),
            is_given: false,
        };
        grpc::open(request, visit, watched)
    }

    fn full(&self) -> Answer {
        grpc::closed(grpc::OK)
    }
}

/// A stream. What was seen is handed over when the answer is whole (Envoy may keep a stream open for seconds
/// then), or when the stream ends, however it does.
struct Watched {
    seen: Seen,
    lease: Lease,
    work: Arc<Work>,
    naming: Arc<Naming>,
    begun: Instant,
    is_given: bool,
}

impl Conversation for Watched {
    /// With any other status Envoy may refuse the request of its client.
    const TROUBLE: grpc::Status = grpc::OK;

    fn hear(&mut self, message: &[u8]) -> Heard {
        let lease = &mut self.lease;
        let said = self.seen.hear(message, &mut |bytes| lease.grow(bytes));
        if self.seen.is_answered() {
            self.give();
        }
        match said {
            Ok(Said::Watch) => Heard::Noted,
            // The answer has the number of what was shown, less one, and is empty: CONTINUE.
            Ok(Said::Ask(part)) => Heard::Answer(vec![(part as u8 - 1) << 3 | 2, 0]),
            Ok(Said::Nothing) | Err(Malformed) => Heard::Enough(Refusal::Unreadable),
            Ok(Said::SendBack) => Heard::Enough(Refusal::BodyMode),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.give();
    }
}

impl Watched {
    /// Hands over what was seen, once.
    fn give(&mut self) {
        if std::mem::replace(&mut self.is_given, true) {
            return;
        }
        let seen = std::mem::take(&mut self.seen);
        if let Some(why) = seen.lack {
            self.work.counts.refuse(why);
        }
        let duration = self.begun.elapsed().as_secs_f64() * 1e3;
        self.work.give_read(seen.exchange(&self.naming, duration));
    }
}

/// What is shown: the fields of `ProcessingRequest` (`external_processor.proto`).
#[derive(Clone, Copy, PartialEq)]
enum Part {
    RequestHeaders = 2,
    ResponseHeaders = 3,
    RequestBody = 4,
    ResponseBody = 5,
    RequestTrailers = 6,
    ResponseTrailers = 7,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::RequestHeaders,
        Self::ResponseHeaders,
        Self::RequestBody,
        Self::ResponseBody,
        Self::RequestTrailers,
        Self::ResponseTrailers,
    ];
}

/// What a message wants.
enum Said {
    /// Something is shown, and no answer awaited.
    Watch,
    /// Something is shown, and an answer awaited.
    Ask(Part),
    /// Bodies would have to be sent back.
    SendBack,
    /// Nothing that we know is shown.
    Nothing,
}

/// One direction of an exchange, as far as it was shown.
#[derive(Default)]
struct Side {
    headers: Option<Headers>,
    body: BytesMut,
    /// Bytes of the body that were shown.
    total: u64,
    is_whole: bool,
    is_cut: bool,
    trailers: Headers,
}

/// An exchange, as far as it was shown.
#[derive(Default)]
struct Seen {
    time: Option<Timestamp>,
    most: usize,
    request: Side,
    response: Side,
    source: Option<(IpAddr, Option<u16>)>,
    /// What there is to count when not all was kept.
    lack: Option<Refusal>,
}

impl Seen {
    fn new(time: Timestamp, most: usize) -> Self {
        Self { time: Some(time), most, ..Self::default() }
    }

    /// `ProcessingRequest`.
    fn hear(
        &mut self,
        message: &[u8],
        room: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Said, Malformed> {
        let (mut part, mut only_watches, mut sends_back) = (None, false, false);
        for field in Fields::of(message) {
            match field? {
                (number @ 2..=7, Value::Bytes(shown)) => {
                    part = Part::ALL.into_iter().find(|part| *part as u32 == number);
                    if let Some(part) = part {
                        self.take(part, shown, room)?;
                    }
                }
                (9, Value::Bytes(pair)) => self.take_attributes(pair),
                (10, value) => only_watches = value.is_true(),
                // `ProtocolConfiguration`: FULL_DUPLEX_STREAMED = 4, GRPC = 5.
                (11, Value::Bytes(modes)) => {
                    let mode = |field| Fields::of(modes).last(field).map_or(0, Value::number);
                    sends_back = mode(1) > 3 || mode(2) > 3;
                }
                _ => {}
            }
        }
        Ok(match part {
            None => Said::Nothing,
            Some(_) if only_watches => Said::Watch,
            Some(_) if sends_back => Said::SendBack,
            Some(part) => Said::Ask(part),
        })
    }

    /// Whether the answer is there to its end.
    const fn is_answered(&self) -> bool {
        self.response.headers.is_some() && self.response.is_whole
    }

    fn take(
        &mut self,
        part: Part,
        shown: &[u8],
        room: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Malformed> {
        use Part::{RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders};
        let is_request = matches!(part, RequestHeaders | RequestBody | RequestTrailers);
        let side = if is_request { &mut self.request } else { &mut self.response };
        match part {
            // `HttpHeaders`: headers = 1, end_of_stream = 3.
            RequestHeaders | ResponseHeaders => {
                let fields = Fields::of(shown);
                side.headers = Some(headers(fields.last(1).map_or(&[][..], Value::bytes))?);
                side.is_whole = fields.last(3).is_some_and(Value::is_true);
            }
            // `HttpBody`: body = 1, end_of_stream = 2.
            RequestBody | ResponseBody => {
                let mut fields = (&[][..], false);
                for field in Fields::of(shown) {
                    match field? {
                        (1, value) => fields.0 = value.bytes(),
                        (2, value) => fields.1 = value.is_true(),
                        _ => {}
                    }
                }
                let lack = side.append(fields.0, self.most, room);
                side.is_whole = fields.1;
                self.lack = self.lack.or(lack);
            }
            // `HttpTrailers`: trailers = 1. They come behind the body, if that is shown at all.
            _ => {
                let trailers = Fields::of(shown).last(1).map_or(&[][..], Value::bytes);
                side.trailers = headers(trailers)?;
                side.is_whole = side.total > 0;
            }
        }
        Ok(())
    }

    /// An entry of `attributes`: a `Struct` with `fields` = 1, a map to `Value`, of which texts are 3.
    fn take_attributes(&mut self, pair: &[u8]) {
        let values = entry(pair).1.map_or(&[][..], Value::bytes);
        for (number, value) in Fields::of(values).map_while(Result::ok) {
            if let (1, "source.address", Some(value)) =
                (number, &*entry(value.bytes()).0, entry(value.bytes()).1)
            {
                let address = Fields::of(value.bytes()).last(3).map(Value::text);
                self.source = address.and_then(|address| with_port(&address)).or(self.source);
            }
        }
    }

    fn exchange(mut self, naming: &Naming, duration_ms: f64) -> Result<Box<Exchange>, SkipReason> {
        let mut headers = self.request.headers.take().ok_or(SkipReason::MissingRequest)?;
        let method = pseudo(&mut headers, ":method").ok_or(SkipReason::MissingMethod)?;
        let target = pseudo(&mut headers, ":path").ok_or(SkipReason::MissingUrl)?;
        let scheme = pseudo(&mut headers, ":scheme").unwrap_or_default().to_ascii_lowercase();
        let scheme = if matches!(&*scheme, "http" | "https") { scheme } else { String::new() };
        let authority = pseudo(&mut headers, ":authority").unwrap_or_default();
        let line = from_parts(&method, &target)?;
        let authority = without_default_port(&scheme, authority.trim().to_ascii_lowercase());
        let named = self.source.or_else(|| naming.client(&headers).map(|ip| (ip, None)));
        let request = Request {
            method: line.method,
            scheme,
            authority,
            target: line.target,
            header_state: HeaderState::Complete,
            body_state: self.request.state(),
            body: self.request.body.freeze(),
            trailers: self.request.trailers,
            ..Request::default()
        };
        let response = self.response.headers.is_some().then(|| self.response.response()).flatten();
        Ok(Box::new(Exchange {
            time: self.time,
            client: Client {
                ip: named.map(|(ip, _)| ip),
                port: named.and_then(|(_, port)| port),
                ..Client::default()
            },
            flow: Some(Flow::Inbound),
            protocol: protocol(&headers),
            request_id: request_id(headers.get("x-request-id")),
            duration_ms: response.is_some().then_some(duration_ms),
            request: Request { headers, ..request },
            trailers: response.as_ref().map(|(_, trailers)| trailers.clone()).unwrap_or_default(),
            response: response.map(|(response, _)| response),
            ..Exchange::default()
        }))
    }
}

impl Side {
    fn append(
        &mut self,
        piece: &[u8],
        most: usize,
        room: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Refusal> {
        self.total += piece.len() as u64;
        if self.is_cut {
            return None;
        }
        let kept = &piece[..piece.len().min(most - self.body.len())];
        let has_room = room(kept.len());
        self.is_cut = !has_room || kept.len() < piece.len();
        if has_room {
            self.body.extend_from_slice(kept);
        }
        let why = if has_room { Refusal::BodyBytes } else { Refusal::HeldBytes };
        self.is_cut.then_some(why)
    }

    const fn state(&self) -> BodyState {
        match (self.is_cut, self.is_whole, self.total) {
            (false, true, _) => BodyState::Complete,
            (_, _, 0) => BodyState::NotCaptured,
            _ => BodyState::Truncated,
        }
    }

    /// The answer and its trailers; `None` when its status is none.
    fn response(self) -> Option<(Response, Headers)> {
        let body_state = self.state();
        let mut headers = self.headers?;
        let status = pseudo(&mut headers, ":status")?
            .parse::<u16>()
            .ok()
            .filter(|status| *status < 1_000)?;
        let response = Response {
            status,
            headers,
            headers_captured: true,
            body: self.body.freeze(),
            body_state,
            body_bytes: self.is_whole.then_some(self.total),
        };
        Some((response, self.trailers))
    }
}

/// Reads one message as if it were all of a stream.
pub(super) fn read_alone(message: &[u8]) -> Result<Box<Exchange>, SkipReason> {
    let mut seen = Seen::new(Timestamp::from_micros(0), 1_000);
    if seen.hear(message, &mut |bytes| bytes < 500).is_err() {
        return Err(SkipReason::MissingRequest);
    }
    let naming = Naming { field: NamedIn::XForwardedFor, trusted: Vec::new() };
    seen.exchange(&naming, 0.0)
}

/// Takes a pseudo field out (RFC 9113 §8.3).
fn pseudo(headers: &mut Headers, name: &str) -> Option<String> {
    let value = headers.get(name).map(str::to_owned);
    headers.remove(name);
    value
}

/// `HeaderMap` of `envoy/config/core/v3/base.proto`: headers = 1, each with key = 1, value = 2, raw_value = 3.
fn headers(message: &[u8]) -> Result<Headers, Malformed> {
    let mut out = Headers::new();
    for field in Fields::of(message) {
        let (1, Value::Bytes(pair)) = field? else { continue };
        let fields = Fields::of(pair);
        let name = fields.last(1).map(Value::text).unwrap_or_default();
        let value = fields.last(3).filter(|raw| !raw.bytes().is_empty()).or(fields.last(2));
        if out.len() < MAX_FIELDS && !name.is_empty() {
            out.push(name, text(value.map_or(&[][..], Value::bytes)));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
