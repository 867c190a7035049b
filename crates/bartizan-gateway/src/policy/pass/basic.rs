//! Users with passwords on their way past the policies that verify them.

use std::sync::Arc;

use http::header;

use super::{Pass, Stopped};
use crate::policy::{
    basic::{BUSY, Basic, Patience},
    set::PolicySet,
};

/// What stands in the place of a credential that nobody verified.
const HIDDEN: &str = "Basic credential";

impl Pass<'_> {
    pub(super) async fn basic(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        // Who has an own key there that a policy has verified, and that goes no further, presents no user. Any other own
        // key is a password like all: whatever it is, it would go on with a name that nobody has verified.
        if self.hidden.iter().any(|(name, _)| *name == header::AUTHORIZATION) {
            return Ok(());
        }
        for policy in &set.basics {
            if !self.is_in(policy) {
                continue;
            }
            let Some(presented) = Basic::presented(&self.request.headers) else { return Ok(()) };
            let patience = match (self.is_review, policy.is_enforced()) {
                (true, _) => Patience::Review,
                (false, true) => Patience::Queue,
                (false, false) => Patience::AtOnce,
            };
            let verified = match presented {
                Ok(pair) => policy.rule.verify(pair, patience, self.now).await,
                Err(code) => Err(code),
            };
            if verified == Err(BUSY) && self.is_review {
                self.is_undecided = true;
                continue;
            }
            if verified == Err(BUSY) && !policy.is_enforced() {
                policy.not_evaluated(BUSY, &mut self.decisions);
                continue;
            }
            let mut shown = HIDDEN.into();
            let checked = match verified {
                Ok(identity) => {
                    shown = Arc::clone(&identity.subject);
                    // To identify somebody is to grant: not where the scope only may be meant.
                    let is_sure = self.stage.reach(&policy.scope).is_sure();
                    if is_sure && !self.decisions.identities.contains(&identity) {
                        self.decisions.identities.push(identity);
                    }
                    Ok(())
                }
                Err(code) => Err(policy.rule.refusal(code)),
            };
            if policy.is_enforced() && !policy.rule.forward {
                self.hidden.push((header::AUTHORIZATION, Some(shown)));
            }
            self.settle(policy, checked)?;
        }
        Ok(())
    }

    /// Passwords are kept nowhere, also when the head was stopped before anybody looked at them.
    pub(super) fn hide_password(&mut self) {
        let mut policies = self.stage.set.basics.iter().filter(|policy| !policy.rule.forward);
        let is_asked = policies.any(|policy| self.is_in(policy));
        let is_hidden = self.hidden.iter().any(|(name, _)| *name == header::AUTHORIZATION);
        if is_asked && !is_hidden && Basic::presented(&self.request.headers).is_some() {
            self.hidden.push((header::AUTHORIZATION, Some(HIDDEN.into())));
        }
    }
}
