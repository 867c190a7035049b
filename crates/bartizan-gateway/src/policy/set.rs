//! All policies together, compiled, by kind.

use std::{collections::BTreeSet, sync::Arc};

use bartizan_model::{Mode, Timestamp};

pub(crate) use super::kinds::PolicySet;
use super::{
    Surroundings,
    asked::WORK,
    authorization::AuthorizationConfig,
    config::{POLICIES, PolicyConfig, PolicyError, Problem},
    exception,
    introspection::{Introspected, IntrospectionConfig},
    jwt::{JwtConfig, Tokens},
    ownership::OwnershipConfig,
    record::{Policy, Tallies},
    roles,
    scope::{Scope, ScopeConfig},
    step_up::StepUp,
};

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
            let claims = &claims;
            let until = policy.until;
            let around =
                Around { name, scope, mode, until, surroundings, tallies, claims, previous };
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

/// Where a policy applies. `own` are the scopes of those before it, by kind.
fn scope_of(
    policy: &PolicyConfig,
    kind: &'static str,
    own: &mut Vec<(&'static str, Scope)>,
) -> Result<Scope, PolicyError> {
    let name = policy.name.as_str();
    let mut scope = Scope::compile(&policy.scope)
        .map_err(|(key, problem)| PolicyError::new(name, &format!("scope.{key}"), problem))?;
    // Default ones come last. What is off counts too: somebody has said so. They step back also where the others
    // make exceptions.
    if policy.is_default {
        let taken = own.iter().filter(|(of, _)| *of == kind);
        scope.except = taken.map(|(_, scope)| scope.clone()).collect();
    } else {
        own.push((kind, scope.clone()));
    }
    scope.exceptions = exception::compile(&policy.except)
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
    /// The policies before these.
    pub(crate) previous: Option<&'a PolicySet>,
}

impl Around<'_> {
    /// The tokens of an issuer. Compiled in any case, as what has become wrong since is refused; what was
    /// fetched for the same settings before is taken over.
    pub(crate) fn tokens(&self, config: &JwtConfig) -> Result<Arc<Tokens>, Problem> {
        let fresh = Tokens::compile(config, self.claims, self.surroundings)?;
        let Some(kept) = self.previous.and_then(|previous| previous.fetched_for(&fresh)) else {
            return Ok(Arc::new(fresh));
        };
        kept.take_over(&fresh);
        Ok(kept)
    }

    /// What a server was asked about tokens; the same goes for its answers.
    pub(crate) fn introspected(
        &self,
        config: &IntrospectionConfig,
    ) -> Result<Arc<Introspected>, Problem> {
        let fresh = Introspected::compile(self.name, config, self.claims, self.surroundings)?;
        let kept = self.previous.and_then(|previous| previous.answered_for(&fresh));
        Ok(kept.unwrap_or_else(|| Arc::new(fresh)))
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
