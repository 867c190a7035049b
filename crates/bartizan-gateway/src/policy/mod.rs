//! Inline policies: what may come in, how often, and as whom.
//!
//! A policy has a name, a mode (`off`, `monitor`, `enforce`), a scope and one rule. Each kind of
//! rule is one file with its documentation, defaults, limits, examples and tests. All policies are
//! compiled together ([`Enforcement::new`]); what cannot be compiled is refused as a whole.
//!
//! They are asked in the order of what asking costs, and what is only for some comes after it is
//! known who they are (the private module `pass` is that order): kill switches, addresses, decoys, what is gone, heads,
//! rates by address, metadata for clients, preflight requests, keys, tokens, signatures, required authentication,
//! authorisation, conditions, rates by principal; then, with the body (the private module `inspection`), its size, who signed it,
//! who a message of SOAP is from, what it calls and whose it is, its schema and its
//! contract, what it says in the words of its protocol (`spoken`), what of it is good once, and detectors.

pub mod address;
pub mod api_key;
mod asked;
pub mod authentication;
pub mod authorization;
pub mod basic;
mod bearer;
mod binding;
pub mod break_glass;
mod breaking;
mod called;
pub mod captcha;
pub mod challenge;
pub mod concurrency;
pub mod condition;
pub mod config;
pub mod cors;
#[cfg(test)]
mod cost;
mod credential;
pub mod decoy;
mod defaults;
pub mod deprecation;
pub mod detectors;
mod dress;
mod effects;
pub mod exception;
mod fetch;
mod files;
pub mod flow;
pub mod geo;
pub mod graphql;
pub mod grpc;
pub mod headers;
pub mod https_redirect;
mod identity;
mod inspection;
pub mod introspection;
pub mod json_rpc;
pub mod jwt;
pub mod kill_switch;
mod kinds;
mod lasting;
pub mod leak;
pub mod login;
pub mod logout;
mod look_ups;
pub mod message_signature;
pub mod names;
pub mod openapi;
mod owners;
pub mod ownership;
pub mod page_size;
mod pass;
mod place;
pub mod properties;
pub mod protected_resource;
pub mod quota;
pub mod rate;
mod rate_table;
mod reached;
mod reading;
mod readings;
mod recent;
mod record;
pub mod request_headers;
mod rights;
mod roles;
pub mod schema;
pub mod scope;
pub mod security_txt;
mod set;
mod set_aside;
pub mod shown;
pub mod single_use;
pub mod size;
pub mod soap;
mod spelling;
mod spoken;
pub mod step_up;
mod surroundings;
mod time;
pub mod transfer;
pub mod upload;
pub mod upstream_errors;
pub mod url_values;
pub mod verified_bots;
mod vouchers;
pub mod webhook;
pub mod websocket;
mod window;
mod work;
pub mod ws_security;
pub mod xml_rpc;

use std::{
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context as Task, Poll, Waker},
    time::Instant,
};

use bartizan_model::{KeyedHash, Mode, Timestamp};
use http::{header, request, response};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

use self::{
    breaking::Breaking,
    pass::{Pass, Stage},
    readings::Readings,
    record::Tallies,
    set::PolicySet,
};
use crate::{
    call::Call,
    handover::Finished,
    messages::Watching,
    phases::{BodyView, Decision, Policies, Step},
    websocket::Message,
};

pub use self::{
    api_key::{KeyTable, keep_up},
    breaking::{WouldBreak, WouldBreakAll},
    config::{PolicyConfig, PolicyError},
    exception::ExceptionConfig,
    files::secret,
    identity::{Claims, ClientCertificate, Identity},
    kinds::ITEMS,
    lasting::{DenyTable, ReplayTable},
    look_ups::LookUps,
    openapi::{LearnedConfig, LearnedContract, LearnedContracts},
    owners::OwnerTable,
    quota::QuotaLedger,
    rate::{MeasuredRate, ProposedRate},
    rate_table::RateTable,
    reached::{Came, Reached},
    record::{Applied, Decisions, PolicyTally},
    scope::{Reach, ScopeConfig},
    set_aside::{MOST_SET_ASIDE, SetAside, can_be_set_aside},
    surroundings::Surroundings,
    webhook::{FailedDeliveries, FailedReceiver, Told},
};
pub(crate) use self::{
    concurrency::Permits,
    effects::Effects,
    grpc::close_streams,
    identity::{of_address, of_network},
    inspection::JudgedHandshake,
    websocket::MessagePace,
};

