//! One exchange, from top to bottom: head, policies, body, policies, upstream, answer.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header, request, response,
};
use hyper::body::Incoming;

use crate::{
    body::{
        answer::Answer,
        gather::{BrokenOff, Gathered, Rules, gather},
        outgoing::{Outgoing, Rest},
        prefix::Prefix,
    },
    budget::{Bound, Budget, ClientPlace, Lease},
    call::{Call, Captured, Recording, SharedRecording, flatten},
    config::{OverLimit, UpstreamProtocol},
    forward::{client, fields, ids::Ids},
    head::{Refusal, h2, tap::REFUSED_METHOD},
    listen::{Link, clients},
    messages::{self, Halt, Room, Watched},
    phases::{BodyView, Reply, Streamed},
    policy::Effects,
    problem,
    record::Record,
    respond::{Answered, respond},
    shared::Shared,
    upstream::{
        Group,
        exchange::{Replay, SendError, Sent, Watch, original_head, send},
        mirror,
    },
    websocket::{self, Handshake},
};

/// What ends an exchange early.
pub(crate) type Stopped = Box<Reply>;

/// Answers a request.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let snapshot = shared.snapshot.load_full();
    let call = Call::new(link, snapshot, Ids::new());
    let mut record = Record::new(call, shared);
    let response = match exchange(&mut record, request).await {
        Ok(Answered::Whole { parts, bytes, trailers, lease }) => {
            Response::from_parts(parts, Answer::whole(bytes, trailers, record, lease))
        }
        Ok(Answered::Stream { parts, prefix, rest, why, guard }) => {
            Response::from_parts(parts, Answer::stream(prefix, rest, why, guard, record))
        }
        Ok(Answered::Upgraded(parts)) => {
            Response::from_parts(parts, Answer::whole(Bytes::new(), None, record, None))
        }
        Err(reply) => {
            record.call().link.leave_unread();
            problem::answer(*reply, record)
        }
    };
    Ok(response)
}

async fn exchange(record: &mut Record, request: Request<Incoming>) -> Result<Answered, Stopped> {
    check_head(record, &request)?;
    take_turn(record)?;
    let (parts, body) = request.into_parts();
    let snapshot = Arc::clone(&record.call().snapshot);
    let filter = snapshot.policies.request_filter(record.call_mut(), &parts);
    if let Some(reply) = filter.decide().await {
        return Err(reply);
    }
    if parts.headers.contains_key(header::UPGRADE) {
        choose_peer(record, &parts)?;
        return match websocket::upgrade(record, parts).await? {
            Handshake::Accepted(response) => Ok(Answered::Upgraded(response)),
            Handshake::Declined(sent) => respond(record, sent).await,
        };
    }
    let held = hold_request(record, &parts, body).await?;
    let body = match &held {
        Held::Whole { bytes, .. } => BodyView::Whole(bytes),
        Held::Stream { why, .. } => BodyView::Streamed(*why),
    };
    let step = snapshot.policies.request_body(record.call_mut(), &parts, body);
    if let Some(reply) = step.decide().await {
        return Err(reply);
    }
    choose_peer(record, &parts)?;
    let sent = forward(record, parts, held).await?;
    respond(record, sent).await
}

/// What is known from the head alone: its form, who asks, and for which service.
fn check_head(record: &mut Record, request: &Request<Incoming>) -> Result<(), Stopped> {
    let shared = Arc::clone(record.shared());
    let call = record.call_mut();
    if let Some(refusal) = call.link.refusal()
        && request.method().as_str() == REFUSED_METHOD
    {
        return Err(refuse(&shared, refusal));
    }
    // The log and the answer know what is refused, whatever it is refused for.
    call.method = request.method().clone();
    call.uri = request.uri().clone();
    call.version = request.version();
    call.authority = authority(request);
    match clients::certificate(&call.link.peer, &call.snapshot) {
        Ok(None) => {}
        Ok(Some(certificate)) => {
            call.extensions().insert(certificate);
        }
        Err(reason) => {
            shared.metrics.certificate_refused(reason);
            // Another connection may come with another certificate.
            call.link.drain();
            return Err(invalid_certificate());
        }
    }
    call.request_fields = flatten(request.headers());
    call.is_read = true;
    call.holds_tap =
        request.version() != Version::HTTP_2 && request.headers().contains_key(header::UPGRADE);
    if request.version() == Version::HTTP_2
        && let Err(refusal) = h2::check(request, &call.snapshot.limits.head)
    {
        return Err(refuse(&shared, refusal));
    }
    if !call.snapshot.methods.serve(request.method()) {
        return Err(refuse(&shared, Refusal::UnknownMethod));
    }
    place(call, request)
}

