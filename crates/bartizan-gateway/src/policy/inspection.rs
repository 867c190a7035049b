//! One whole request on its way past the policies, after it is known who asks, cheap ones first: its
//! size, who signed it (and between the two, in `ws_security`, who a message of SOAP is from), what it calls and whose that is, its schema, its contract, where URLs in it lead, what of it is
//! good once, then what it says. Nothing of it has gone to the upstream. Nothing here waits.

use std::sync::{Arc, Mutex, PoisonError};

use bartizan_analysis::judge::RequestJudgement;
use bartizan_model::{BodyState, Exchange, Message as Said};
use bytes::Bytes;
use http::{HeaderMap, response};

use super::{
    condition::About,
    detectors::{Bounds, Detectors},
    grpc, message_signature,
    openapi::Asked,
    pass::Stage,
    readings::Readings,
    record::{Decisions, Refusal},
    rights, spoken, webhook, ws_security,
};
use crate::{call::Call, handover::request_of, phases::BodyView, websocket::Message};

/// Asks about a request whose body is there, or of which it is known that it is passed on as it comes, before anything
/// of it is decoded.
pub(super) fn sealed(
    stage: &Stage,
    call: &mut Call,
    fields: &HeaderMap,
    body: BodyView<'_>,
) -> Option<Refusal> {
    sizes(stage, call, body)
        .or_else(|| webhook::signatures(stage, call, fields, body))
        .or_else(|| message_signature::bodies(stage, call, fields, body))
}

/// Asks about the rest of it.
pub(super) fn whole(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let refusal = rights::request(stage, call, body, readings)
        .or_else(|| conditions(stage, call, body, readings))
        .or_else(|| schemas(stage, call, body, readings))
        .or_else(|| contracts(stage, call, body, readings))
        .or_else(|| spoken::whole(stage, call, body, readings))
        .or_else(|| urls(stage, call, body, readings))
        .or_else(|| single_uses(stage, call, body, readings));
    if refusal.is_some() {
        return refusal;
    }
    if matches!(body, BodyView::Streamed(_)) && grpc::spoken(call).is_some() {
        // Its messages are judged as they come, together with this.
        let judged = JudgedHandshake::default();
        let refusal = detectors(stage, call, |rule, call| {
            judged.judge(rule, |rule| rule.judge(&without_body(call)))
        });
        call.extensions().insert(judged);
        return refusal;
    }
    detectors(stage, call, |rule, _| rule.judge_reading(readings.all()))
}

fn urls(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let mut asked = stage.set.urls.iter().filter(|policy| stage.is_in(&policy.scope));
    asked.find_map(|policy| policy.settle(policy.rule.check(body, readings), call))
}

fn single_uses(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let mut asked = stage.set.single_uses.iter().filter(|policy| stage.is_in(&policy.scope));
    asked.find_map(|policy| policy.settle(policy.rule.check(call, body, readings), call))
}

/// Most judgements that are kept of one handshake: one for each amount that policies read of it.
const MOST_KEPT: usize = 8;

/// What a handshake was judged as, or the head of a call of gRPC, kept for the messages behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct JudgedHandshake(Arc<Mutex<Vec<(Bounds, RequestJudgement)>>>);

impl JudgedHandshake {
    /// What detectors say of it; `judge` asks them where that is not known.
    fn judge(
        &self,
        rule: &Detectors,
        judge: impl FnOnce(&Detectors) -> RequestJudgement,
    ) -> RequestJudgement {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, judged)) = kept.iter().find(|(bounds, _)| *bounds == rule.bounds) {
            return judged.clone();
        }
        let judged = judge(rule);
        // What there was no time for once, there may be time for the next time.
        if kept.len() < MOST_KEPT && !judged.ended_early() {
            kept.push((rule.bounds, judged.clone()));
        }
        judged
    }

    /// What it was judged as, as far as that was kept.
    pub(super) fn known(&self, rule: &Detectors) -> RequestJudgement {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = kept.iter().filter(|(bounds, _)| *bounds == rule.bounds);
        kept.next().map(|(_, judged)| judged.clone()).unwrap_or_default()
    }
}

