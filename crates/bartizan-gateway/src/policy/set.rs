//! All policies together, compiled, by kind.

use std::{collections::HashSet, sync::Arc};

use bartizan_model::Mode;

use super::{
    Surroundings,
    address::Addresses,
    api_key::OwnKeys,
    asked::WORK,
    authentication::Required,
    config::{POLICIES, PolicyConfig, PolicyError, Problem},
    cors::Cors,
    detectors::Detectors,
    headers::Fields,
    jwt::Tokens,
    rate::Limit,
    record::{Policy, Tallies},
    schema::Schema,
    scope::{Scope, Wanted},
    size::Sizes,
};

/// Most phases in which a scope is looked at.
const PHASES: usize = 3;

/// Compiled policies. Those that are off were compiled too, and are not in it.
#[derive(Debug, Default)]
pub(crate) struct PolicySet {
    pub(crate) addresses: Vec<Policy<Addresses>>,
    pub(crate) sizes: Vec<Policy<Sizes>>,
    pub(crate) rates: Vec<Policy<Arc<Limit>>>,
    pub(crate) cors: Vec<Policy<Cors>>,
    pub(crate) keys: Vec<Policy<OwnKeys>>,
    pub(crate) tokens: Vec<Policy<Arc<Tokens>>>,
    pub(crate) required: Vec<Policy<Required>>,
    pub(crate) schemas: Vec<Policy<Schema>>,
    pub(crate) detectors: Vec<Policy<Detectors>>,
    pub(crate) fields: Vec<Policy<Fields>>,
    /// What their scopes ask about.
    pub(crate) wanted: Wanted,
    /// Their names, those that are off among them.
    pub(crate) names: HashSet<String>,
}

impl PolicySet {
    /// Compiles policies; what was fetched for the same settings in `previous` is taken over.
    pub(crate) fn compile(
        policies: &[PolicyConfig],
        surroundings: &Surroundings,
        tallies: &Tallies,
        previous: Option<&Self>,
    ) -> Result<Self, PolicyError> {
        let mut set = Self::default();
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
            let mut scope = Scope::compile(&policy.scope).map_err(|(key, problem)| {
                PolicyError::new(name, &format!("scope.{key}"), problem)
            })?;
            // Default ones come last. What is off counts too: somebody has said so.
            if policy.is_default {
                let taken = own.iter().filter(|(kind, _)| *kind == item.kind);
                scope.except = taken.map(|(_, scope)| scope.clone()).collect();
            } else {
                own.push((item.kind, scope.clone()));
            }
            let mode = policy.mode.unwrap_or(item.mode);
            if mode != Mode::Off {
                scope.note(&mut set.wanted);
            }
            if !policy.is_default {
                // Compared once for itself, and once by the default one that steps back for it.
                let times = usize::from(mode != Mode::Off)
                    + usize::from(stepping_back.contains(&item.kind));
                work += times * PHASES * scope.usual_work();
            }
            if work > WORK as usize / 2 {
                let problem = "there are more patterns, with those of the policies before, than an \
                               ordinary request can be compared with in time";
                return Err(PolicyError::new(name, "scope.paths", problem));
            }
            let outer = Outer { name, kind: item.kind, mode, scope };
            set.add(policy, outer, surroundings, tallies, previous)
                .map_err(|problem| problem.of(name, item.kind))?;
        }
        Ok(set)
    }

    fn add(
        &mut self,
        policy: &PolicyConfig,
        outer: Outer<'_>,
        surroundings: &Surroundings,
        tallies: &Tallies,
        previous: Option<&Self>,
    ) -> Result<(), Problem> {
        if let Some(config) = &policy.address {
            outer.add(Addresses::compile(config)?, &mut self.addresses, tallies);
        } else if let Some(config) = &policy.size {
            outer.add(Sizes::compile(config)?, &mut self.sizes, tallies);
        } else if let Some(config) = &policy.rate {
            let limit = Limit::compile(&policy.name, config, &surroundings.hash_key)?;
            outer.add(Arc::new(limit), &mut self.rates, tallies);
        } else if let Some(config) = &policy.cors {
            outer.add(Cors::compile(config)?, &mut self.cors, tallies);
        } else if let Some(config) = &policy.api_key {
            outer.add(OwnKeys::compile(config, &surroundings.keys)?, &mut self.keys, tallies);
        } else if let Some(config) = &policy.jwt {
            // Compiled in any case: what has become wrong since is refused.
            let fresh = Tokens::compile(config, &surroundings.look_ups)?;
            let kept = previous.and_then(|previous| previous.fetched_for(&fresh));
            outer.add(kept.unwrap_or_else(|| Arc::new(fresh)), &mut self.tokens, tallies);
        } else if let Some(config) = &policy.authentication {
            let rule = Required::compile(config, surroundings.has_client_certificates)?;
            outer.add(rule, &mut self.required, tallies);
        } else if let Some(config) = &policy.schema {
            let rule = Schema::compile(config, surroundings.hash_key.seed())?;
            outer.add(rule, &mut self.schemas, tallies);
        } else if let Some(config) = &policy.detectors {
            let rule = Detectors::compile(config, &surroundings.hash_key)?;
            outer.add(rule, &mut self.detectors, tallies);
        } else if let Some(config) = &policy.headers {
            outer.add(Fields::compile(config)?, &mut self.fields, tallies);
        }
        Ok(())
    }

    fn fetched_for(&self, fresh: &Tokens) -> Option<Arc<Tokens>> {
        let mut tokens = self.tokens.iter().map(|policy| &policy.rule);
        tokens.find(|rule| rule.can_stay_for(fresh)).cloned()
    }
}

/// The outside of a policy.
struct Outer<'a> {
    name: &'a str,
    kind: &'static str,
    mode: Mode,
    scope: Scope,
}

impl Outer<'_> {
    fn add<R>(self, rule: R, list: &mut Vec<Policy<R>>, tallies: &Tallies) {
        if self.mode != Mode::Off {
            list.push(Policy::new(self.name, self.kind, self.mode, self.scope, rule, tallies));
        }
    }
}
