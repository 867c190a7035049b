//! What is decided about a head whoever sent it: what is left out, switched off, watched for or sent elsewhere.

use http::HeaderName;

use super::{Pass, Stage, Stopped};
use crate::{
    call::Call,
    phases::Edits,
    policy::{
        record::{Outcome, Refusal},
        security_txt::SecurityTxt,
        set::PolicySet,
    },
};

/// Why a policy was not asked.
pub(in crate::policy) const EXCEPTED: &str = "excepted";
/// Why policies were not asked.
const BYPASSED: &str = "bypassed";
/// Why a document was not given.
const EXPIRED: &str = "expired";

impl Pass<'_> {
    /// Notes which policies are not asked that would be, but for an exception or an emergency.
    pub(super) fn left_out(&mut self, set: &PolicySet) {
        if set.has_exceptions {
            for policy in set.outsides() {
                if self.stage.is_excepted(policy.scope()) {
                    policy.leave_out(EXCEPTED, &mut self.decisions);
                }
            }
        }
        for policy in &set.glasses {
            if policy.rule.is_broken(self.now) && self.stage.reach(&policy.scope).is_sure() {
                policy.let_pass(BYPASSED, &mut self.decisions);
            }
        }
    }

    /// Refuses what is switched off.
    pub(super) fn killed(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.switches {
            self.ask(policy, |rule, pass| rule.check(pass.now))?;
        }
        Ok(())
    }

    /// Decoys, HTTPS, whom to tell about weaknesses, and what is gone.
    pub(super) fn edge(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.decoys {
            self.ask(policy, |rule, pass| rule.check(|| pass.asks_who(set)))?;
        }
        self.redirect(set)?;
        self.security_text(set)?;
        for policy in set.deprecations.iter().filter(|policy| policy.rule.refuses()) {
            self.ask(policy, |rule, pass| rule.check(pass.now))?;
        }
        Ok(())
    }

    /// How a caller that nobody knows is refused here, or else where somebody is asked for at all.
    fn asks_who(&self, set: &PolicySet) -> Option<Refusal> {
        let mut enforced = set.required.iter().filter(|policy| policy.is_enforced());
        let here = enforced.clone().find(|policy| self.is_in(policy));
        here.or_else(|| enforced.next())?.rule.check(&[], self.now).err()
    }

    fn redirect(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        if self.presenter.is_secure() {
            return Ok(());
        }
        for policy in &set.redirects {
            if !self.applies(policy) {
                continue;
            }
            let authority = self.stage.asked.authority();
            match policy.rule.answer(&self.request.method, authority, &self.request.uri) {
                Ok(reply) if policy.acts() => return Err(Box::new(reply)),
                Ok(_) => {}
                Err(refusal) => self.settle(policy, Err(refusal))?,
            }
        }
        Ok(())
    }

    fn security_text(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        if !SecurityTxt::is_asked(&self.request.method, &self.request.uri) {
            return Ok(());
        }
        for policy in &set.security_texts {
            if !self.stage.reach(&policy.scope).is_sure() {
                continue;
            }
            match policy.rule.answer(self.now) {
                None => policy.not_evaluated(EXPIRED, &mut self.decisions),
                Some(reply) if policy.acts() => return Err(Box::new(reply)),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// Changes fields of a request that was let in, on its way to the upstream.
pub(super) fn edit_request(call: &mut Call) {
    let stage = call.extension::<Stage>().filter(|stage| !stage.set.request_fields.is_empty());
    let Some(stage) = stage.cloned() else { return };
    let mut names: Vec<HeaderName> = Vec::with_capacity(call.request_fields.len());
    for (name, _) in &call.request_fields {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    for policy in &stage.set.request_fields {
        let reach = stage.reach(&policy.scope);
        if !reach.is_possible() {
            continue;
        }
        let (mut after, mut wanted) = (names.clone(), Edits::default());
        if !policy.rule.edit(&mut after, reach.is_sure(), &mut wanted) {
            policy.count(Outcome::Passed);
        } else if policy.acts() {
            // The next one finds what this one has made of it.
            names = after;
            call.to_upstream().append(wanted);
        }
    }
}
