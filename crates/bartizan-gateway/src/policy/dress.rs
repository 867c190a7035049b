//! Fields of answers, those of the upstream and our own.

use http::{HeaderMap, HeaderName, HeaderValue, header, request, response};

use super::{
    cors,
    headers::About,
    pass::Stage,
    record::{Decisions, Outcome, Policy},
    scope::{Reach, Scope},
};
use crate::{
    call::Call,
    phases::{Edits, Reply},
};

/// Fields that carry credentials wherever they are sent.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// Gives an answer of our own the fields that answers of the upstream get.
pub(super) fn reply(stage: &Stage, request: &request::Parts, is_secure: bool, reply: &mut Reply) {
    let origin = request.headers.get(header::ORIGIN);
    let has_credentials = CREDENTIALS.iter().any(|name| request.headers.contains_key(name));
    let about = About { is_secure, has_credentials };
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
    for policy in enforced_in(stage, &stage.set.redirects).filter(|_| is_secure) {
        policy.rule.edit(&reply.headers, &mut edits);
    }
    for policy in enforced_in(stage, &stage.set.fields) {
        policy.rule.edit(&reply.headers, about, &mut edits);
    }
    edits.apply(&mut reply.headers);
}

/// Changes the fields of an answer of the upstream.
pub(super) fn response(stage: &Stage, call: &mut Call, response: &response::Parts) {
    let origin = call.request_fields.iter().find(|(name, _)| *name == header::ORIGIN);
    let origin = origin.map(|(_, value)| value.clone());
    let is_secure = call.scheme() == "https";
    let about = About { is_secure, has_credentials: has_credentials(call) };
    let edits = call.to_client();
    for policy in &stage.set.cors {
        let Some(origin) = origin_in(stage, &policy.scope, origin.as_ref()) else { continue };
        if policy.acts() {
            policy.rule.edit(origin, &response.headers, edits);
            // The first one decides, as about preflight requests.
            break;
        }
    }
    announce(stage, is_secure, &response.headers, edits);
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

/// Whether a request carries credentials: in a field of its own, or where a policy found them.
fn has_credentials(call: &Call) -> bool {
    let is_verified = call.extension::<Decisions>().is_some_and(|d| !d.identities.is_empty());
    is_verified || call.request_fields.iter().any(|(name, _)| CREDENTIALS.contains(name))
}
