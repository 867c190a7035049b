//! What is decided about a head whoever sent it: what is left out, switched off, watched for or sent elsewhere.

use http::HeaderName;

use super::{Pass, Stage, Stopped};
use crate::{
    call::Call,
    phases::Edits,
    policy::{record::Outcome, security_txt::SecurityTxt, set::PolicySet},
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
            self.ask(policy, |rule, _| rule.check())?;
        }
        self.redirect(set)?;
        self.security_text(set)?;
        for policy in set.deprecations.iter().filter(|policy| policy.rule.refuses()) {
            self.ask(policy, |rule, pass| rule.check(pass.now))?;
        }
        Ok(())
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
    for policy in &stage.set.request_fields {
        let reach = stage.reach(&policy.scope);
        if !reach.is_possible() {
            continue;
        }
        let has = |name: &HeaderName| call.request_fields.iter().any(|(known, _)| known == name);
        let mut wanted = Edits::default();
        if !policy.rule.edit(has, reach.is_sure(), &mut wanted) {
            policy.count(Outcome::Passed);
        } else if policy.acts() {
            call.to_upstream().append(wanted);
        }
    }
}
