//! The kinds of policies that know a protocol, asked about what is said in it: requests with their bodies, messages of
//! WebSockets, answers.

use http::{HeaderValue, header, response};

use super::{
    nanos_now,
    pass::Stage,
    reading::Checked,
    readings::Readings,
    record::{Decisions, Outcome, Policy, Refusal},
    shown,
    websocket::MessagePace,
};
use crate::{call::Call, phases::BodyView, websocket::Message};

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn whole(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let set = &stage.set;
    let refusal = shown::request(stage, call, body, readings)
        .or_else(|| ask(stage, call, &set.graphql, |r, call| r.check(call, body, readings)))
        .or_else(|| ask(stage, call, &set.json_rpc, |r, call| r.check(call, body, readings)))
        .or_else(|| ask(stage, call, &set.xml_rpc, |r, call| r.check(call, body, readings)))
        .or_else(|| ask(stage, call, &set.soap, |r, call| r.check(call, body, readings)))
        .or_else(|| ask(stage, call, &set.grpc, |rule, call| rule.check(call, body)))
        .or_else(|| ask(stage, call, &set.uploads, |r, call| r.check(call, body, readings)));
    let masks = |policy: &&Policy<super::graphql::Graphql>| {
        policy.is_enforced() && policy.rule.masks() && stage.is_in(&policy.scope)
    };
    if refusal.is_none() && set.graphql.iter().any(|policy| masks(&policy)) {
        // What is compressed cannot be masked.
        let identity = HeaderValue::from_static("identity");
        call.to_upstream().set(header::ACCEPT_ENCODING, identity);
    }
    refusal
}

/// Asks about a message of a WebSocket, from whichever side.
pub(super) fn message(
    stage: &Stage,
    call: &mut Call,
    pace: &MessagePace,
    message: &Message,
) -> Option<Refusal> {
    let now = nanos_now();
    for policy in stage.set.sockets.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.check(message, pace, &policy.name, now);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    if !message.from_client {
        return None;
    }
    let set = &stage.set;
    shown::message(stage, call, message)
        .or_else(|| ask(stage, call, &set.graphql, |rule, _| rule.check_message(message)))
        .or_else(|| ask(stage, call, &set.json_rpc, |rule, _| rule.check_message(message)))
}

/// Asks about an answer whose body is there, or of which it is known that it is passed on as it comes; what it shows is
/// remembered, and what is not to be told is taken out of it.
pub(super) fn answer(
    stage: &Stage,
    call: &mut Call,
    response: &response::Parts,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let hiding = stage.set.soap.iter().filter(|policy| policy.rule.hides_details());
    for policy in hiding.filter(|policy| stage.is_in(&policy.scope)) {
        let refusal = policy.settle(policy.rule.check_answer(response, body, readings), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let answers = stage.set.grpc.iter().filter(|policy| policy.rule.looks_at_answers());
    for policy in answers.filter(|policy| stage.is_in(&policy.scope)) {
        let Some(checked) = policy.rule.check_answer(call, response, body) else { continue };
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    shown::answered(stage, call, response, body, readings);
    mask(stage, call, response, body, readings);
    None
}

/// Takes out of an answer what is not to be told.
fn mask(
    stage: &Stage,
    call: &mut Call,
    response: &response::Parts,
    body: BodyView<'_>,
    readings: &mut Readings,
) {
    let masking = stage.set.graphql.iter().filter(|policy| policy.rule.masks());
    for policy in masking.filter(|policy| stage.is_in(&policy.scope)) {
        let replaced = call.replaced.clone();
        let body = replaced.as_ref().map_or(body, BodyView::Whole);
        let missing = match policy.rule.mask(&response.headers, body, readings) {
            Ok(None) => continue,
            Ok(Some(masked)) if policy.is_enforced() => {
                if call.replace_response_body(masked) {
                    policy.count(Outcome::Acted);
                    continue;
                }
                "answer-signed"
            }
            Ok(Some(_)) => {
                policy.count(Outcome::WouldAct);
                continue;
            }
            Err(reason) => reason,
        };
        let decisions = call.extensions().get_or_insert_default::<Decisions>();
        policy.not_evaluated(missing, decisions);
    }
}

fn ask<R>(
    stage: &Stage,
    call: &mut Call,
    policies: &[Policy<R>],
    mut check: impl FnMut(&R, &Call) -> Checked,
) -> Option<Refusal> {
    for policy in policies.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let checked = check(&policy.rule, call);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

/// What is kept of a connection from message to message.
pub(super) fn pace_of(call: &Call) -> MessagePace {
    call.extension::<MessagePace>().cloned().unwrap_or_default()
}
