//! Fields of answers, those of the upstream and our own: what `cors`, `deprecation`, `https_redirect` and `headers`
//! policies say.

use http::{HeaderMap, HeaderName, HeaderValue, header, response};

use super::{
    cors,
    headers::About,
    pass::Stage,
    record::{Decisions, Outcome, Policy, Refusal},
    scope::{Reach, Scope},
};
use crate::{
    call::Call,
    phases::{Edits, Reply},
};

/// Fields that carry credentials wherever they are sent.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// Gives an answer of our own the fields that answers of the upstream get.
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
    for policy in enforced_in(stage, &stage.set.deprecations) {
        policy.rule.edit(&reply.headers, &mut edits);
    }
    for policy in enforced_in(stage, &stage.set.redirects).filter(|_| about.is_secure) {
        policy.rule.edit(&reply.headers, &mut edits);
    }
    for policy in enforced_in(stage, &stage.set.fields) {
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

/// Changes the fields of an answer of the upstream.
pub(super) fn response(stage: &Stage, call: &mut Call, response: &response::Parts) {
    let origin = field(call, &header::ORIGIN).cloned();
    let about = about(call);
    let edits = call.to_client();
    for policy in &stage.set.cors {
        let Some(origin) = origin_in(stage, &policy.scope, origin.as_ref()) else { continue };
        if policy.acts() {
            policy.rule.edit(origin, &response.headers, edits);
            // The first one decides, as about preflight requests.
            break;
        }
    }
    announce(stage, about.is_secure, &response.headers, edits);
    for policy in stage.set.fields.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let mut wanted = Edits::default();
        let changes = policy.rule.edit(&response.headers, about, &mut wanted);
        if !changes {
            policy.count(Outcome::Passed);
        } else if policy.acts() {
            policy.rule.edit(&response.headers, about, edits);
        }
    }
}

/// Tells what will be gone, and to come by HTTPS.
fn announce(stage: &Stage, is_secure: bool, fields: &HeaderMap, edits: &mut Edits) {
    for policy in stage.set.deprecations.iter().filter(|policy| stage.is_in(&policy.scope)) {
        if policy.acts() {
            policy.rule.edit(fields, edits);
        }
    }
    let redirects = stage.set.redirects.iter().filter(|_| is_secure);
    for policy in redirects.filter(|policy| stage.is_in(&policy.scope)) {
        let mut wanted = Edits::default();
        if !policy.rule.edit(fields, &mut wanted) {
            policy.count(Outcome::Passed);
        } else if policy.acts() {
            edits.append(wanted);
        }
    }
}

fn enforced_in<'a, R>(
    stage: &'a Stage,
    policies: &'a [Policy<R>],
) -> impl Iterator<Item = &'a Policy<R>> {
    policies.iter().filter(|policy| policy.is_enforced() && stage.is_in(&policy.scope))
}

/// What an answer to a call is about.
fn about(call: &Call) -> About {
    // Credentials are in a field of their own, or where a policy found them.
    let is_verified =
        call.extension::<Decisions>().is_some_and(|known| !known.identities.is_empty());
    let has_credentials = is_verified || CREDENTIALS.iter().any(|name| field(call, name).is_some());
    About { is_secure: call.scheme() == "https", has_credentials }
}

/// The first field of that name of a request.
fn field<'c>(call: &'c Call, name: &HeaderName) -> Option<&'c HeaderValue> {
    call.request_fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The origin that a CORS policy is asked about: none where its scope only may be meant, so that it
/// allows nothing. `None` out of its scope.
fn origin_in<'a>(
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
