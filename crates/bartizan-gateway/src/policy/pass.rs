//! One head on its way past the policies, cheap ones first.

mod proofs;
mod signed;
mod tokens;

use std::{net::IpAddr, sync::Arc};

use bartizan_model::{PrincipalKind, Timestamp};
use http::{HeaderName, HeaderValue, request};
use prometheus_client::metrics::counter::Counter;

use self::tokens::Presenter;
use super::{
    Surroundings,
    asked::{Asked, Form},
    concurrency::Permits,
    cors::Cors,
    flow::Steps,
    identity::{ClientCertificate, Identity},
    message_signature::Signed,
    rate::{self, Standing},
    record::{Decisions, Outcome, Policy, Refusal},
    scope::{Reach, Scope},
    set::PolicySet,
    transfer::Charges,
    ws_security,
};
use crate::{
    call::Call,
    forward::own_keys::HIDDEN,
    handover::timestamp,
    phases::{Decision, Reply},
    snapshot::Snapshot,
};

mod amounts;
mod basic;
mod conditions;
mod edge;
mod own_keys;

pub(super) use self::edge::EXCEPTED;

/// What later phases need: the policies that the call began with, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) set: Arc<PolicySet>,
    asked: Arc<Asked>,
}

impl Stage {
    pub(crate) fn new(set: Arc<PolicySet>, call: &Call, request: &request::Parts) -> Self {
        let now = timestamp(call.time);
        let asked = Asked::new(set.wanted, call.authority(), request);
        let service = call.service().filter(|_| set.wanted.services);
        let mut asked = asked.for_service(service).at(now);
        for policy in set.glasses.iter().filter(|policy| policy.is_enforced()) {
            if policy.rule.is_broken(now) && policy.scope.reach(&asked).is_sure() {
                asked.bypass(policy.rule.kinds());
            }
        }
        Self { set, asked: Arc::new(asked) }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(wanted: super::scope::Wanted, request: &request::Parts) -> Self {
        let host = request.headers.get("host").and_then(|host| host.to_str().ok());
        let asked = Arc::new(Asked::new(wanted, host, request));
        Self { set: Arc::default(), asked }
    }

    /// Keeps with decisions what they are about.
    pub(crate) fn note(&self, decisions: &mut Decisions) {
        decisions.asked = Some(Arc::clone(&self.asked));
    }

    /// Number of the first path pattern of a scope that holds the call in one of its readings.
    pub(crate) fn pattern(&self, scope: &Scope) -> Option<usize> {
        scope.pattern(&self.asked)
    }

    /// Whether a scope holds the call.
    pub(crate) fn reach(&self, scope: &Scope) -> Reach {
        self.asked.reach(scope)
    }

    /// Whether a scope would hold the call, but for an exception.
    pub(crate) fn is_excepted(&self, scope: &Scope) -> bool {
        scope.is_excepted(&self.asked)
    }

    /// Whether there was too much to compare with scopes.
    pub(crate) fn is_over(&self) -> bool {
        self.asked.is_over()
    }

    /// All readings of its path, as it was sent; `None` when there is too much to compare.
    pub(crate) fn paths(&self) -> Option<&[Form]> {
        self.asked.paths(false)
    }

    /// Its method, and those that an upstream may take instead; `None` when it names too many.
    pub(crate) fn methods(&self) -> Option<impl Iterator<Item = &str>> {
        self.asked.methods().map(|methods| methods.map(http::Method::as_str))
    }

    /// Host and port that it names.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.asked.authority()
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
    /// The service that it is for.
    service: (Arc<Snapshot>, Option<usize>),
    decisions: Decisions,
    /// Enforced limits that were asked.
    limits: Vec<Standing>,
    /// What it is charged with when it has ended.
    charges: Charges,
    /// That it is under way.
    permits: Permits,
    /// Steps of flows that it is.
    steps: Steps,
    /// Fields with own keys that do not go on; what is kept of the exchange names the key's id.
    hidden: Vec<(HeaderName, Option<Arc<str>>)>,
    /// Whether it is not a new head, but one that was let in before.
    is_review: bool,
    /// Whether it cannot be told now, in a review, who asks.
    is_undecided: bool,
    presenter: Presenter,
    /// Signatures that are good.
    signed: Signed,
    /// When it came first, where it is replayed.
    came: Option<Timestamp>,
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
        let stage = Stage::new(set, call, request);
        stage.note(&mut decisions);
        Self {
            stage,
            request,
            address: call.client(),
            now: timestamp(call.time),
            service: (Arc::clone(&call.snapshot), call.service),
            decisions,
            limits: Vec::new(),
            charges: Charges::default(),
            permits: Permits::default(),
            steps: Steps::default(),
            hidden: Vec::new(),
            is_review: false,
            is_undecided: false,
            presenter: Presenter::of(call),
            signed: Signed::default(),
            came: call.link.peer.replay.as_ref().map(|replay| replay.came()),
        }
    }

