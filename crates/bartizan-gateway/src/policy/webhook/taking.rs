//! A delivery from its signature to the answer of the upstream: it is taken once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use bartizan_model::{
    KeyedHash, Timestamp,
    replay::{ReplayStore, Use},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Repeated;
use crate::{
    call::Call,
    handover::timestamp,
    phases::{BodyView, Reply},
    policy::{
        Surroundings,
        pass::Stage,
        record::{Decisions, Policy, Refusal},
    },
};

/// What a sender reads whose delivery was taken before.
const TAKEN: &[u8] = b"{\"status\":\"already taken\"}";

/// Deliveries whose signature is good: number of the policy, and by what each is known.
#[derive(Clone, Debug, Default)]
struct Verified(Vec<(usize, KeyedHash)>);

/// A delivery that is under way.
#[derive(Debug)]
struct Held {
    key: KeyedHash,
    remember: i64,
    replays: Arc<dyn ReplayStore>,
    has_ended: AtomicBool,
}

impl Held {
    /// Tells what came of it, once.
    fn end(&self, is_taken: bool) {
        if self.has_ended.swap(true, Relaxed) {
            return;
        }
        let now = timestamp(std::time::SystemTime::now()).seconds();
        let until = is_taken.then(|| Timestamp::from_seconds(now + self.remember));
        self.replays.settle(self.key, until);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// The deliveries that a call brings, one for each policy.
#[derive(Clone, Debug, Default)]
struct Taking(Vec<Arc<Held>>);

/// Asks whether a delivery is signed, once its body is there. Nothing here waits.
pub(crate) fn signatures(
    stage: &Stage,
    call: &mut Call,
    fields: &HeaderMap,
    body: BodyView<'_>,
) -> Option<Refusal> {
    let now = timestamp(call.time);
    let mut verified = Verified::default();
    for (at, policy) in stage.set.webhooks.iter().enumerate() {
        if !stage.is_in(&policy.scope) {
            continue;
        }
        match policy.rule.verify(fields, body, now) {
            None => {}
            Some(Ok(key)) => verified.0.push((at, key)),
            Some(Err(refusal)) => {
                let refusal = policy.settle(Err(refusal), call);
                if refusal.is_some() {
                    return refusal;
                }
            }
        }
    }
    if !verified.0.is_empty() {
        call.extensions().insert(verified);
    }
    None
}

/// Whether there is a delivery to ask about.
pub(crate) fn may_ask(call: &Call) -> bool {
    call.extension::<Verified>().is_some()
}

/// Asks whether deliveries came before, when nothing else is in their way; gives the answer if there is one.
pub(crate) async fn ask(stage: &Stage, call: &mut Call, around: &Surroundings) -> Option<Reply> {
    let verified = call.extensions().remove::<Verified>()?;
    let now = timestamp(std::time::SystemTime::now());
    let mut taking = Taking::default();
    for (at, key) in verified.0 {
        let Some(policy) = stage.set.webhooks.get(at) else { continue };
        let rule = &policy.rule;
        let refusal = match around.replays.begin(rule.account, key, now).known().await {
            Use::First => {
                let (remember, replays) = (rule.remember, Arc::clone(&around.replays));
                let has_ended = AtomicBool::new(false);
                taking.0.push(Arc::new(Held { key, remember, replays, has_ended }));
                None
            }
            Use::Again if rule.repeated == Repeated::Answer => {
                if policy.acts() {
                    let json = HeaderValue::from_static("application/json");
                    return Some(Reply::body(StatusCode::OK, "delivery-taken", json, TAKEN));
                }
                continue;
            }
            Use::Again => {
                let title = "this delivery was taken before";
                Some(Refusal::deny(StatusCode::CONFLICT, "delivery-repeated", title))
            }
            Use::UnderWay => {
                let title = "the same delivery is under way";
                Some(later(StatusCode::CONFLICT, "delivery-under-way", title))
            }
            Use::Unknown => {
                let title = "deliveries cannot be taken at the moment";
                Some(later(StatusCode::SERVICE_UNAVAILABLE, "replays-unknown", title))
            }
        };
        if let Some(refusal) = settle(policy, refusal, call) {
            return Some(refusal.into_reply());
        }
    }
    call.extensions().insert(taking);
    None
}

fn settle<R>(policy: &Policy<R>, refusal: Option<Refusal>, call: &mut Call) -> Option<Refusal> {
    match refusal {
        None => policy.settle(Ok(None), call),
        Some(refusal) => {
            policy.refuse(refusal, call.extensions().get_or_insert_default::<Decisions>())
        }
    }
}

fn later(status: StatusCode, code: &'static str, title: &'static str) -> Refusal {
    Refusal::deny(status, code, title).with(header::RETRY_AFTER, HeaderValue::from_static("5"))
}

/// The upstream has answered: with success it has taken what the call brought.
pub(crate) fn answered(call: &Call, status: StatusCode) {
    for held in call.extension::<Taking>().iter().flat_map(|taking| &taking.0) {
        held.end(status.is_success());
    }
}

/// The exchange is over: what was not taken may come again at once.
pub(crate) fn left(call: &Call) {
    for held in call.extension::<Taking>().iter().flat_map(|taking| &taking.0) {
        held.end(false);
    }
}
