//! A delivery from its signature to the answer of the upstream: it is taken once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU16, Ordering::Relaxed},
};

use bartizan_model::{
    Duration, KeyedHash, Timestamp,
    replay::{ReplayStore, Use},
    webhook::{Delivered, FailedDelivery, MOST_BODY, MOST_FIELDS},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request};

use super::{FailedDeliveries, Repeated};
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
    /// Name of the policy.
    policy: Arc<str>,
    /// For how many days it is kept when it fails; 0: not at all.
    keep_days: u32,
    /// Status that the upstream answered with; 0 before it has.
    answered: AtomicU16,
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

    /// Whether the upstream has failed, and has not only said no.
    fn has_failed(&self) -> bool {
        matches!(self.answered.load(Relaxed), 0 | 500..)
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

/// What a call brings, as it came: fields with own keys are taken out later.
#[derive(Clone, Debug)]
struct Came(Arc<HeaderMap>);

/// Asks whether a delivery is signed, once its body is there. Nothing here waits.
pub(crate) fn signatures(
    stage: &Stage,
    call: &mut Call,
    fields: &HeaderMap,
    body: BodyView<'_>,
) -> Option<Refusal> {
    let now = call.link.peer.replay.as_ref().map_or(timestamp(call.time), |one| one.came());
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
pub(crate) async fn ask(
    stage: &Stage,
    call: &mut Call,
    request: &request::Parts,
    around: &Surroundings,
) -> Option<Reply> {
    let verified = call.extensions().remove::<Verified>()?;
    let now = timestamp(std::time::SystemTime::now());
    let mut taking = Taking::default();
    for (at, key) in verified.0 {
        let Some(policy) = stage.set.webhooks.get(at) else { continue };
        let rule = &policy.rule;
        let refusal = match around.replays.begin(rule.account, key, now).known().await {
            Use::First => {
                taking.0.push(Arc::new(Held {
                    key,
                    remember: rule.remember,
                    replays: Arc::clone(&around.replays),
                    has_ended: AtomicBool::new(false),
                    policy: Arc::clone(&rule.name),
                    keep_days: rule.keep_days,
                    answered: AtomicU16::new(0),
                }));
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
    let is_kept = taking.0.iter().any(|held| held.keep_days > 0);
    if is_kept && around.failed_deliveries.is_wanted() && call.link.peer.replay.is_none() {
        call.extensions().insert(Came(Arc::new(request.headers.clone())));
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
        held.answered.store(status.as_u16(), Relaxed);
        held.end(status.is_success());
    }
}

/// The exchange is over: what was not taken may come again at once. What the upstream has failed to take is kept.
pub(crate) fn left(call: &Call, keeping: &FailedDeliveries) {
    for held in call.extension::<Taking>().iter().flat_map(|taking| &taking.0) {
        held.end(false);
        if (200..300).contains(&held.answered.load(Relaxed)) {
            keeping.taken(held.key);
        }
        let came = call.extension::<Came>().filter(|_| held.keep_days > 0 && held.has_failed());
        if let Some(Came(fields)) = came {
            keeping.failed(failed(call, held, fields));
        }
    }
}

fn failed(call: &Call, held: &Held, fields: &HeaderMap) -> FailedDelivery {
    let (time, body) = (timestamp(call.time), &call.request_body);
    let status = Some(held.answered.load(Relaxed)).filter(|status| *status > 0);
    let bytes_of_fields =
        fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    let missing = if body.bytes.len() > MOST_BODY {
        Some("body-too-large")
    } else if bytes_of_fields > MOST_FIELDS {
        Some("fields-too-large")
    } else {
        body.trailers.as_ref().map(|_| "has-trailers")
    };
    let fields = fields.iter();
    let content = missing.map_or_else(
        || {
            Ok(Box::new(Delivered {
                time,
                peer: call.link.peer.address.ip(),
                is_secure: call.link.peer.tls.is_some(),
                method: call.method.to_string(),
                target: call.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
                authority: call.authority().unwrap_or_default().to_owned(),
                fields: fields
                    .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                    .collect(),
                body: body.bytes.to_vec(),
            }))
        },
        Err,
    );
    FailedDelivery {
        key: held.key,
        policy: held.policy.to_string(),
        service: call.service().unwrap_or_default().to_owned(),
        time,
        until: time.plus(Duration::days(i64::from(held.keep_days))),
        exchange: call.id().to_owned(),
        failure: call.outcome.code().to_owned(),
        status,
        bytes: body.total,
        content,
    }
}
