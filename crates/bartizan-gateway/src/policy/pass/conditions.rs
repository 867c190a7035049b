//! Conditions that the head is enough for.

use super::{Pass, PolicySet, Stopped};
use crate::policy::condition::About;

impl Pass<'_> {
    /// Asks them, once it is known who asks.
    pub(super) fn conditions(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in set.conditions.iter().filter(|policy| !policy.rule.asks_of_bodies()) {
            self.ask(policy, |rule, pass| rule.check(&pass.about()))?;
        }
        Ok(())
    }

    fn about(&self) -> About<'_> {
        About {
            stage: &self.stage,
            query: self.request.uri.query(),
            fields: self.request.headers.iter().collect(),
            address: self.address,
            now: self.now,
            who: &self.decisions.identities,
        }
    }
}
