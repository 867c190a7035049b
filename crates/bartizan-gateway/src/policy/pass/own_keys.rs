//! Own keys on their way past the policies that verify them.

use std::sync::Arc;

use bartizan_model::counters::RateDecision;

use super::{Pass, Stopped};
use crate::policy::{
    Surroundings,
    api_key::{OwnRate, Presenting},
    nanos_now,
    rate::{Limit, Standing},
    record::Refusal,
    set::PolicySet,
};

const SECOND: u64 = 1_000_000_000;

/// What was counted for keys of this head: several policies may see the same one.
#[derive(Default)]
struct CountedKeys(Vec<(OwnRate, Option<RateDecision>)>);

impl Pass<'_> {
    pub(super) async fn own_keys(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        let mut counted = CountedKeys::default();
        for policy in &set.keys {
            if !self.is_in(policy) {
                continue;
            }
            let by = Presenting {
                fields: &self.request.headers,
                address: self.address,
                certificate: self.presenter.certificate.as_ref(),
                now: self.now,
            };
            let Some(looked) = policy.rule.look(&by) else { continue };
            let (shown, checked) = match looked.checked {
                Ok((identity, rate)) => {
                    let shown = Arc::clone(&identity.subject);
                    // To identify somebody is to grant: not where the scope only may be meant.
                    let is_sure = self.stage.reach(&policy.scope).is_sure();
                    if is_sure && !self.decisions.identities.contains(&identity) {
                        self.decisions.identities.push(identity);
                    }
                    let checked = match rate.filter(|_| !self.is_review) {
                        None => Ok(()),
                        Some(rate) => {
                            let is_enforced = policy.is_enforced();
                            self.within(rate, around, &mut counted, is_enforced).await
                        }
                    };
                    (Some(shown), checked)
                }
                Err(refusal) => (None, Err(refusal)),
            };
            if policy.is_enforced() && !policy.rule.forward {
                let hidden = looked.fields.into_iter().map(|name| (name, shown.clone()));
                self.hidden.extend(hidden);
            }
            self.settle(policy, checked)?;
        }
        Ok(())
    }

    /// Counts a use of a key, once for each head.
    async fn within(
        &mut self,
        rate: OwnRate,
        around: &Surroundings,
        counted: &mut CountedKeys,
        is_enforced: bool,
    ) -> Result<(), Refusal> {
        let before = counted.0.iter().find(|(known, _)| *known == rate).map(|(_, found)| *found);
        let decision = match before {
            Some(decision) => decision,
            None => {
                let counted_now = around.counter.count(rate.key, rate.pace, 1, nanos_now());
                let decision = counted_now.known().await;
                counted.0.push((rate, decision));
                decision
            }
        };
        let Some(decision) = decision else { return Err(Limit::unavailable()) };
        if is_enforced {
            self.limits.push(Standing {
                name: "own-key".into(),
                limit: rate.pace.burst(),
                window: rate.pace.window_nanos().div_ceil(SECOND),
                remaining: decision.remaining,
                reset: decision.reset_nanos.div_ceil(SECOND),
            });
        }
        if decision.conforms { Ok(()) } else { Err(Limit::refusal(&decision)) }
    }
}
