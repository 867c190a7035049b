//! One head on its way past the policies, cheap ones first.

use std::{net::IpAddr, sync::Arc};

use bartizan_model::{
    PrincipalKind, Timestamp,
    counters::{Completeness, Counted, RateCounter, RateDecision},
};
use http::{HeaderName, HeaderValue, request};
use prometheus_client::metrics::counter::Counter;

use super::{
    asked::{Asked, Form},
    cors::Cors,
    identity::{ClientCertificate, Identity},
    jwt::{self, Presented, Tokens},
    nanos_now,
    rate::{self, Limit, OnFailure},
    record::{Decisions, Outcome, Policy, Refusal},
    scope::{Reach, Scope},
    set::PolicySet,
};
use crate::{
    call::Call,
    forward::own_keys::HIDDEN,
    handover::timestamp,
    phases::{Decision, Reply},
};

/// What later phases need: the policies that the call began with, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) set: Arc<PolicySet>,
    asked: Arc<Asked>,
}

impl Stage {
    pub(crate) fn new(set: Arc<PolicySet>, call: &Call, request: &request::Parts) -> Self {
        let asked = Arc::new(Asked::new(set.wanted, call.authority(), request));
        Self { set, asked }
    }

    /// Whether a scope holds the call.
    pub(crate) fn reach(&self, scope: &Scope) -> Reach {
        scope.reach(&self.asked)
    }

    /// Whether there was too much to compare with scopes.
    pub(crate) fn is_over(&self) -> bool {
        self.asked.is_over()
    }

    /// All readings of its path, as it was sent; `None` when there is too much to compare.
    pub(crate) fn paths(&self) -> Option<&[Form]> {
        self.asked.paths(false)
    }

    /// Whether a policy that restricts applies to the call.
    pub(crate) fn is_in(&self, scope: &Scope) -> bool {
        self.reach(scope).is_possible()
    }
}

/// Why a policy in monitor mode was not asked.
const OVER_BUDGET: &str = "scope-over-budget";

/// The answer to a head that goes no further.
type Stopped = Box<Reply>;

