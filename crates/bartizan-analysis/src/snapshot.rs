//! What the judgement is given and never changes while it runs: scope, limits, keys, specifications.

use std::sync::Arc;

use bartizan_model::{HashKey, Limits, Scope, host::is_pattern};

use crate::{
    catalog::Catalog,
    classes::{ClassTraits, custom::CustomClasses, item_named},
    discoveries::Discoveries,
    endpoints::{AtHost, HostTold},
    governance::Governance,
    specs::Specs,
};

/// Immutable input of the judgement, shared by all threads and swapped as a whole on reload.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Organisation and environment.
    pub scope: Scope,
    /// Limits of decoding.
    pub limits: Limits,
    /// Key of the organisation's hashes.
    pub key: HashKey,
    /// Seed of in-memory tables, derived from `key`.
    pub seed: u64,
    /// Documented operations, when specifications were given.
    pub specs: Option<Arc<Specs>>,
    /// What code, crawls and perimeters know, when it was given.
    pub discoveries: Option<Arc<Discoveries>>,
    /// What is configured about whose endpoints are and where.
    pub catalog: Arc<Catalog>,
    /// Whether whole client addresses may be shown (default: their network only).
    pub clear_addresses: bool,
    /// Data classes of the operator.
    pub classes: Arc<CustomClasses>,
    /// Which data may be where, by rules of the operator.
    pub governance: Arc<Governance>,
}

impl Snapshot {
    /// A snapshot with default limits and no specification.
    #[must_use]
    pub fn new(scope: Scope, key: HashKey) -> Self {
        let seed = key.seed();
        Self {
            scope,
            limits: Limits::default(),
            key,
            seed,
            specs: None,
            discoveries: None,
            catalog: Arc::default(),
            clear_addresses: false,
            classes: Arc::default(),
            governance: Arc::default(),
        }
    }

    /// What is written about a host of the traffic, or about the pattern that hosts were taken for so far: by the
    /// configuration, else by specifications. `host`: in lower case.
    #[must_use]
    pub fn told(&self, host: &str) -> HostTold<'_> {
        match self.catalog.told(host) {
            HostTold::Nothing => {
                self.specs.as_ref().map(|specs| specs.told(host)).unwrap_or_default()
            }
            told => told,
        }
    }

    /// The host that a request names, with what is written about it.
    #[must_use]
    pub fn at_host<'a>(&'a self, host: &'a str) -> AtHost<'a> {
        // What holds a brace is no host, and never taken for a pattern.
        let is_asked =
            !is_pattern(host) && (self.specs.is_some() || !self.catalog.hosts.is_empty());
        let told = if is_asked { self.told(&host.to_ascii_lowercase()) } else { HostTold::Nothing };
        AtHost { host, told }
    }

    /// What is to know of a data class, built in or of the operator; `None` for an unknown one.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<ClassTraits> {
        item_named(name).map(ClassTraits::from).or_else(|| self.classes.traits_of(name))
    }
}
