//! What is signed, as far as a head shows it.

use super::{Pass, PolicySet, Stopped};
use crate::policy::{Surroundings, message_signature::Asked};

impl Pass<'_> {
    /// What of a delivery can be told before its body is read; that it is good shows with the body only.
    pub(super) fn deliveries(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.webhooks {
            if self.applies(policy)
                && let Err(refusal) =
                    policy.rule.check_head(&self.request.headers, self.came.unwrap_or(self.now))
            {
                self.settle(policy, Err(refusal))?;
            }
        }
        Ok(())
    }

    /// Who signed the head.
    pub(super) async fn signatures(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        for (at, policy) in set.signed.iter().enumerate() {
            if !self.applies(policy) {
                continue;
            }
            let asked = Asked {
                method: &self.request.method,
                scheme: self.presenter.scheme(),
                authority: self.stage.asked.authority(),
                uri: &self.request.uri,
                fields: &self.request.headers,
            };
            let replays = around.replays.as_ref();
            // Its time was right when it came, and what it may be used once for was used then.
            let is_known = self.is_review || self.came.is_some();
            let checked = match policy.rule.check(&asked, self.now, is_known, replays).await {
                Ok(None) => Ok(()),
                Ok(Some(signer)) => {
                    self.signed.0.push((at, signer.covers_body));
                    // To identify somebody is to grant: not where the scope only may be meant.
                    if self.stage.reach(&policy.scope).is_sure() {
                        self.decisions.identities.push(signer.identity());
                    }
                    Ok(())
                }
                Err(code) => Err(policy.rule.refusal(code)),
            };
            self.settle(policy, checked)?;
        }
        Ok(())
    }
}