/// What there is to say about a kind of policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyItem {
    /// Its key in the configuration.
    pub kind: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its mode when the configuration names none.
    pub mode: Mode,
    /// What it does, with its limits and what happens at them.
    pub documentation: &'static str,
    /// Policies of this kind, as YAML. Each can be compiled.
    pub examples: &'static [&'static str],
}

/// Compiled policies, put before a gateway. They never change: a reload compiles others
/// ([`Enforcement::successor`]) and gives them to the gateway, which swaps them in with everything
/// else, so that a call sees one generation from its beginning to its end.
#[derive(Debug)]
pub struct Enforcement {
    set: Arc<PolicySet>,
    surroundings: Surroundings,
    tallies: Tallies,
    breaking: Breaking,
    incomplete_counts: Counter,
    over_budget: Counter,
}

/// Where rates begin to count time: one moment for all policies of the process, so that counters
/// outlive them.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

fn nanos_now() -> u64 {
    u64::try_from(EPOCH.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

impl Enforcement {
    /// Compiles policies.
    ///
    /// # Errors
    /// Names policy and key of the first that cannot be compiled.
    pub fn new(policies: &[PolicyConfig], surroundings: Surroundings) -> Result<Self, PolicyError> {
        let tallies = Tallies::default();
        let set = Arc::new(PolicySet::compile(policies, &surroundings, &tallies, None)?);
        let (incomplete_counts, over_budget) = (Counter::default(), Counter::default());
        let breaking = Breaking::default();
        Ok(Self { set, surroundings, tallies, breaking, incomplete_counts, over_budget })
    }

    /// Compiles other policies, to take the place of these; these stay as they are. Counts, metrics,
    /// API keys and fetched key sets go on.
    ///
    /// # Errors
    /// As [`Enforcement::new`].
    pub fn successor(&self, policies: &[PolicyConfig]) -> Result<Self, PolicyError> {
        let set = PolicySet::compile(policies, &self.surroundings, &self.tallies, Some(&self.set))?;
        Ok(Self {
            set: Arc::new(set),
            surroundings: self.surroundings.clone(),
            tallies: self.tallies.clone(),
            breaking: self.breaking.clone(),
            incomplete_counts: self.incomplete_counts.clone(),
            over_budget: self.over_budget.clone(),
        })
    }

    /// That there are the services that policies name: one that is misspelt would leave its policy without effect.
    ///
    /// # Errors
    /// Names policy and key of the first that is not there.
    pub fn check_services(&self, services: &[&str]) -> Result<(), PolicyError> {
        self.set.services.iter().try_for_each(|named| named.check(services))
    }

    /// Fetches key sets for the first time. What fails is told to [`Surroundings::look_ups`] and tried
    /// again when a token needs it.
    pub async fn warm(&self) {
        for policy in &self.set.tokens {
            policy.rule.warm().await;
        }
    }

    /// Forgets what was counted for policies that are not among these: when these are in force, and
    /// when others were refused. What calls under way still count for one that is gone stays until
    /// the next time.
    pub fn forget_others(&self) {
        self.tallies.forget_others(&self.set.names);
        self.breaking.forget_others(&self.set.names);
    }

    /// Names of the policies that count failed logins of accounts, and a hash that stands for this one.
    #[must_use]
    pub fn locks_of(&self, account: &str) -> (Vec<String>, KeyedHash) {
        let names = self.set.logins.iter().map(|policy| policy.name.to_string());
        (names.collect(), login::account_hash(&self.surroundings.hash_key, account))
    }

    /// Forgets the failed logins of an account, so that it is no longer locked, for all policies that count them.
    pub fn unlock(&self, account: &str) {
        for policy in &self.set.logins {
            let (key, pace) = policy.rule.lock_of(account);
            self.surroundings.counter.forget(key, pace);
        }
    }

    /// Adds the counters of policies to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Decisions of policies by mode and outcome";
        registry.register("policy_decisions", help, self.tallies.decisions.clone());
        let help = "Refusals of policies, and what they could not evaluate, by outcome and reason";
        registry.register("policy_reasons", help, self.tallies.reasons.clone());
        let help = "Rates counted after something that matters was forgotten";
        registry.register("policy_incomplete_counts", help, self.incomplete_counts.clone());
        let help = "Requests with more to compare with scopes than there is time for";
        registry.register("policy_scopes_over_budget", help, self.over_budget.clone());
        self.surroundings.look_ups.register(registry);
        self.surroundings.failed_deliveries.register(registry);
    }

    /// What was counted for the policy of this name since the process began, in whatever mode it was.
    #[must_use]
    pub fn tally(&self, policy: &str) -> PolicyTally {
        self.tallies.tally(policy)
    }

    /// How often callers asked where the rate limit of this name applies, rate by rate; nothing for policies of other
    /// kinds and for those that are off.
    #[must_use]
    pub fn measured(&self, policy: &str, now: Timestamp) -> Vec<MeasuredRate> {
        let limit = self.set.rates.iter().find(|one| *one.name == *policy);
        limit.map_or_else(Vec::new, |limit| limit.rule.measured(now))
    }

    /// The clients that the policy of this name would break: those whose requests it would have refused since the
    /// process began, in monitor mode.
    #[must_use]
    pub fn would_break(&self, policy: &str) -> WouldBreakAll {
        self.breaking.of(policy)
    }

    /// What policies decided about a call; `None` before they were asked.
    #[must_use]
    pub fn decisions(call: &Call) -> Option<&Decisions> {
        call.extension()
    }
}

/// Nearly always everything is known at once, and the gateway need not wait. If not, the gateway asks again
/// at once, and then is woken.
fn at_once<'a>(mut answer: Pin<Box<dyn Future<Output = Decision> + Send + 'a>>) -> Step<'a> {
    match answer.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(None) => Step::Continue,
        Poll::Ready(Some(reply)) => Step::Reply(reply),
        Poll::Pending => Step::Later(answer),
    }
}

