//! What somebody may, as far as bodies, messages and answers tell: calls that are authorised one by one, ownership
//! of objects, properties. Each message is read once for all of these policies in scope. Nothing here waits.

use bartizan_model::{BodyState, Exchange, Message as Said, Side};
use bartizan_protocols::{Format, Places};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header, response};

use super::{
    authorization::Authorization,
    leak,
    ownership::{About, Ownership},
    pass::Stage,
    properties::{Properties, Shown},
    reading::{self, NOT_READABLE},
    readings::{RIGHTS, Reading, Readings, SUCCESS, decode_all},
    record::{Decisions, Policy, Refusal},
    set::PolicySet,
    time::Time,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn request(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let set = &*stage.set;
    let calls = in_scope(stage, &set.authorizations, Authorization::is_about_calls);
    let owners = in_scope(stage, &set.owners, Ownership::asks_of_requests);
    let properties = in_scope(stage, &set.properties, |_| true);
    if calls.is_empty() && owners.is_empty() && properties.is_empty() {
        return None;
    }
    let reading = &*readings.all();
    let (decoded, beyond) = (reading.decoded(), reading.gap(RIGHTS));
    let (held, gap) = match body {
        BodyView::Whole(_) => (Some(decoded), beyond.or_else(|| reading::gap(decoded))),
        BodyView::Streamed(_) => (None, Some(reading::NOT_HELD)),
    };
    let (who, time) = (Decisions::who(call), Time::of_message());
    for policy in calls.into_iter().filter(|policy| policy.rule.is_called(held)) {
        let refusal = policy.settle(policy.rule.check(&who).map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    // What is in the head is there in any case.
    let about = About::new(&who, Some(decoded), gap, &time).at(stage.paths());
    for policy in owners {
        let refusal = policy.settle(policy.rule.check_request(&about, false), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    properties.into_iter().find_map(|policy| {
        policy.settle(policy.rule.check_request(&who, held, beyond, &time), call)
    })
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
    let (decoded, _) = decode_all(&exchange, RIGHTS, set.seed);
    let is_called = |rule: &Authorization| rule.is_called_by_message(&exchange, &decoded);
    let (who, time) = (Decisions::who(call), Time::of_message());
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
        .find_map(|policy| policy.settle(policy.rule.check_request(&who, held, None, &time), call))
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
    readings: &mut Readings,
) -> Option<Refusal> {
    let set = &*stage.set;
    let is_success = response.status.as_u16() < SUCCESS;
    let owners = in_scope(stage, &set.owners, |rule| is_success && rule.asks_of_answers());
    let properties = in_scope(stage, &set.properties, Properties::asks_of_answers);
    if owners.is_empty() && properties.is_empty() {
        return None;
    }
    let reading = match body {
        BodyView::Whole(_) => Some(&*readings.all()),
        BodyView::Streamed(_) => None,
    };
    let (who, time) = (Decisions::who(call), Time::of_message());
    // A part of a document says nothing about where its members begin.
    let part = (response.status == StatusCode::PARTIAL_CONTENT).then_some(NOT_READABLE);
    let missing = part.or_else(|| reading.and_then(document_gap));
    let about = About::new(&who, reading.map(Reading::decoded), missing, &time);
    for policy in owners {
        let refusal = policy.settle(policy.rule.check_answer(&about), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    for policy in properties {
        // Each goes on with what the one before it left.
        let left = call.replaced.as_ref().map(|bytes| rewritten(bytes, response.status, set.seed));
        let reading = left.as_ref().or(reading);
        let missing = part.or_else(|| reading.and_then(gap));
        let shown = policy.rule.show(&who, reading.map(Reading::decoded), missing);
        if let Some(refusal) = show(policy, shown, call, response) {
            return Some(refusal);
        }
    }
    None
}

/// Reads an answer that was written anew.
fn rewritten(bytes: &Bytes, status: StatusCode, seed: u64) -> Reading {
    let json = HeaderValue::from_static("application/json");
    let fields = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    Reading::all(leak::answer(status, &fields, bytes), Side::Response, RIGHTS, seed)
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
pub(super) fn in_scope<'s, R>(
    stage: &Stage,
    policies: &'s [Policy<R>],
    asks: impl Fn(&R) -> bool,
) -> Vec<&'s Policy<R>> {
    let asking = policies.iter().filter(|policy| asks(&policy.rule));
    asking.filter(|policy| stage.is_in(&policy.scope)).collect()
}

/// Why not all of an answer was read.
fn gap(reading: &Reading) -> Option<&'static str> {
    let missing = reading.decoded().view.missing(Side::Response, Places::ALL);
    missing.chain(reading.beyond(RIGHTS)).map(leak::reason).min()
}

/// Why not all of an answer was read as a document that has members.
fn document_gap(reading: &Reading) -> Option<&'static str> {
    let is_document = matches!(reading.format(), Format::Json | Format::Xml | Format::Empty);
    gap(reading).or_else(|| (!is_document).then_some(NOT_READABLE))
}
