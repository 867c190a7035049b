//! All policies together, compiled, by kind.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use bartizan_model::{Mode, Timestamp};

pub(crate) use super::kinds::PolicySet;
use super::{
    Surroundings,
    asked::WORK,
    authorization::AuthorizationConfig,
    basic::{Basic, BasicConfig},
    binding::Binding,
    condition::ConditionConfig,
    config::{POLICIES, PolicyConfig, PolicyError, Problem},
    exception,
    https_redirect::HttpsRedirectConfig,
    introspection::{Introspected, IntrospectionConfig},
    jwt::{JwtConfig, Tokens},
    message_signature::{MessageSignatureConfig, Signatures},
    ownership::OwnershipConfig,
    rate::Limit,
    record::{Policy, Tallies},
    roles,
    scope::{Scope, ScopeConfig},
    set_aside,
    step_up::StepUp,
    vouchers::Vouchers,
};
use crate::handover::timestamp;

/// Most times that a scope is compared with a request: whether it holds it, by which pattern, and whether only an
/// exception keeps it out.
const PHASES: usize = 3;

impl PolicySet {
    /// Compiles policies; what was fetched for the same settings in `previous` is taken over.
    pub(crate) fn compile(
        policies: &[PolicyConfig],
        surroundings: &Surroundings,
        tallies: &Tallies,
        previous: Option<&Self>,
    ) -> Result<Self, PolicyError> {
        let mut set = Self::default();
        let claims = claims_asked_for(policies);
        let vouchers = Vouchers::of(policies, surroundings.has_client_certificates);
        let mut work = 0;
        let mut own: Vec<(&'static str, Scope)> = Vec::new();
        // Limits are told to whoever wrote a policy, so default ones do not count.
        if let Some(beyond) = policies.iter().filter(|policy| !policy.is_default).nth(POLICIES) {
            let problem = format!("there are more than {POLICIES} policies");
            return Err(PolicyError::new(&beyond.name, "", problem));
        }
        let stepping_back = policies.iter().filter(|policy| policy.is_default);
        let stepping_back: Vec<_> = stepping_back.flat_map(PolicyConfig::kinds).collect();
        for policy in policies {
            let item = policy.check()?;
            let name = policy.name.as_str();
            if !set.names.insert(name.to_owned()) {
                return Err(PolicyError::new(name, "name", "is taken by another policy"));
            }
            let mut scope = scope_of(policy, item.kind, &mut own)?;
            scope.number = Some(set.wanted.scopes);
            set.wanted.scopes += 1;
            set.services.extend(Named::of(policy));
            let mode = policy.mode.unwrap_or(item.mode);
            set.has_exceptions |= mode != Mode::Off && !scope.exceptions.is_empty();
            if mode != Mode::Off {
                scope.note(&mut set.wanted);
            }
            if !policy.is_default {
                // Compared once for itself, and once by each default one that steps back for it.
                let times = usize::from(mode != Mode::Off)
                    + stepping_back.iter().filter(|kind| **kind == item.kind).count();
                work += times * PHASES * scope.usual_work();
            }
            if work > WORK as usize / 2 {
                let problem = "there are more patterns, with those of the policies before, than an \
                               ordinary request can be compared with in time";
                return Err(PolicyError::new(name, "scope.paths", problem));
            }
            let outer = Outer { name, kind: item.kind, mode, scope };
            let scope = &policy.scope;
            let (claims, vouchers) = (&claims, &vouchers);
            let until = policy.until;
            let around = Around {
                name,
                scope,
                mode,
                until,
                surroundings,
                tallies,
                claims,
                vouchers,
                previous,
            };
            set.add(policy, outer, &around).map_err(|problem| problem.of(name, item.kind))?;
        }
        for flow in &set.flows {
            flow.rule.note(&mut set.wanted);
            work += flow.rule.usual_work();
            if work > WORK as usize / 2 {
                let problem = "there are more patterns than a request can be compared with in time";
                return Err(PolicyError::new(&flow.name, "flow.steps", problem));
            }
        }
        for policy in &set.conditions {
            policy.rule.note(&mut set.wanted);
        }
        // Relations ask for segments whatever the scopes ask for.
        set.wanted.paths |= !(set.owners.is_empty() && set.shown.is_empty());
        set.seed = surroundings.hash_key.seed();
        Ok(set)
    }

    fn fetched_for(&self, fresh: &Tokens) -> Option<Arc<Tokens>> {
        let mut tokens = self.tokens.iter().map(|policy| &policy.rule);
        tokens.find(|rule| rule.can_stay_for(fresh)).cloned()
    }

    fn answered_for(&self, fresh: &Introspected) -> Option<Arc<Introspected>> {
        let mut introspected = self.introspected.iter().map(|policy| &policy.rule);
        introspected.find(|rule| rule.can_stay_for(fresh)).cloned()
    }
}

/// A service that a policy names.
#[derive(Debug)]
pub(crate) struct Named {
    policy: String,
    /// Where, below the policy.
    key: String,
    service: String,
}

impl Named {
    /// Those that a policy and its exceptions name.
    fn of(policy: &PolicyConfig) -> Vec<Self> {
        let exceptions = policy.except.iter().enumerate();
        let exceptions = exceptions.map(|(at, one)| (format!("except.{at}.scope"), &one.scope));
        let scopes = std::iter::once(("scope".to_owned(), &policy.scope)).chain(exceptions);
        let named = scopes.flat_map(|(below, scope)| {
            scope.services.iter().enumerate().map(move |(at, service)| Self {
                policy: policy.name.clone(),
                key: format!("{below}.services.{at}"),
                service: service.clone(),
            })
        });
        named.collect()
    }

