//! Fields of answers, those of the upstream and our own: what `cors`, `deprecation`, `https_redirect` and `headers`
//! policies say.

use std::{borrow::Cow, mem};

use http::{HeaderMap, HeaderName, HeaderValue, header, response};

use super::{
    cors,
    deprecation::Announced,
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

/// Fields of an answer, policy after policy: each finds what those before it have made of them.
struct Fields<'f> {
    known: Cow<'f, HeaderMap>,
    /// Changes that `known` shows.
    made: Edits,
    /// Changes that nobody has looked at yet.
    fresh: Edits,
}

impl<'f> Fields<'f> {
    /// Fields to which these changes are made already, elsewhere.
    fn of(fields: &'f HeaderMap, before: &Edits) -> Self {
        let mut known = Cow::Borrowed(fields);
        if !before.is_empty() {
            before.apply(known.to_mut());
        }
        Self { known, made: Edits::default(), fresh: Edits::default() }
    }

    /// What a policy wants to change, and what it says to that.
    fn ask<R>(&mut self, edit: impl FnOnce(&HeaderMap, &mut Edits) -> R) -> (R, Edits) {
        if !self.fresh.is_empty() {
            self.fresh.apply(self.known.to_mut());
            self.made.append(mem::take(&mut self.fresh));
        }
        let mut wanted = Edits::default();
        (edit(&self.known, &mut wanted), wanted)
    }

    fn change(&mut self, wanted: Edits) {
        self.fresh.append(wanted);
    }

    fn announce(&mut self, announced: &Announced<'_>) {
        if !announced.is_empty() {
            let ((), wanted) = self.ask(|fields, edits| announced.edit(fields, edits));
            self.change(wanted);
        }
    }

    /// All changes.
    fn into_edits(mut self) -> Edits {
        self.made.append(self.fresh);
        self.made
    }
}

/// Gives an answer of our own the fields that answers of the upstream get.
pub(super) fn dress(stage: &Stage, call: &Call, reply: &mut Reply) {
    let origin = field(call, &header::ORIGIN);
    let about = about(call);
    let mut all = Fields::of(&reply.headers, &Edits::default());
    if reply.code != cors::PREFLIGHT {
        let mut enforced = stage.set.cors.iter().filter(|policy| policy.is_enforced());
        let decides =
            enforced.find_map(|policy| Some((policy, origin_in(stage, &policy.scope, origin)?)));
        if let Some((policy, origin)) = decides {
            let ((), wanted) = all.ask(|fields, edits| policy.rule.edit(origin, fields, edits));
            all.change(wanted);
        }
    }
    let mut announced = Announced::default();
    enforced_in(stage, &stage.set.deprecations).for_each(|policy| announced.add(&policy.rule));
    all.announce(&announced);
    for policy in enforced_in(stage, &stage.set.redirects).filter(|_| about.is_secure) {
        let (_, wanted) = all.ask(|fields, edits| policy.rule.edit(fields, edits));
        all.change(wanted);
    }
    for policy in enforced_in(stage, &stage.set.fields) {
        let (_, wanted) = all.ask(|fields, edits| policy.rule.edit(fields, about, edits));
        all.change(wanted);
    }
    let edits = all.into_edits();
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
    let origin = field(call, &header::ORIGIN);
    let about = about(call);
    let mut all = Fields::of(&response.headers, call.edits_to_client());
    for policy in &stage.set.cors {
        let Some(origin) = origin_in(stage, &policy.scope, origin) else { continue };
        if policy.acts() {
            let ((), wanted) = all.ask(|fields, edits| policy.rule.edit(origin, fields, edits));
            all.change(wanted);
            // The first one decides, as about preflight requests.
            break;
        }
    }
    let mut announced = Announced::default();
    for policy in stage.set.deprecations.iter().filter(|policy| stage.is_in(&policy.scope)) {
        if policy.acts() {
            announced.add(&policy.rule);
        }
    }
    all.announce(&announced);
    if about.is_secure {
        for policy in stage.set.redirects.iter().filter(|policy| stage.is_in(&policy.scope)) {
            let (changes, wanted) = all.ask(|fields, edits| policy.rule.edit(fields, edits));
            change(policy, changes, wanted, &mut all);
        }
    }
    for policy in stage.set.fields.iter().filter(|policy| stage.is_in(&policy.scope)) {
        let (changes, wanted) = all.ask(|fields, edits| policy.rule.edit(fields, about, edits));
        change(policy, changes, wanted, &mut all);
    }
    let edits = all.into_edits();
    call.to_client().append(edits);
}

/// Counts what a policy wants, and does it where it is enforced.
fn change<R>(policy: &Policy<R>, changes: bool, wanted: Edits, all: &mut Fields<'_>) {
    if !changes {
        policy.count(Outcome::Passed);
    } else if policy.acts() {
        all.change(wanted);
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
