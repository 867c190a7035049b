//! One whole request on its way past the policies, after it is known who asks, cheap ones first: its
//! size, then what it says. Nothing of it has gone to the upstream. Nothing here waits.

use bartizan_analysis::judge::RequestJudgement;
use bartizan_model::{BodyState, Exchange, Message as Said};

use super::{
    detectors::Bounds,
    pass::Stage,
    record::{Decisions, Outcome, Refusal},
};
use crate::{call::Call, handover::request_of, phases::BodyView, websocket::Message};

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn whole(stage: &Stage, call: &mut Call, body: BodyView<'_>) -> Option<Refusal> {
    if let Some(refusal) = sizes(stage, call, body) {
        return Some(refusal);
    }
    // The place of schemas: dearer than a size, and what they refuse no detector needs to read.
    detectors(stage, call, |call| Exchange { request: request_of(call), ..Exchange::default() })
}

/// Asks about a handshake, which has no body.
pub(super) fn handshake(call: &mut Call) -> Option<Refusal> {
    let stage = call.extension::<Stage>()?.clone();
    detectors(&stage, call, without_body)
}

/// Asks about a message of a WebSocket, together with its handshake.
pub(super) fn message(stage: &Stage, call: &mut Call, message: &Message) -> Option<Refusal> {
    detectors(stage, call, |call| {
        let data = message.data.clone();
        let said = Said { from_client: true, time: None, data, text: message.is_text };
        Exchange { messages: vec![said], ..without_body(call) }
    })
}

fn without_body(call: &Call) -> Exchange {
    let mut request = request_of(call);
    request.body_state = BodyState::Complete;
    Exchange { request, ..Exchange::default() }
}

fn sizes(stage: &Stage, call: &mut Call, body: BodyView<'_>) -> Option<Refusal> {
    let sizes = stage.set.sizes.iter().filter(|policy| policy.rule.limits_bodies());
    for policy in sizes.filter(|policy| stage.is_in(&policy.scope)) {
        let decisions = call.extensions().get_or_insert_default::<Decisions>();
        match policy.rule.check_body(body) {
            None => policy.not_evaluated("body-not-held", decisions),
            Some(Ok(())) => {}
            Some(Err(refusal)) => {
                let refusal = policy.refuse(refusal, decisions);
                if refusal.is_some() {
                    return refusal;
                }
            }
        }
    }
    None
}

fn detectors(
    stage: &Stage,
    call: &mut Call,
    exchange: impl FnOnce(&Call) -> Exchange,
) -> Option<Refusal> {
    let mut asked = stage.set.detectors.iter().filter(|policy| stage.is_in(&policy.scope));
    let mut policy = asked.next()?;
    let exchange = exchange(call);
    // Policies with the same bounds share what was read.
    let mut judged: Vec<(Bounds, RequestJudgement)> = Vec::new();
    loop {
        let rule = &policy.rule;
        let known = judged.iter().position(|(bounds, _)| *bounds == rule.bounds);
        let at = known.unwrap_or(judged.len());
        if known.is_none() {
            judged.push((rule.bounds, rule.judge(&exchange)));
        }
        let decisions = call.extensions().get_or_insert_default::<Decisions>();
        match rule.decide(&judged[at].1) {
            Ok(None) => policy.count(Outcome::Passed),
            Ok(Some(reason)) => policy.not_evaluated(reason, decisions),
            Err(refusal) => {
                let refusal = policy.refuse(refusal, decisions);
                if refusal.is_some() {
                    return refusal;
                }
            }
        }
        policy = asked.next()?;
    }
}