    /// That it is there.
    ///
    /// # Errors
    /// Says where a service is named that is not.
    pub(crate) fn check(&self, services: &[&str]) -> Result<(), PolicyError> {
        match services.contains(&self.service.as_str()) {
            true => Ok(()),
            false => {
                let problem = format!("no service is called {:?}", self.service);
                Err(PolicyError::new(&self.policy, &self.key, problem))
            }
        }
    }
}

/// Where a policy applies. `own` are the scopes of those before it, by kind.
fn scope_of(
    policy: &PolicyConfig,
    kind: &'static str,
    own: &mut Vec<(&'static str, Scope)>,
) -> Result<Scope, PolicyError> {
    let name = policy.name.as_str();
    let compile = |config: &ScopeConfig| {
        Scope::compile(config)
            .map_err(|(key, problem)| PolicyError::new(name, &format!("scope.{key}"), problem))
    };
    let mut scope = compile(&policy.scope)?;
    // Default ones come last. What is off counts too: somebody has said so. They step back also where the others
    // make exceptions.
    if policy.is_default {
        let taken = own.iter().filter(|(of, _)| *of == kind);
        scope.except = taken.map(|(_, scope)| scope.clone()).collect();
    } else {
        own.push((kind, scope.clone()));
    }
    let left_out = policy.https_redirect.iter().filter_map(HttpsRedirectConfig::left_out);
    for config in left_out {
        scope.except.push(compile(&config)?);
    }
    scope.exceptions = exception::compile(&policy.except)
        .map_err(|problem| PolicyError::new(name, &problem.key, problem.problem))?;
    scope.set_aside = set_aside::compile(&policy.set_aside, kind)
        .map_err(|problem| PolicyError::new(name, &problem.key, problem.problem))?;
    scope.kind = kind;
    Ok(scope)
}

/// The names of the claims that some policy asks for: no others are kept of a token.
fn claims_asked_for(policies: &[PolicyConfig]) -> BTreeSet<String> {
    let of_policy = |policy: &PolicyConfig| {
        let mut names: Vec<String> = Vec::new();
        names.extend(policy.authentication.iter().flat_map(|config| config.claims.keys().cloned()));
        let steps = policy.authentication.iter().filter_map(|config| config.step_up.as_ref());
        names.extend(steps.flat_map(StepUp::claims).map(str::to_owned));
        names.extend(policy.tiers().flat_map(|tier| tier.claims.keys().cloned()));
        let mut add = |name: &String| names.extend(roles::kept_for(name));
        policy.authorization.iter().flat_map(AuthorizationConfig::claims).for_each(&mut add);
        policy.ownership.iter().flat_map(OwnershipConfig::claims).for_each(&mut add);
        let conditions = policy.condition.iter().flat_map(ConditionConfig::claims);
        conditions.for_each(|name| add(&name));
        policy.properties.iter().flat_map(|config| &config.role_claims).for_each(&mut add);
        policy.shown.iter().flat_map(|config| &config.role_claims).for_each(&mut add);
        names
    };
    policies.iter().flat_map(of_policy).collect()
}

/// What a rule is compiled among.
pub(crate) struct Around<'a> {
    /// Name of the policy.
    pub(crate) name: &'a str,
    /// Where it applies.
    pub(crate) scope: &'a ScopeConfig,
    /// Its mode.
    pub(crate) mode: Mode,
    /// When a switch by hand to its mode ends.
    pub(crate) until: Option<Timestamp>,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) tallies: &'a Tallies,
    /// Claims of tokens that policies read.
    pub(crate) claims: &'a BTreeSet<String>,
    /// Who gives callers their names.
    pub(crate) vouchers: &'a Vouchers,
    /// The policies before these.
    pub(crate) previous: Option<&'a PolicySet>,
}