/// A head under way.
pub(crate) struct Pass<'a> {
    stage: Stage,
    request: &'a request::Parts,
    address: IpAddr,
    now: Timestamp,
    decisions: Decisions,
    /// Enforced limits that were asked.
    limits: Vec<(Arc<Limit>, RateDecision)>,
    /// Fields with own keys that do not go on; what is kept of the exchange names the key's id.
    hidden: Vec<(HeaderName, Option<Arc<str>>)>,
    /// Whether it is not a new head, but one that was let in before.
    is_review: bool,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(set: Arc<PolicySet>, call: &mut Call, request: &'a request::Parts) -> Self {
        let mut decisions = Decisions::default();
        if let Some(certificate) = call.extensions().get::<ClientCertificate>() {
            decisions.identities.push(Identity {
                kind: PrincipalKind::Certificate,
                issuer: "".into(),
                subject: Arc::clone(&certificate.subject),
                owner: "".into(),
                scopes: Arc::from([]),
                claims: Arc::default(),
            });
        }
        Self {
            stage: Stage::new(set, call, request),
            request,
            address: call.client(),
            now: timestamp(call.time),
            decisions,
            limits: Vec::new(),
            hidden: Vec::new(),
            is_review: false,
        }
    }

    /// Asks again whether a head that was let in before still would be: by who it is and where it
    /// comes from, not by how much. Only what is enforced counts.
    pub(crate) async fn review(
        set: Arc<PolicySet>,
        call: &mut Call,
        request: &'a request::Parts,
    ) -> Result<(), Stopped> {
        let mut pass = Self { is_review: true, ..Self::new(Arc::clone(&set), call, request) };
        for policy in &set.addresses {
            pass.ask(policy, |rule, pass| rule.check(pass.address))?;
        }
        pass.handshake(&set)?;
        pass.own_keys(&set)?;
        pass.tokens(&set).await?;
        for policy in &set.required {
            pass.ask(policy, |rule, pass| rule.check(&pass.decisions.identities))?;
        }
        pass.authorize(&set)
    }

    /// Asks all policies, until one of those that are enforced stops the head.
    pub(crate) async fn run(
        &mut self,
        counter: &dyn RateCounter,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        let set = Arc::clone(&self.stage.set);
        for policy in &set.addresses {
            self.ask(policy, |rule, pass| rule.check(pass.address))?;
        }
        for policy in &set.sizes {
            self.ask(policy, |rule, pass| rule.check_head(pass.request))?;
        }
        for policy in set.rates.iter().filter(|policy| policy.rule.is_early()) {
            self.rate(policy, counter, incomplete).await?;
        }
        self.preflight(&set)?;
        self.handshake(&set)?;
        self.own_keys(&set)?;
        self.tokens(&set).await?;
        for policy in &set.required {
            self.ask(policy, |rule, pass| rule.check(&pass.decisions.identities))?;
        }
        self.authorize(&set)?;
        for policy in set.rates.iter().filter(|policy| !policy.rule.is_early()) {
            self.rate(policy, counter, incomplete).await?;
        }
        Ok(())
    }

    /// Hands over to the call what is to be done to it, and gives the answer if there is one.
    pub(crate) fn finish(mut self, call: &mut Call, stopped: Result<(), Stopped>) -> Decision {
        if stopped.is_err() {
            self.hide_keys();
        }
        for (name, id) in &self.hidden {
            call.to_upstream().remove(name.clone());
            let shown = id.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
            let shown = shown.unwrap_or(HeaderValue::from_static(HIDDEN));
            for (_, value) in call.request_fields.iter_mut().filter(|(known, _)| known == name) {
                *value = shown.clone();
            }
        }
        let limits: Vec<_> = self.limits.iter().map(|(limit, d)| (limit.as_ref(), *d)).collect();
        let fields = rate::fields(&limits);
        call.extensions().insert(self.decisions);
        call.extensions().insert(self.stage);
        match stopped {
            Ok(()) => {
                for (name, value) in fields {
                    call.to_client().set(name, value);
                }
                None
            }
            Err(mut reply) => {
                reply.headers.extend(fields);
                Some(reply)
            }
        }
    }

    /// Keys are kept nowhere, also when the head was stopped before anybody looked at them.
    fn hide_keys(&mut self) {
        let keys = self.stage.set.keys.iter().filter(|policy| !policy.rule.forward);
        let fields = keys
            .filter(|policy| self.is_in(policy))
            .flat_map(|policy| policy.rule.fields_with_keys(&self.request.headers));
        let unseen = fields.filter(|name| !self.hidden.iter().any(|(known, _)| known == name));
        let unseen: Vec<_> = unseen.map(|name| (name, None)).collect();
        self.hidden.extend(unseen);
    }

    fn is_in<R>(&self, policy: &Policy<R>) -> bool {
        self.stage.is_in(&policy.scope)
    }

    /// Whether a policy is to be asked. In monitor mode it is not where there was too much to compare: what
    /// it would do about an ordinary request is not known.
    fn applies<R>(&mut self, policy: &Policy<R>) -> bool {
        match self.stage.reach(&policy.scope) {
            Reach::Out => false,
            Reach::Perhaps if self.stage.is_over() && !policy.is_enforced() => {
                if !self.is_review {
                    policy.not_evaluated(OVER_BUDGET, &mut self.decisions);
                }
                false
            }
            Reach::Perhaps | Reach::Surely => true,
        }
    }

    fn ask<R>(
        &mut self,
        policy: &Policy<R>,
        check: impl FnOnce(&R, &Self) -> Result<(), Refusal>,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let checked = check(&policy.rule, self);
        self.settle(policy, checked)
    }

    fn settle<R>(
        &mut self,
        policy: &Policy<R>,
        checked: Result<(), Refusal>,
    ) -> Result<(), Stopped> {
        if self.is_review && (checked.is_ok() || !policy.is_enforced()) {
            return Ok(());
        }
        match checked {
            Ok(()) => {
                policy.count(Outcome::Passed);
                Ok(())
            }
            Err(refusal) => match policy.refuse(refusal, &mut self.decisions) {
                Some(refusal) => Err(Box::new(refusal.into_reply())),
                None => Ok(()),
            },
        }
    }

    /// Every policy must let the head pass; those that deny the rest do when one of the others surely allows it.
    fn authorize(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        let heads = set.authorizations.iter().filter(|policy| !policy.rule.is_about_calls());
        let mut is_allowed = false;
        for policy in heads.clone().filter(|policy| !policy.rule.is_rest()) {
            if !self.applies(policy) {
                continue;
            }
            let checked = policy.rule.check(&self.decisions.identities);
            is_allowed |= checked.is_ok() && self.stage.reach(&policy.scope).is_sure();
            self.settle(policy, checked)?;
        }
        for policy in heads.filter(|policy| policy.rule.is_rest()) {
            self.ask(policy, |rule, pass| match is_allowed {
                true => Ok(()),
                false => Err(rule.refusal(&pass.decisions.identities)),
            })?;
        }
        Ok(())
    }

    async fn rate(
        &mut self,
        policy: &Policy<Arc<Limit>>,
        counter: &dyn RateCounter,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        if !self.applies(policy) {
            return Ok(());
        }
        let limit = &policy.rule;
        let key = limit.key(self.address, &self.decisions.identities);
        let counted = match counter.count(key, limit.rate, limit.cost, nanos_now()) {
            Counted::Now(decision) => Ok(decision),
            Counted::Later(later) => later.await,
        };
        let Ok(decision) = counted else {
            return match limit.on_failure {
                OnFailure::Open => {
                    policy.not_evaluated("counter-unavailable", &mut self.decisions);
                    Ok(())
                }
                OnFailure::Closed => self.settle(policy, Err(Limit::unavailable())),
            };
        };
        if decision.completeness == Completeness::Incomplete {
            incomplete.inc();
        }
        if policy.is_enforced() {
            self.limits.push((Arc::clone(limit), decision));
        }
        let checked = if decision.conforms { Ok(()) } else { Err(limit.refusal(decision)) };
        self.settle(policy, checked)
    }

    fn preflight(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.cors {
            let reach = self.stage.reach(&policy.scope);
            if reach == Reach::Out {
                continue;
            }
            let preflight = policy.rule.preflight(&self.request.method, &self.request.headers);
            match preflight {
                None => {}
                Some(Ok(_)) if !reach.is_sure() => self.settle(policy, Err(Cors::ambiguous()))?,
                Some(Ok(reply)) if policy.acts() => return Err(Box::new(reply)),
                Some(Ok(_)) => {}
                Some(Err(refusal)) => self.settle(policy, Err(refusal))?,
            }
        }
        Ok(())
    }

    /// Whether the page that asks may open a WebSocket; the first policy that is enforced decides.
    fn handshake(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.cors {
            if !self.applies(policy) {
                continue;
            }
            let is_sure = self.stage.reach(&policy.scope).is_sure();
            let (fields, host) = (&self.request.headers, self.stage.asked.authority());
            let Some(checked) = policy.rule.handshake(fields, host, is_sure) else { break };
            self.settle(policy, checked)?;
            if policy.is_enforced() {
                break;
            }
        }
        Ok(())
    }

    fn own_keys(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.keys {
            if !self.is_in(policy) {
                continue;
            }
            let Some(looked) = policy.rule.look(&self.request.headers, self.now) else { continue };
            let (shown, checked) = match looked.checked {
                Ok(identity) => {
                    let shown = Arc::clone(&identity.subject);
                    // To identify somebody is to grant: not where the scope only may be meant.
                    let is_sure = self.stage.reach(&policy.scope).is_sure();
                    if is_sure && !self.decisions.identities.contains(&identity) {
                        self.decisions.identities.push(identity);
                    }
                    (Some(shown), Ok(()))
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

    /// Policies that look at the same field share the tokens in it: each is for the one of its
    /// issuer.
    async fn tokens(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        let group: Vec<&Policy<Arc<Tokens>>> =
            set.tokens.iter().filter(|policy| self.is_in(policy)).collect();
        for (at, leader) in group.iter().enumerate() {
            let has_same =
                |policy: &&&Policy<Arc<Tokens>>| policy.rule.header == leader.rule.header;
            if group[..at].iter().any(|policy| has_same(&policy)) {
                continue;
            }
            let same: Vec<_> = group.iter().filter(has_same).copied().collect();
            // Whatever nobody is for falls to one that acts, if there is one.
            let strict = same.iter().find(|policy| policy.is_enforced()).copied().unwrap_or(leader);
            let text = match leader.rule.presented(&self.request.headers) {
                Presented::Nothing => continue,
                Presented::Several => {
                    self.settle(strict, Err(jwt::refusal("several-credentials")))?;
                    continue;
                }
                Presented::Token(text) => text,
            };
            let mut known = same.iter().filter_map(|policy| {
                policy.rule.remembered(text, self.now).map(|identity| (*policy, Ok(identity)))
            });
            let (policy, verified) = match known.next() {
                Some(known) => known,
                None => {
                    let issuer = jwt::claimed_issuer(text);
                    let is_for = |policy: &&&Policy<Arc<Tokens>>| {
                        issuer.as_ref() == Some(&policy.rule.config.issuer)
                    };
                    let policy = same.iter().find(is_for).copied().unwrap_or(strict);
                    (policy, policy.rule.verify(text, self.now).await)
                }
            };
            let checked = match verified {
                Ok(identity) => {
                    if self.stage.reach(&policy.scope).is_sure() {
                        self.decisions.identities.push(identity);
                    }
                    Ok(())
                }
                Err(code) => Err(jwt::refusal(code)),
            };
            self.settle(policy, checked)?;
        }
        Ok(())
    }
}
