//! Who a message is from is known once its body is there: policies that ask about it by the head alone are asked here.

use http::{HeaderMap, header};

use crate::{
    call::Call,
    handover::timestamp,
    policy::{
        condition::About,
        identity::Identity,
        pass::Stage,
        record::{Decisions, Refusal},
    },
};

/// Whether it may show with the body who is calling. A handshake has none.
pub(crate) fn is_awaited(stage: &Stage, fields: &HeaderMap) -> bool {
    !fields.contains_key(header::UPGRADE)
        && stage.set.ws_security.iter().any(|policy| stage.is_in(&policy.scope))
}

/// Asks for required authentication, about authorisation and for conditions, as for a head.
pub(super) fn ask(stage: &Stage, call: &mut Call) -> Option<Refusal> {
    let (who, now) = (who(call), timestamp(call.time));
    let required = stage.set.required.iter().filter(|policy| policy.rule.takes_messages());
    for policy in required.filter(|policy| stage.is_in(&policy.scope)) {
        let refusal = policy.settle(policy.rule.check(&who, now).map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let heads = stage.set.authorizations.iter().filter(|policy| !policy.rule.is_about_calls());
    let mut heads = heads.filter(|policy| stage.is_in(&policy.scope)).collect::<Vec<_>>();
    // Those that deny the rest come last.
    heads.sort_by_key(|policy| policy.rule.is_rest());
    let mut is_allowed = false;
    for policy in heads {
        let checked = match policy.rule.is_rest() {
            true if is_allowed => Ok(()),
            true => Err(policy.rule.refusal(&who)),
            false => policy.rule.check(&who),
        };
        let is_sure = stage.reach(&policy.scope).is_sure();
        is_allowed |= checked.is_ok() && is_sure && !policy.rule.is_rest();
        let refusal = policy.settle(checked.map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    let conditions = stage.set.conditions.iter().filter(|policy| !policy.rule.asks_of_bodies());
    for policy in conditions.filter(|policy| stage.is_in(&policy.scope)) {
        let checked = policy.rule.check(&About::of(stage, call));
        let refusal = policy.settle(checked.map(|()| None), call);
        if refusal.is_some() {
            return refusal;
        }
    }
    None
}

fn who(call: &Call) -> Vec<Identity> {
    call.extension::<Decisions>().map(|decisions| decisions.identities.clone()).unwrap_or_default()
}