impl Around<'_> {
    /// The tokens of an issuer. Compiled in any case, as what has become wrong since is refused; what was
    /// fetched for the same settings before is taken over.
    pub(crate) fn tokens(&self, config: &JwtConfig) -> Result<Arc<Tokens>, Problem> {
        let mut fresh = Tokens::compile(config, self.claims, self.surroundings)?;
        self.follow(&mut fresh.binding, &config.issuer);
        let Some(kept) = self.previous.and_then(|previous| previous.fetched_for(&fresh)) else {
            return Ok(Arc::new(fresh));
        };
        kept.take_over(&fresh);
        Ok(kept)
    }

    /// The rate limit that had this name.
    pub(crate) fn limit_before(&self) -> Option<&Limit> {
        let mut rates = self.previous?.rates.iter();
        rates.find(|policy| *policy.name == *self.name).map(|policy| &*policy.rule)
    }

    /// What a server was asked about tokens; the same goes for its answers.
    pub(crate) fn introspected(
        &self,
        config: &IntrospectionConfig,
    ) -> Result<Arc<Introspected>, Problem> {
        let mut fresh = Introspected::compile(self.name, config, self.claims, self.surroundings)?;
        self.follow(&mut fresh.binding, &config.issuer);
        let kept = self.previous.and_then(|previous| previous.answered_for(&fresh));
        Ok(kept.unwrap_or_else(|| Arc::new(fresh)))
    }

    /// Proofs for credentials of an issuer are those of before, whatever policy has taken them.
    fn follow(&self, binding: &mut Binding, issuer: &str) {
        let Some(previous) = self.previous else { return };
        let now = timestamp(SystemTime::now());
        let tokens = previous.tokens.iter().map(|policy| &policy.rule);
        let tokens = tokens.filter(|rule| rule.config.issuer == issuer).map(|rule| &rule.binding);
        let asked = previous.introspected.iter().map(|policy| &policy.rule);
        let asked = asked.filter(|rule| rule.is_of(issuer)).map(|rule| &rule.binding);
        for before in tokens.chain(asked) {
            binding.following(before, now);
        }
    }

    /// Users with passwords; what is known of credentials goes on.
    pub(crate) fn basic(&self, config: &BasicConfig) -> Result<Basic, Problem> {
        let fresh = Basic::compile(config, &self.surroundings.hash_key)?;
        let before = self.before(|previous| previous.basics.as_slice());
        Ok(match before {
            Some(before) => fresh.following(before),
            None => fresh,
        })
    }

    /// Signed requests; what was signed before a reload is taken no longer than before.
    pub(crate) fn signatures(
        &self,
        config: &MessageSignatureConfig,
    ) -> Result<Signatures, Problem> {
        let fresh = Signatures::compile(self.name, config, &self.surroundings.hash_key)?;
        let before = self.before(|previous| previous.signed.as_slice());
        Ok(match before {
            Some(before) => fresh.following(before, timestamp(SystemTime::now())),
            None => fresh,
        })
    }

    /// The rule of that name and kind in the place of which this one comes.
    fn before<R>(&self, kind: impl Fn(&PolicySet) -> &[Policy<R>]) -> Option<&R> {
        let mut before = kind(self.previous?).iter();
        before.find(|policy| *policy.name == *self.name).map(|policy| &policy.rule)
    }
}

/// The outside of a policy.
pub(crate) struct Outer<'a> {
    name: &'a str,
    kind: &'static str,
    mode: Mode,
    scope: Scope,
}

impl Outer<'_> {
    pub(crate) fn add<R>(self, rule: R, list: &mut Vec<Policy<R>>, tallies: &Tallies) {
        if self.mode != Mode::Off {
            list.push(Policy::new(self.name, self.kind, self.mode, self.scope, rule, tallies));
        }
    }
}