impl Policies for Enforcement {
    fn check(&self, services: &[&str]) -> Result<(), PolicyError> {
        self.check_services(services)
    }

    fn request_filter<'a>(&'a self, call: &'a mut Call, request: &'a request::Parts) -> Step<'a> {
        let set = Arc::clone(&self.set);
        at_once(Box::pin(async move {
            let mut pass = Pass::new(set, call, request);
            let stopped = pass.run(&self.surroundings, &self.incomplete_counts).await;
            let mut reply = match pass.finish(call, stopped) {
                Some(reply) => reply,
                // A handshake has no body, so that the phase of bodies does not come.
                None if request.headers.contains_key(header::UPGRADE) => {
                    Box::new(inspection::handshake(call)?.into_reply())
                }
                None => return None,
            };
            if let Some(stage) = call.extension::<Stage>() {
                dress::dress(stage, call, &mut reply);
            }
            Some(reply)
        }))
    }

    fn logging(&self, finished: &Finished) {
        let call = finished.call();
        if call.extension::<Stage>().is_some_and(Stage::is_over) {
            self.over_budget.inc();
        }
        // What is left of the exchange waits for the judgement; nothing of it is under way any more.
        for permit in call.extension::<Permits>().iter().flat_map(|permits| &permits.0) {
            permit.leave();
        }
        self.breaking.note(call, &self.surroundings.hash_key);
        webhook::left(call, &self.surroundings.failed_deliveries);
        // Those that were answered are settled.
        single_use::ended(call);
        let counter = self.surroundings.counter.as_ref();
        flow::ended(call);
        login::ended(call, counter);
        transfer::ended(call, counter);
    }

    fn grpc_messages(
        &self,
        call: &mut Call,
        response: Option<&response::Parts>,
    ) -> Option<Watching> {
        let stage = call.extension::<Stage>()?.clone();
        grpc::watching(&stage, call, response)
    }

    fn websocket_message(
        &self,
        call: &mut Call,
        handshake: &request::Parts,
        message: &Message,
    ) -> bool {
        let set = &self.set;
        let is_asked = !set.sockets.is_empty()
            || (message.from_client
                && !(set.detectors.is_empty()
                    && set.graphql.is_empty()
                    && set.json_rpc.is_empty()
                    && set.shown.is_empty()
                    && !rights::asks_of_messages(set)));
        if !is_asked {
            return true;
        }
        let stage = Stage::new(Arc::clone(set), call, handshake);
        stage.note(call.extensions().get_or_insert_default());
        inspection::message(&stage, call, message).is_none()
    }

    fn websocket_review<'a>(
        &'a self,
        call: &'a mut Call,
        handshake: &'a request::Parts,
    ) -> Step<'a> {
        let set = Arc::clone(&self.set);
        Step::Later(Box::pin(async move {
            Pass::review(set, &self.surroundings, call, handshake).await.err()
        }))
    }

    fn request_body<'a>(
        &'a self,
        call: &'a mut Call,
        request: &'a request::Parts,
        body: BodyView<'a>,
    ) -> Step<'a> {
        let Some(stage) = call.extension::<Stage>().cloned() else { return Step::Continue };
        let refusal = inspection::sealed(&stage, call, &request.headers, body);
        if let Some(refusal) = refusal {
            return Step::Reply(dress::reply(&stage, call, refusal));
        }
        let mut readings = Readings::of_request(&stage, call, Some(request), body);
        let is_awaited = ws_security::is_awaited(&stage, &request.headers);
        if !is_awaited {
            if let Some(refusal) = inspection::whole(&stage, call, body, &mut readings) {
                return Step::Reply(dress::reply(&stage, call, refusal));
            }
            if !login::may_ask(&stage, request) && !webhook::may_ask(call) {
                return Step::Continue;
            }
        }
        at_once(Box::pin(async move {
            if is_awaited {
                let refusal = ws_security::ask(&stage, call, body, &self.surroundings).await;
                let refusal =
                    refusal.or_else(|| inspection::whole(&stage, call, body, &mut readings));
                if let Some(refusal) = refusal {
                    return Some(dress::reply(&stage, call, refusal));
                }
            }
            let said = (body, &mut readings);
            let refusal = login::ask(&stage, call, request, said, &self.surroundings).await;
            if let Some(refusal) = refusal {
                return Some(dress::reply(&stage, call, refusal));
            }
            let mut answer = webhook::ask(&stage, call, request, &self.surroundings).await?;
            dress::dress(&stage, call, &mut answer);
            Some(Box::new(answer))
        }))
    }

    fn response_body<'a>(
        &'a self,
        call: &'a mut Call,
        response: &'a response::Parts,
        body: BodyView<'a>,
    ) -> Step<'a> {
        let Some(stage) = call.extension::<Stage>().cloned() else { return Step::Continue };
        match inspection::answer(&stage, call, response, body) {
            Some(refusal) => Step::Reply(dress::reply(&stage, call, refusal)),
            None => Step::Continue,
        }
    }

    fn response_filter<'a>(
        &'a self,
        call: &'a mut Call,
        response: &'a response::Parts,
    ) -> Step<'a> {
        let Some(stage) = call.extension::<Stage>().cloned() else { return Step::Continue };
        logout::ended(&stage, call, response.status, self.surroundings.denied.as_ref());
        let counter = self.surroundings.counter.as_ref();
        login::answered(&stage, call, response.status, counter);
        flow::answered(call, response.status, counter);
        single_use::answered(call, response.status);
        webhook::answered(call, response.status);
        dress::response(&stage, call, response);
        Step::Continue
    }
}

#[cfg(test)]
mod tests;
