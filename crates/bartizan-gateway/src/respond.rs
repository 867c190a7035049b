//! From the answer of an upstream to the answer to the client.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, response};
use http_body::Body as _;

use crate::{
    body::{
        answer::Guard,
        gather::{BrokenOff, Gathered, Rules, gather},
        prefix::Prefix,
    },
    budget::{Budget, Lease},
    call::{Call, Captured, Outcome, Withheld, flatten},
    config::OverLimit,
    forward::fields,
    messages::{Halt, Spoken},
    phases::{BodyView, Streamed},
    record::Record,
    serve::{Stopped, service, stop, watched},
    upstream::{UpstreamBody, exchange::Sent},
};

/// What the client is answered with.
pub(crate) enum Answered {
    Whole {
        parts: response::Parts,
        bytes: Bytes,
        trailers: Option<HeaderMap>,
        lease: Option<Lease>,
    },
    Stream {
        parts: response::Parts,
        prefix: Prefix,
        rest: UpstreamBody,
        why: Streamed,
        guard: Guard,
    },
    Upgraded(response::Parts),
}

/// Turns what the upstream answered into what the client is answered.
pub(crate) async fn respond(record: &mut Record, sent: Sent) -> Result<Answered, Stopped> {
    let shared = Arc::clone(record.shared());
    let snapshot = Arc::clone(&record.call().snapshot);
    let (mut parts, incoming) = sent.response.into_parts();
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(stop(
            StatusCode::BAD_GATEWAY,
            "upgrade-unasked",
            "the service left HTTP unasked",
        ));
    }
    // The library bounds what it holds of a head, not the head.
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    if parts.headers.iter().map(field).sum::<usize>() > snapshot.limits.response_head_bytes {
        let title = "the head of the answer is larger than is taken";
        return Err(stop(StatusCode::BAD_GATEWAY, "response-head-too-large", title));
    }
    let mut body = UpstreamBody::new(incoming, sent.carrier, sent.upstream, sent.busy);
    let call = record.call_mut();
    call.status = Some(parts.status);
    call.response_fields = flatten(&parts.headers);
    let step = snapshot.policies.response_filter(call, &parts);
    if let Some(reply) = step.decide().await {
        withhold(record.call_mut(), parts.status, Captured::default());
        return Err(reply);
    }
    let call = record.call();
    let mut lease = Lease::new(&shared.budget, call.place);
    let held = hold_response(record, &parts.headers, &mut body, &mut lease).await?;
    let view = match &held {
        HeldAnswer::Whole { bytes, .. } => BodyView::Whole(bytes),
        HeldAnswer::Stream { why, .. } => BodyView::Streamed(*why),
    };
    let step = snapshot.policies.response_body(record.call_mut(), &parts, view);
    let decision = step.decide().await;
    let call = record.call_mut();
    if let Some(reply) = decision {
        let body = match held {
            HeldAnswer::Whole { bytes, .. } => Captured::whole(bytes),
            HeldAnswer::Stream { .. } => Captured::default(),
        };
        withhold(call, parts.status, body);
        return Err(reply);
    }
    let guard = match &held {
        HeldAnswer::Whole { .. } => Guard::default(),
        HeldAnswer::Stream { .. } => guard(&shared.budget, call, &parts),
    };
    if guard.halt.is_some() || parts.headers.contains_key(header::TRANSFER_ENCODING) {
        // What may end early has no length, and a coding goes before one (RFC 9112 §6.3), which the client must not be told then.
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    fields::to_client(&mut parts.headers, call);
    // The library writes the version that the client speaks.
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    match held {
        HeldAnswer::Whole { bytes, mut trailers } => {
            call.response_body = Captured::whole(bytes.clone());
            call.response_body.trailers.clone_from(&trailers);
            let bytes = call.replaced.take().unwrap_or(bytes);
            if call.method != Method::HEAD && parts.headers.contains_key(header::CONTENT_LENGTH) {
                parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            }
            if trailers.as_mut().is_some_and(fields::trailers_to_client) {
                shared.metrics.trailers_removed.inc();
            }
            call.outcome = Outcome::Answered;
            call.begin_answer();
            if trailers.is_some() {
                parts.headers.remove(header::CONTENT_LENGTH);
            }
            Ok(Answered::Whole { parts, bytes, trailers, lease: Some(lease) })
        }
        HeldAnswer::Stream { bytes, why } => {
            let prefix = Prefix::new(bytes, lease);
            Ok(Answered::Stream { parts, prefix, rest: body, why, guard })
        }
    }
}

/// What may end an answer that is passed on as it comes.
fn guard(budget: &Arc<Budget>, call: &mut Call, parts: &response::Parts) -> Guard {
    let watched = watched(budget, call, Some(parts));
    let halt = call.extension::<Arc<Halt>>().cloned();
    let spoken = parts.headers.get(header::CONTENT_TYPE).and_then(Spoken::of_field);
    Guard { watched, halt, spoken }
}

/// Keeps an answer that the client is not given.
fn withhold(call: &mut Call, status: StatusCode, body: Captured) {
    let fields = std::mem::take(&mut call.response_fields);
    call.withheld = Some(Box::new(Withheld { status, fields, body }));
}

/// A response body, before anything of it goes on.
enum HeldAnswer {
    Whole { bytes: Bytes, trailers: Option<HeaderMap> },
    Stream { bytes: Bytes, why: Streamed },
}

async fn hold_response(
    record: &Record,
    headers: &HeaderMap,
    body: &mut UpstreamBody,
    lease: &mut Lease,
) -> Result<HeldAnswer, Stopped> {
    let call = record.call();
    if is_endless(headers) && !body.is_end_stream() && body.size_hint().exact().is_none() {
        return Ok(HeldAnswer::Stream { bytes: Bytes::new(), why: Streamed::Endless });
    }
    let rules = Rules {
        limit: call.snapshot.limits.response_body_bytes,
        time: call.snapshot.deadlines.response_body,
        late: Streamed::TooSlow,
    };
    let (bytes, why) = match gather(body, rules, lease).await {
        Ok(Gathered::Whole { bytes, trailers }) => {
            return Ok(HeldAnswer::Whole { bytes, trailers });
        }
        Ok(Gathered::Partial { bytes, why }) => (bytes, why),
        // The request was executed: the client is not told that it was not.
        Ok(Gathered::NoRoom { bytes, .. }) => (bytes, Streamed::NoRoom),
        Err(BrokenOff) => {
            return Err(stop(StatusCode::BAD_GATEWAY, "upstream-broken", "the service broke off"));
        }
    };
    if service(call).response_over == OverLimit::Stream {
        return Ok(HeldAnswer::Stream { bytes, why });
    }
    let (code, title) = match why {
        Streamed::TooSlow => ("response-too-slow", "the answer did not end in time"),
        Streamed::NoRoom => ("response-no-room", "there is no room to look at the answer"),
        _ => ("response-too-large", "the answer is larger than this service may give"),
    };
    Err(stop(StatusCode::BAD_GATEWAY, code, title))
}

/// Whether a response is of a kind that is written piece by piece for a long time.
fn is_endless(headers: &HeaderMap) -> bool {
    const KINDS: [&[u8]; 5] = [
        b"text/event-stream",
        b"application/grpc",
        b"multipart/x-mixed-replace",
        b"application/x-ndjson",
        b"application/stream+json",
    ];
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let value = value.as_bytes();
        KINDS
            .iter()
            .any(|kind| value.len() >= kind.len() && value[..kind.len()].eq_ignore_ascii_case(kind))
    })
}
