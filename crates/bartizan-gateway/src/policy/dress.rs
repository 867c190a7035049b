//! Answers of our own, given the fields that answers of the upstream get: those of `cors` and `headers` policies.

use http::{HeaderName, HeaderValue, header};

use super::{
    cors,
    headers::About,
    pass::Stage,
    record::{Decisions, Refusal},
    scope::{Reach, Scope},
};
use crate::{
    call::Call,
    phases::{Edits, Reply},
};

/// Fields that carry credentials wherever they are sent.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// Gives an answer of our own these fields.
pub(super) fn dress(stage: &Stage, call: &Call, reply: &mut Reply) {
    let origin = field(call, &header::ORIGIN);
    let about = about(call);
    let mut edits = Edits::default();
    if reply.code != cors::PREFLIGHT {
        let mut enforced = stage.set.cors.iter().filter(|policy| policy.is_enforced());
        let decides =
            enforced.find_map(|policy| Some((policy, origin_in(stage, &policy.scope, origin)?)));
        if let Some((policy, origin)) = decides {
            policy.rule.edit(origin, &reply.headers, &mut edits);
        }
    }
    let in_scope = stage.set.fields.iter().filter(|policy| policy.is_enforced());
    for policy in in_scope.filter(|policy| stage.is_in(&policy.scope)) {
        policy.rule.edit(&reply.headers, about, &mut edits);
    }
    edits.apply(&mut reply.headers);
}

/// A refusal as an answer of our own.
pub(super) fn reply(stage: &Stage, call: &Call, refusal: Refusal) -> Box<Reply> {
    let mut reply = refusal.into_reply();
    dress(stage, call, &mut reply);
    Box::new(reply)
}

/// What an answer to a call is about.
pub(super) fn about(call: &Call) -> About {
    // Credentials are in a field of their own, or where a policy found them.
    let is_verified =
        call.extension::<Decisions>().is_some_and(|known| !known.identities.is_empty());
    let has_credentials = is_verified || CREDENTIALS.iter().any(|name| field(call, name).is_some());
    About { is_secure: call.scheme() == "https", has_credentials }
}

/// The first field of that name of a request.
pub(super) fn field<'c>(call: &'c Call, name: &HeaderName) -> Option<&'c HeaderValue> {
    call.request_fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The origin that a CORS policy is asked about: none where its scope only may be meant, so that it
/// allows nothing. `None` out of its scope.
pub(super) fn origin_in<'a>(
    stage: &Stage,
    scope: &Scope,
    origin: Option<&'a HeaderValue>,
) -> Option<Option<&'a HeaderValue>> {
    match stage.reach(scope) {
        Reach::Out => None,
        Reach::Perhaps => Some(None),
        Reach::Surely => Some(origin),
    }
}