/// The host that a request is for, as it names it.
fn authority<B>(request: &Request<B>) -> Option<HeaderValue> {
    match request.uri().authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => request.headers().get(header::HOST).cloned(),
    }
}

/// There is no scheme to ask for certificates, and every 401 has to ask for something (RFC 9110 §15.5.2).
fn invalid_certificate() -> Stopped {
    let title = "the certificate of this connection is not valid";
    let reply = Reply::problem(StatusCode::UNAUTHORIZED, "invalid-certificate", title);
    let asks = HeaderValue::from_static("Certificate realm=\"api\"");
    Box::new(reply.with(header::WWW_AUTHENTICATE, asks))
}

/// Finds out who asks, and for which service.
pub(crate) fn place<B>(call: &mut Call, request: &Request<B>) -> Result<(), Stopped> {
    call.authority = authority(request);
    if call.is_trusted {
        let peer = call.link.peer.address.ip();
        let trusted = &call.snapshot.trusted;
        let field = call.snapshot.client_field;
        let (ip, is_secure) = client::believed(peer, request.headers(), trusted, field);
        if ip != call.client {
            call.client = ip;
            call.place = ClientPlace::of(ip);
        }
        if let Some(is_secure) = is_secure {
            call.scheme = if is_secure { "https" } else { "http" };
        }
        // A replay is another request than the one that the id is of.
        if call.link.peer.replay.is_none()
            && let Some(id) = request.headers().get("x-request-id")
        {
            call.ids.adopt(id);
        }
    }
    call.service = call.snapshot.route(call.authority(), request);
    if call.service.is_none() {
        return Err(stop(StatusCode::NOT_FOUND, "no-service", "no service is configured for this"));
    }
    if call.link.peer.replay.as_ref().is_some_and(|replay| !replay.is_for(call.service())) {
        let title = "what is replayed was for another service";
        return Err(stop(StatusCode::CONFLICT, "service-changed", title));
    }
    Ok(())
}

/// Counts the exchange as one of those under way, unless there are too many.
fn take_turn(record: &mut Record) -> Result<(), Stopped> {
    let shared = Arc::clone(record.shared());
    let call = record.call_mut();
    let mut turn = Lease::new(&shared.exchanges, call.place);
    turn.grow(1).map_err(|bound| full(&shared, bound))?;
    call.turn = Some(turn);
    Ok(())
}

/// Refuses what was not executed, for it to come again.
pub(crate) fn full(shared: &Shared, bound: Bound) -> Stopped {
    shared.metrics.bound(bound);
    Box::new(bound.reply())
}

fn refuse(shared: &Shared, refusal: Refusal) -> Stopped {
    shared.metrics.refusal(refusal);
    Box::new(problem::refused(refusal))
}

pub(crate) fn stop(status: StatusCode, code: &'static str, title: &str) -> Stopped {
    Box::new(Reply::problem(status, code, title))
}

/// A request body, before anything of it goes on.
enum Held {
    Whole { bytes: Bytes, trailers: Option<HeaderMap> },
    Stream { prefix: Bytes, rest: Incoming, why: Streamed, lease: Lease },
}

