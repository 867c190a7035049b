//! How much a head may ask for: rates, bytes, what is under way, quotas.

use std::sync::Arc;

use bartizan_model::counters::{Completeness, RateDecision};
use prometheus_client::metrics::counter::Counter;

use super::{Pass, Stopped};
use crate::policy::{
    Surroundings, asked,
    captcha::{Captcha, Unsolved},
    challenge::Asked,
    concurrency::Concurrency,
    nanos_now,
    quota::{Quota, Taken, WAIT},
    rate::{Caller, Limit, OnFailure},
    record::{Policy, Refusal},
    scope::Scope,
    set::PolicySet,
    transfer::Transfer,
};

/// Why a rate was not counted.
const NO_COUNTER: &str = "counter-unavailable";
/// Why a quota was not counted.
const NO_QUOTA: &str = "quota-unavailable";

impl Pass<'_> {
    /// What is counted before anybody is identified.
    pub(super) async fn early_amounts(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        self.amounts(set, around, incomplete, true).await
    }

    /// What is counted for those who are identified.
    pub(super) async fn late_amounts(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        self.amounts(set, around, incomplete, false).await
    }

    /// Quotas come last: what is refused for another reason uses up nothing of them.
    async fn amounts(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
        incomplete: &Counter,
        is_early: bool,
    ) -> Result<(), Stopped> {
        for policy in set.rates.iter().filter(|policy| policy.rule.is_early() == is_early) {
            self.rate(policy, around, incomplete).await?;
        }
        for policy in set.under_way.iter().filter(|policy| policy.rule.is_early() == is_early) {
            self.enter(policy, around)?;
        }
        for policy in set.transfers.iter().filter(|policy| policy.rule.is_early() == is_early) {
            self.transfer(policy, around).await?;
        }
        if !is_early {
            self.flows(set, around).await?;
            self.challenges(set, around).await?;
            self.captchas(set, around).await?;
        }
        // Whoever is refused for anything else has used nothing.
        for policy in set.quotas.iter().filter(|_| !is_early) {
            self.quota(policy, around).await?;
        }
        Ok(())
    }

    fn caller<'b>(&'b self, scope: &'b Scope) -> Caller<'b> {
        let (snapshot, service) = &self.service;
        Caller {
            address: self.address,
            identities: &self.decisions.identities,
            service: service.map(|at| snapshot.services[at].name.as_str()),
            stage: &self.stage,
            scope,
            request: self.request,
        }
    }

    async fn rate(
        &mut self,
        policy: &Policy<Arc<Limit>>,
        around: &Surroundings,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let (limit, counter) = (&policy.rule, &around.counter);
        let now = nanos_now();
        let rates = limit.rates(&self.caller(&policy.scope));
        let mut decisions: Vec<RateDecision> = Vec::with_capacity(rates.len());
        let mut has_failed = false;
        for (rate, key) in &rates {
            rate.measured.count(*key, limit.cost, now);
        }
        for (rate, key) in &rates {
            match counter.count(*key, rate.pace, limit.cost, now).known().await {
                Some(decision) => decisions.push(decision),
                None => has_failed = true,
            }
            if has_failed || decisions.last().is_some_and(|last| !last.conforms) {
                break;
            }
        }
        let is_incomplete = |one: &RateDecision| one.completeness == Completeness::Incomplete;
        if decisions.iter().any(is_incomplete) {
            incomplete.inc();
        }
        let refused = decisions.last().copied().filter(|last| !last.conforms);
        if refused.is_some() || has_failed {
            // What one rate refuses costs nothing with the others.
            for ((rate, key), decision) in rates.iter().zip(&mut decisions) {
                if decision.conforms {
                    counter.give_back(*key, rate.pace, limit.cost, now);
                    decision.remaining = decision.remaining.saturating_add(limit.cost);
                }
            }
        }
        if has_failed {
            return self.failed(policy, limit.on_failure, NO_COUNTER, Limit::unavailable);
        }
        if policy.is_enforced() {
            let standings = rates.iter().zip(&decisions);
            self.limits.extend(standings.map(|((rate, _), decision)| rate.standing(decision)));
        }
        self.settle(policy, refused.map_or(Ok(()), |decision| Err(Limit::refusal(&decision))))
    }

    /// What follows when something that is needed does not answer.
    fn failed<R>(
        &mut self,
        policy: &Policy<R>,
        on_failure: OnFailure,
        reason: &'static str,
        refusal: impl FnOnce() -> Refusal,
    ) -> Result<(), Stopped> {
        match on_failure {
            OnFailure::Open => {
                policy.not_evaluated(reason, &mut self.decisions);
                Ok(())
            }
            OnFailure::Closed => self.settle(policy, Err(refusal())),
        }
    }

    async fn transfer(
        &mut self,
        policy: &Policy<Transfer>,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let rule = &policy.rule;
        let Some(charge) = rule.charge(&self.caller(&policy.scope)) else { return Ok(()) };
        let looked = around.counter.look(charge.key, charge.pace, 1, nanos_now());
        let Some(decision) = looked.known().await else {
            return self.failed(policy, rule.on_failure, NO_COUNTER, Limit::unavailable);
        };
        self.charges.0.push(charge);
        let checked = if decision.conforms { Ok(()) } else { Err(Transfer::refusal(&decision)) };
        self.settle(policy, checked)
    }

    fn enter(
        &mut self,
        policy: &Policy<Concurrency>,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let caller = self.caller(&policy.scope);
        let entered = policy.rule.enter(&caller, &around.under_way, policy.is_enforced());
        let Some((permit, checked)) = entered else { return Ok(()) };
        self.permits.0.extend(permit.map(Arc::new));
        self.settle(policy, checked)
    }

    async fn flows(&mut self, set: &PolicySet, around: &Surroundings) -> Result<(), Stopped> {
        for policy in &set.flows {
            if !self.applies(policy) {
                continue;
            }
            let flow = &policy.rule;
            for reached in flow.reached(&self.stage) {
                let caller = self.caller(&policy.scope);
                let before = flow.before(reached.0, &caller);
                let mut step = flow.step(reached, &caller);
                let begun = match &mut step {
                    Some(step) => step.begin(&around.counter).await,
                    None => Some(Ok(())),
                };
                let checked = match (begun, before) {
                    (Some(Ok(())), Some((key, pace))) => {
                        let looked = around.counter.look(key, pace, 1, nanos_now());
                        looked.known().await.map(|before| flow.check(reached.0, &before))
                    }
                    (begun, _) => begun,
                };
                match checked {
                    Some(checked) => self.settle(policy, checked)?,
                    None => policy.not_evaluated(NO_COUNTER, &mut self.decisions),
                }
                self.steps.0.extend(step);
            }
        }
        Ok(())
    }

    async fn challenges(&mut self, set: &PolicySet, around: &Surroundings) -> Result<(), Stopped> {
        if set.challenges.is_empty() {
            return Ok(());
        }
        let path = asked::resource(self.request, false).unwrap_or_default();
        let asked = Asked { address: self.address, path: &path, now: self.now };
        for policy in &set.challenges {
            let challenge = &policy.rule;
            if !challenge.is_for(&self.decisions.identities) || !self.applies(policy) {
                continue;
            }
            let checked = match challenge.solved(&self.request.headers, &asked) {
                Err(reason) => Err(challenge.refusal(reason, &asked)),
                Ok((used, once)) => {
                    match around.counter.count(used, once, 1, nanos_now()).known().await {
                        Some(decision) if decision.conforms => Ok(()),
                        Some(_) => Err(challenge.refusal("challenge-used", &asked)),
                        None => {
                            policy.not_evaluated(NO_COUNTER, &mut self.decisions);
                            continue;
                        }
                    }
                }
            };
            self.settle(policy, checked)?;
        }
        Ok(())
    }

    /// A solution is used up before it is looked at, so that one cannot be tried many times at once.
    async fn captchas(&mut self, set: &PolicySet, around: &Surroundings) -> Result<(), Stopped> {
        for policy in &set.captchas {
            let captcha = &policy.rule;
            if self.is_review
                || !captcha.is_for(&self.decisions.identities)
                || !self.applies(policy)
            {
                continue;
            }
            let solution = match captcha.sent(&self.request.headers) {
                Ok(solution) => solution,
                Err(reason) => {
                    self.settle(policy, Err(captcha.refusal(reason)))?;
                    continue;
                }
            };
            if !policy.is_enforced() {
                policy.not_evaluated("captcha-not-asked", &mut self.decisions);
                continue;
            }
            let (key, pace) = solution.used;
            match around.counter.count(key, pace, 1, nanos_now()).known().await {
                Some(first) if !first.conforms => {
                    self.settle(policy, Err(captcha.refusal("captcha-used")))?;
                    continue;
                }
                // Whoever runs it takes a solution once too.
                Some(_) | None => {}
            }
            match captcha.verify(solution, self.address).await {
                Ok(()) => self.settle(policy, Ok(()))?,
                Err(Unsolved::Wrong(reason)) => {
                    self.settle(policy, Err(captcha.refusal(reason)))?;
                }
                Err(Unsolved::Unknown(reason)) => {
                    around.counter.forget(key, pace);
                    let refusal = || Captcha::unavailable(reason);
                    self.failed(policy, captcha.on_failure(), reason, refusal)?;
                }
            }
        }
        Ok(())
    }

    async fn quota(
        &mut self,
        policy: &Policy<Quota>,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let rule = &policy.rule;
        let Some(want) = rule.want(&self.caller(&policy.scope), self.now) else { return Ok(()) };
        let taken = if policy.is_enforced() {
            let taking = tokio::time::timeout(WAIT, around.quotas.take(want));
            let taken = taking.await.inspect_err(|_| around.quotas.pause());
            taken.ok().and_then(Result::ok)
        } else {
            around.quotas.take_soon(want)
        };
        let Some(taken) = taken else {
            if !policy.is_enforced() {
                policy.not_evaluated(NO_QUOTA, &mut self.decisions);
                return Ok(());
            }
            return self.failed(policy, rule.on_failure, NO_QUOTA, Quota::unavailable);
        };
        let remaining = if let Taken::Passed(remaining) = taken { remaining } else { 0 };
        let standing = rule.standing(&want, remaining, self.now);
        let checked = match taken {
            Taken::Passed(_) => Ok(()),
            Taken::Exhausted => Err(Quota::refusal(&standing)),
        };
        if policy.is_enforced() {
            self.limits.push(standing);
        }
        self.settle(policy, checked)
    }
}