    /// Asks again whether a head that was let in before still would be: by who it is and where it
    /// comes from, not by how much. Only what is enforced counts.
    pub(crate) async fn review(
        set: Arc<PolicySet>,
        around: &Surroundings,
        call: &mut Call,
        request: &'a request::Parts,
    ) -> Result<(), Stopped> {
        let mut pass = Self { is_review: true, ..Self::new(Arc::clone(&set), call, request) };
        pass.killed(&set)?;
        pass.whence(&set)?;
        pass.handshake(&set)?;
        pass.own_keys(&set, around).await?;
        pass.basic(&set).await?;
        pass.tokens(&set, around).await?;
        pass.signatures(&set, around).await?;
        if pass.is_undecided {
            // Who was let in is not put out because others keep us busy; the next review asks again.
            return Ok(());
        }
        for policy in &set.required {
            pass.ask(policy, |rule, pass| rule.check(&pass.decisions.identities, pass.now))?;
        }
        pass.authorize(&set)?;
        pass.conditions(&set)
    }

    /// Asks all policies, until one of those that are enforced stops the head.
    pub(crate) async fn run(
        &mut self,
        around: &Surroundings,
        incomplete: &Counter,
    ) -> Result<(), Stopped> {
        let set = Arc::clone(&self.stage.set);
        self.left_out(&set);
        self.killed(&set)?;
        self.whence(&set)?;
        self.edge(&set)?;
        for policy in &set.sizes {
            self.ask(policy, |rule, pass| rule.check_head(pass.request))?;
        }
        self.early_amounts(&set, around, incomplete).await?;
        self.deliveries(&set)?;
        self.metadata(&set)?;
        self.preflight(&set)?;
        self.handshake(&set)?;
        self.own_keys(&set, around).await?;
        self.basic(&set).await?;
        self.tokens(&set, around).await?;
        self.signatures(&set, around).await?;
        let is_awaited = ws_security::is_awaited(&self.stage, &self.request.headers);
        for policy in &set.required {
            if !(is_awaited && policy.rule.takes_messages()) {
                self.ask(policy, |rule, pass| rule.check(&pass.decisions.identities, pass.now))?;
            }
        }
        if !is_awaited {
            self.authorize(&set)?;
            self.conditions(&set)?;
        }
        for policy in &set.page_sizes {
            self.ask(policy, |rule, pass| rule.check(&pass.request.uri))?;
        }
        self.late_amounts(&set, around, incomplete).await
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
        let fields = rate::fields(&self.limits);
        if let Some(shown) = self.presenter.shown() {
            call.extensions().insert(shown);
        }
        call.extensions().insert(self.decisions);
        if !self.signed.0.is_empty() {
            call.extensions().insert(self.signed);
        }
        if !self.charges.0.is_empty() {
            call.extensions().insert(self.charges);
        }
        if !self.steps.0.is_empty() {
            call.extensions().insert(self.steps);
        }
        if !self.permits.0.is_empty() {
            call.extensions().insert(self.permits);
        }
        call.extensions().insert(self.stage);
        match stopped {
            Ok(()) => {
                edge::edit_request(call);
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
        self.hide_password();
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

    /// Where the client connects from.
    fn whence(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.addresses {
            self.ask(policy, |rule, pass| rule.check(pass.address))?;
        }
        for policy in &set.places {
            if !self.applies(policy) {
                continue;
            }
            match policy.rule.check(self.address) {
                Ok(Some(_)) if self.is_review => {}
                Ok(Some(reason)) => policy.not_evaluated(reason, &mut self.decisions),
                Ok(None) => self.settle(policy, Ok(()))?,
                Err(refusal) => self.settle(policy, Err(refusal))?,
            }
        }
        for policy in &set.bots {
            self.ask(policy, |rule, pass| rule.check(pass.address, &pass.request.headers))?;
        }
        Ok(())
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

    /// What clients may read about how to get a token.
    fn metadata(&mut self, set: &PolicySet) -> Result<(), Stopped> {
        for policy in &set.metadata {
            let (method, path) = (&self.request.method, self.request.uri.path());
            let Some(reply) = policy.rule.answer(method, path) else { continue };
            if self.stage.reach(&policy.scope).is_sure() && policy.acts() {
                return Err(Box::new(reply));
            }
        }
        Ok(())
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
}