/// Asks about a handshake, which has no body.
pub(super) fn handshake(call: &mut Call) -> Option<Refusal> {
    let stage = call.extension::<Stage>()?.clone();
    let empty = Bytes::new();
    let body = BodyView::Whole(&empty);
    let readings = &mut Readings::of_request(&stage, call, None, body);
    let refusal = ws_security::handshake(&stage, call)
        .or_else(|| rights::request(&stage, call, body, readings))
        .or_else(|| conditions(&stage, call, body, readings))
        .or_else(|| contracts(&stage, call, body, readings))
        .or_else(|| urls(&stage, call, body, readings))
        .or_else(|| single_uses(&stage, call, body, readings));
    if refusal.is_some() {
        return refusal;
    }
    let judged = JudgedHandshake::default();
    let judge = |rule: &Detectors, readings: &mut Readings| {
        judged.judge(rule, |rule| rule.judge_reading(readings.all()))
    };
    // Who declines it may do what its target asks for all the same.
    let refusal = spoken::whole(&stage, call, body, readings)
        .or_else(|| detectors(&stage, call, |rule, _| judge(rule, readings)));
    call.extensions().insert(judged);
    refusal
}

/// Asks about a message of a WebSocket. To detectors it counts together with its handshake, where the client sent it.
pub(super) fn message(stage: &Stage, call: &mut Call, message: &Message) -> Option<Refusal> {
    if message.from_client
        && let Some(refusal) = rights::message(stage, call, message)
    {
        return Some(refusal);
    }
    let pace = spoken::pace_of(call);
    if let Some(refusal) = spoken::message(stage, call, &pace, message) {
        return Some(refusal);
    }
    if !message.from_client {
        return None;
    }
    let handshake = call.extension::<JudgedHandshake>().cloned().unwrap_or_default();
    let data = message.data.clone();
    let said = Said { from_client: true, time: None, data, text: message.is_text };
    let message = Exchange { messages: vec![said], ..Exchange::default() };
    detectors(stage, call, |rule, call| {
        let mut judged = handshake.judge(rule, |rule| rule.judge(&without_body(call)));
        judged.add(rule.judge(&message));
        judged
    })
}

/// Asks about an answer whose body is there, or of which it is known that it is passed on as it comes.
pub(super) fn answer(
    stage: &Stage,
    call: &mut Call,
    response: &response::Parts,
    body: BodyView<'_>,
) -> Option<Refusal> {
    let readings = &mut Readings::of_answer(stage, call, response, body);
    for policy in stage.set.leaks.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.check(response.status, body, readings);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    for policy in stage.set.upstream_errors.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.check(response.status, &response.headers, body);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let contracts = stage.set.contracts.iter().filter(|policy| policy.rule.looks_at_answers());
    for policy in contracts.filter(|policy| stage.is_in(&policy.scope)) {
        let Some(checked) = policy.rule.answer(&Asked::of(call), response, body, readings) else {
            continue;
        };
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    rights::answer(stage, call, response, body, readings)
        .or_else(|| spoken::answer(stage, call, response, body, readings))
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

fn schemas(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    for policy in stage.set.schemas.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let fields = call.request_fields.iter().map(|(name, value)| (name, value));
        let checked = policy.rule.check(fields, body, readings);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

fn conditions(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    let asked = stage.set.conditions.iter().filter(|policy| policy.rule.asks_of_bodies());
    for policy in asked.filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.check_body(&About::of(stage, call), body, readings);
        let refusal = policy.settle(checked.map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

fn contracts(
    stage: &Stage,
    call: &mut Call,
    body: BodyView<'_>,
    readings: &mut Readings,
) -> Option<Refusal> {
    for policy in stage.set.contracts.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.request(&Asked::of(call), body, readings);
        let refusal = policy.settle(checked, call);
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

fn detectors(
    stage: &Stage,
    call: &mut Call,
    mut judge: impl FnMut(&Detectors, &Call) -> RequestJudgement,
) -> Option<Refusal> {
    let mut asked = stage.set.detectors.iter().filter(|policy| stage.is_in(&policy.scope));
    let mut policy = asked.next()?;
    // Policies with the same bounds share what was read.
    let mut judged: Vec<(Bounds, RequestJudgement)> = Vec::new();
    loop {
        let rule = &policy.rule;
        let known = judged.iter().position(|(bounds, _)| *bounds == rule.bounds);
        let at = known.unwrap_or(judged.len());
        if known.is_none() {
            judged.push((rule.bounds, judge(rule, call)));
        }
        let refusal = policy.settle(rule.decide(&judged[at].1), call);
        if refusal.is_some() {
            return refusal;
        }
        policy = asked.next()?;
    }
}
