//! What somebody may, as far as bodies, messages and answers tell: calls that are authorised one by one, ownership
//! of objects, properties. Each message is read once for all of these policies in scope. Nothing here waits.

use bartizan_model::{BodyState, Exchange, Limits, Message as Said, Side};
use bartizan_protocols::{Decoded, Format, decode_paced};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header, response};

use super::{
    authorization::Authorization,
    detectors::{pace, thread_nanos},
    identity::Identity,
    leak,
    ownership::{About, Ownership},
    pass::Stage,
    properties::{Properties, Shown},
    reading::{self, NOT_READABLE},
    record::{Decisions, Policy, Refusal},
    set::PolicySet,
    time::Time,
};
use crate::{call::Call, handover::request_of, phases::BodyView, websocket::Message};

/// Most bytes of a body that are read, as transferred and without its coding.
const BODY_BYTES: u32 = 1024 * 1024;
/// Longest processor time for reading a message, in nanoseconds.
const READ_NANOS: u64 = 5_000_000;
/// Successful answers have a status below this.
const SUCCESS: u16 = 300;

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn request(stage: &Stage, call: &mut Call, body: BodyView<'_>) -> Option<Refusal> {
    let set = &*stage.set;
    let calls = in_scope(stage, &set.authorizations, Authorization::is_about_calls);
    let owners = in_scope(stage, &set.owners, Ownership::asks_of_requests);
    let properties = in_scope(stage, &set.properties, |_| true);
    if calls.is_empty() && owners.is_empty() && properties.is_empty() {
        return None;
    }
    let mut request = request_of(call);
    if matches!(body, BodyView::Whole(_)) {
        // A handshake has none, which is all of it.
        request.body_state = BodyState::Complete;
    }
    let exchange = Exchange { request, ..Exchange::default() };
    let decoded = read(&exchange, set.seed);
    let (held, gap) = match body {
        BodyView::Whole(_) => (Some(&decoded), reading::gap(&decoded)),
        BodyView::Streamed(_) => (None, Some(reading::NOT_HELD)),
    };
    let (who, time) = (who(call), Time::of_message());
    for policy in calls.into_iter().filter(|policy| policy.rule.is_called(held)) {
        let refusal = policy.settle(policy.rule.check(&who).map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    // What is in the head is there in any case.
    let about = About::new(&who, Some(&decoded), gap, &time).at(stage.paths());
    for policy in owners {
        let refusal = policy.settle(policy.rule.check_request(&about, false), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    properties
        .into_iter()
        .find_map(|policy| policy.settle(policy.rule.check_request(&who, held, &time), call))
}

/// Asks about a message of a WebSocket from its client.
pub(super) fn message(stage: &Stage, call: &mut Call, message: &Message) -> Option<Refusal> {
    let set = &*stage.set;
    let calls = in_scope(stage, &set.authorizations, Authorization::is_about_calls);
    let owners = in_scope(stage, &set.owners, Ownership::asks_of_messages);
    let properties = in_scope(stage, &set.properties, Properties::asks_of_messages);
    if calls.is_empty() && owners.is_empty() && properties.is_empty() {
        return None;
    }
    let data = message.data.clone();
    let said = Said { from_client: true, time: None, data, text: message.is_text };
    let mut exchange = Exchange { messages: vec![said], ..Exchange::default() };
    exchange.request.body_state = BodyState::Complete;
    // What it is a message of.
    exchange.request.headers.push("upgrade", "websocket");
    let decoded = read(&exchange, set.seed);
    let is_called = |rule: &Authorization| rule.is_called_by_message(&exchange, &decoded);
    let (who, time) = (who(call), Time::of_message());
    for policy in calls.into_iter().filter(|policy| is_called(&policy.rule)) {
        let refusal = policy.settle(policy.rule.check(&who).map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let about = About::new(&who, Some(&decoded), reading::gap(&decoded), &time).at(stage.paths());
    for policy in owners {
        let refusal = policy.settle(policy.rule.check_request(&about, true), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let held = Some(&decoded);
    properties
        .into_iter()
        .find_map(|policy| policy.settle(policy.rule.check_request(&who, held, &time), call))
}

/// Whether messages of WebSockets are asked about at all.
pub(super) fn asks_of_messages(set: &PolicySet) -> bool {
    set.authorizations.iter().any(|policy| policy.rule.is_about_calls())
        || set.owners.iter().any(|policy| policy.rule.asks_of_messages())
        || set.properties.iter().any(|policy| policy.rule.asks_of_messages())
}

/// Asks about an answer: whose it is first, then what of it is shown.
pub(super) fn answer(
    stage: &Stage,
    call: &mut Call,
    response: &response::Parts,
    body: BodyView<'_>,
) -> Option<Refusal> {
    let set = &*stage.set;
    let is_success = response.status.as_u16() < SUCCESS;
    let owners = in_scope(stage, &set.owners, |rule| is_success && rule.asks_of_answers());
    let properties = in_scope(stage, &set.properties, Properties::asks_of_answers);
    if owners.is_empty() && properties.is_empty() {
        return None;
    }
    let read = |fields: &HeaderMap, bytes: &Bytes| {
        read(&leak::answer(response.status, fields, bytes), set.seed)
    };
    let mut decoded = match body {
        BodyView::Whole(bytes) => Some(read(&response.headers, bytes)),
        BodyView::Streamed(_) => None,
    };
    let (who, time) = (who(call), Time::of_message());
    // A part of a document says nothing about where its members begin.
    let part = (response.status == StatusCode::PARTIAL_CONTENT).then_some(NOT_READABLE);
    let missing = part.or_else(|| decoded.as_ref().and_then(document_gap));
    let about = About::new(&who, decoded.as_ref(), missing, &time);
    for policy in owners {
        let refusal = policy.settle(policy.rule.check_answer(&about), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    for policy in properties {
        let missing = part.or_else(|| decoded.as_ref().and_then(gap));
        let shown = policy.rule.show(&who, decoded.as_ref(), missing);
        if let Some(refusal) = show(policy, shown, call, response) {
            return Some(refusal);
        }
        // The next one goes on with what this one left.
        if let Some(replaced) = &call.replaced {
            let json = HeaderValue::from_static("application/json");
            decoded = Some(read(&HeaderMap::from_iter([(header::CONTENT_TYPE, json)]), replaced));
        }
    }
    None
}

/// Does with an answer what a policy says, when it is enforced.
fn show(
    policy: &Policy<Properties>,
    shown: Shown,
    call: &mut Call,
    response: &response::Parts,
) -> Option<Refusal> {
    match shown {
        Shown::AsItIs => policy.settle(Ok(None), call),
        Shown::NotRead(reason) => policy.settle(Ok(Some(reason)), call),
        Shown::Refused(refusal) => policy.settle(Err(refusal), call),
        Shown::Changed(_) if !policy.is_enforced() => {
            policy.acts();
            None
        }
        Shown::Changed(bytes) => {
            if !call.replace_response_body(bytes) {
                return match policy.rule.not_read("signed") {
                    Shown::Refused(refusal) => policy.settle(Err(refusal), call),
                    _ => policy.settle(Ok(Some("signed")), call),
                };
            }
            policy.acts();
            if response.headers.get(header::CONTENT_TYPE).is_some_and(names_other_charset) {
                let json = HeaderValue::from_static("application/json");
                call.to_client().set(header::CONTENT_TYPE, json);
            }
            None
        }
    }
}

/// Whether a media type names a charset other than that in which answers are written anew.
fn names_other_charset(media_type: &HeaderValue) -> bool {
    let text = media_type.to_str().unwrap_or_default().to_ascii_lowercase();
    text.split_once("charset=").is_some_and(|(_, name)| !name.trim_matches('"').starts_with("utf"))
}

/// Policies that apply and have something to ask.
fn in_scope<'s, R>(
    stage: &Stage,
    policies: &'s [Policy<R>],
    asks: impl Fn(&R) -> bool,
) -> Vec<&'s Policy<R>> {
    let asking = policies.iter().filter(|policy| asks(&policy.rule));
    asking.filter(|policy| stage.is_in(&policy.scope)).collect()
}

fn who(call: &Call) -> Vec<Identity> {
    call.extension::<Decisions>().map(|decisions| decisions.identities.clone()).unwrap_or_default()
}

fn read(exchange: &Exchange, seed: u64) -> Decoded {
    let limits = Limits { body_bytes: BODY_BYTES, decoded_bytes: BODY_BYTES, ..Limits::default() };
    let mut decoded = Decoded::default();
    let pace = pace(thread_nanos() + READ_NANOS);
    decode_paced(&mut decoded, exchange, &limits, seed, pace);
    decoded
}

/// Why not all of an answer was read.
fn gap(decoded: &Decoded) -> Option<&'static str> {
    let missing = decoded.view.not_inspected().iter().filter(|one| one.side == Side::Response);
    missing.map(|one| leak::reason(one.reason)).min()
}

/// Why not all of an answer was read as a document that has members.
fn document_gap(decoded: &Decoded) -> Option<&'static str> {
    let is_document = matches!(decoded.response_format, Format::Json | Format::Xml | Format::Empty);
    gap(decoded).or_else(|| (!is_document).then_some(NOT_READABLE))
}