async fn hold_request(
    record: &mut Record,
    parts: &request::Parts,
    mut body: Incoming,
) -> Result<Held, Stopped> {
    let shared = Arc::clone(record.shared());
    let call = record.call_mut();
    let limits = &call.snapshot.limits;
    let deadlines = &call.snapshot.deadlines;
    // Only a type that gRPC knows, sent as gRPC is: anybody can write a field.
    let media_type = parts.headers.get(header::CONTENT_TYPE);
    let is_grpc = service(call).protocol == UpstreamProtocol::Http2
        && messages::is_grpc(parts.version, &parts.method, media_type);
    let rules = if is_grpc {
        let time = deadlines.grpc_gather;
        Rules { limit: limits.request_body_bytes, time, late: Streamed::Endless }
    } else {
        let time = deadlines.request_body;
        Rules { limit: limits.request_body_bytes, time, late: Streamed::TooSlow }
    };
    let mut lease = Lease::new(&shared.budget, call.place);
    match gather(&mut body, rules, &mut lease).await {
        Ok(Gathered::Whole { bytes, trailers }) => {
            if let Some(trailers) = &trailers
                && let Err(refusal) = h2::trailers(trailers, &limits.head)
            {
                return Err(refuse(&shared, refusal));
            }
            call.request_body = Captured::whole(bytes.clone());
            call.request_body.trailers.clone_from(&trailers);
            // The bytes stay until the exchange has ended.
            call.request_lease = Some(lease);
            Ok(Held::Whole { bytes, trailers })
        }
        Ok(Gathered::Partial { why: Streamed::TooSlow, .. }) => Err(stop(
            StatusCode::REQUEST_TIMEOUT,
            "body-timeout",
            "the body did not arrive in time",
        )),
        Ok(Gathered::Partial { bytes, why }) => {
            let over = service(call).request_over;
            if why == Streamed::TooLarge && over == OverLimit::Refuse {
                let title = "the body is larger than this service takes";
                return Err(stop(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", title));
            }
            Ok(Held::Stream { prefix: bytes, rest: body, why, lease })
        }
        Ok(Gathered::NoRoom { bound, .. }) => Err(full(&shared, bound)),
        Err(BrokenOff) => match call.link.refusal() {
            Some(refusal) => Err(refuse(&shared, refusal)),
            None => Err(stop(StatusCode::BAD_REQUEST, "body-broken-off", "the body broke off")),
        },
    }
}

pub(crate) fn service(call: &Call) -> &crate::snapshot::CompiledService {
    // Chosen by `check_head` before anything asks.
    &call.snapshot.services[call.service.unwrap_or(0)]
}

/// Lets policies choose another service than the configuration did.
fn choose_peer(record: &mut Record, parts: &request::Parts) -> Result<(), Stopped> {
    let call = record.call_mut();
    let policies = Arc::clone(&call.snapshot.policies);
    if let Some(name) = policies.upstream_peer(call, parts) {
        call.service = Some(call.snapshot.service_named(name).ok_or_else(|| {
            stop(StatusCode::BAD_GATEWAY, "unknown-service", "a policy chose an unknown service")
        })?);
    }
    Ok(())
}

/// Sends the request and waits for the head of the answer.
async fn forward(record: &mut Record, parts: request::Parts, held: Held) -> Result<Sent, Stopped> {
    let shared = Arc::clone(record.shared());
    let snapshot = Arc::clone(&record.call().snapshot);
    // From here on, if whoever asks goes away: nobody knows then.
    record.call_mut().may_have_acted = true;
    let (body, replayed, recording) = outgoing(&shared.budget, record.call_mut(), &parts, held);
    let call = record.call();
    let service = service(call);
    let make = |mut parts: request::Parts, body: Outgoing| {
        fields::to_upstream(&mut parts, call, service.protocol);
        fields::write_length_anew(&mut parts.headers);
        if body.has_trailers() {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        if service.mirror.is_some() {
            parts.headers.remove(mirror::MARK);
        }
        Request::from_parts(parts, body)
    };
    let again = |whole: Outgoing| make(original_head(call), whole);
    let again = || again(replayed.as_ref().map_or_else(Outgoing::empty, Whole::outgoing));
    let has_reached = AtomicBool::new(false);
    let watch = Watch { time: snapshot.deadlines.response_head, recording, has_reached };
    // As it goes on: policies may have changed fields.
    let (head, body) = make(parts, body).into_parts();
    let held = replayed.as_ref().map_or(&[][..], |whole| &whole.bytes);
    let effects = Effects::of(&head, held);
    let may_repeat = effects.is_idempotent;
    let replay = replayed.is_some().then_some(Replay { make: &again, may_repeat });
    if let Some(mirror) = service.mirror.as_ref().filter(|mirror| mirror.wants(effects)) {
        match &replayed {
            Some(_) => {
                let lease = Lease::new(&shared.budget, call.place);
                mirror.take(&head, held.len(), lease, again);
            }
            None => mirror.leave(),
        }
    }
    let request = Request::from_parts(head, body);
    let errand = service.errand(call);
    let group = errand.group;
    let sent = send(errand, request, replay, &watch, &shared.metrics).await;
    match sent {
        Ok(sent) => {
            record.call_mut().upstream = Some(Arc::clone(&sent.upstream.name));
            Ok(sent)
        }
        Err(SendError::Open) => {
            let stopped = left_alone(group);
            record.call_mut().may_have_acted = false;
            Err(stopped)
        }
        Err(error) => {
            record.call_mut().may_have_acted = watch.has_reached.load(Relaxed);
            Err(not_sent(record, error))
        }
    }
}

/// What the client is told when the breakers of all upstreams are open.
pub(crate) fn left_alone(group: &Group) -> Stopped {
    let title = "the service is in trouble and gets no requests for a while; try again later";
    let reply = Reply::problem(StatusCode::SERVICE_UNAVAILABLE, "upstream-left-alone", title);
    Box::new(reply.with(header::RETRY_AFTER, group.retry_after().into()))
}

/// What the client is told when no answer came.
fn not_sent(record: &Record, error: SendError) -> Stopped {
    let (shared, call) = (record.shared(), record.call());
    // What was taken back is answered as it was decided.
    if let Some(reply) = halted(call) {
        return reply;
    }
    match error {
        SendError::Full => full(shared, Bound::UpstreamConnections),
        SendError::Connect | SendError::Ours | SendError::Open => {
            stop(StatusCode::BAD_GATEWAY, "upstream-unreachable", "the service is unreachable")
        }
        // A streamed body that is malformed further on breaks the request.
        SendError::Broken => match (call.refused_trailers(), call.link.refusal()) {
            // Counted with the exchange.
            (Some(refusal), _) => Box::new(problem::refused(refusal)),
            (None, Some(refusal)) => refuse(shared, refusal),
            (None, None) => {
                stop(StatusCode::BAD_GATEWAY, "upstream-broken", "the service broke off")
            }
        },
        SendError::Late => {
            let title = "the service did not answer in time";
            stop(StatusCode::GATEWAY_TIMEOUT, "upstream-timeout", title)
        }
    }
}

/// A body that can be sent again.
struct Whole {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
}

impl Whole {
    fn outgoing(&self) -> Outgoing {
        Outgoing::whole(self.bytes.clone(), self.trailers.clone())
    }
}

fn outgoing(
    budget: &Arc<Budget>,
    call: &mut Call,
    parts: &request::Parts,
    held: Held,
) -> (Outgoing, Option<Whole>, Option<SharedRecording>) {
    match held {
        Held::Whole { bytes, trailers } => {
            let whole = Whole { bytes, trailers };
            (whole.outgoing(), Some(whole), None)
        }
        Held::Stream { prefix, rest, why, lease } => {
            let lease_of_recording = Lease::new(budget, call.place);
            let prefix = Prefix::new(prefix, lease);
            let limits = &call.snapshot.limits;
            let recording = Recording::new(limits.captured_bytes, lease_of_recording, why);
            let recording = SharedRecording::new(recording.into());
            call.request_recording = Some(Arc::clone(&recording));
            let length = parts.headers.get(header::CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
            let idle = call.snapshot.deadlines.body_idle;
            let limits = limits.head;
            let recorded = Arc::clone(&recording);
            let watched = watched(budget, call, None);
            let rest = Rest { body: rest, length, limits, recording: recorded, idle, watched };
            let body = Outgoing::stream(prefix, rest);
            (body, None, Some(recording))
        }
    }
}

/// What looks at the messages of a body that is passed on as it comes, when somebody does: of the answer when its head
/// is given, else of the request.
pub(crate) fn watched(
    budget: &Arc<Budget>,
    call: &mut Call,
    response: Option<&response::Parts>,
) -> Option<Box<Watched>> {
    let policies = Arc::clone(&call.snapshot.policies);
    let watching = policies.grpc_messages(call, response)?;
    let halt = Arc::clone(call.extensions().get_or_insert_default::<Arc<Halt>>());
    // An upstream may take its time, as long as it does not pause for too long.
    let time = response.is_none().then_some(call.snapshot.deadlines.request_body);
    let room = Room { budget: Arc::clone(budget), place: call.place, time };
    Some(Box::new(Watched::new(watching, room, halt)))
}

/// Why a call was ended from here.
fn halted(call: &Call) -> Option<Stopped> {
    call.extension::<Arc<Halt>>().and_then(|halt| halt.reply())
}
