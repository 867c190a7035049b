//! Rules that assign facts by where an endpoint is and what is written about it.

use std::collections::BTreeMap;

use bartizan_model::{Access, Endpoint, LifeStage, ResourceKind, ServiceId};

use super::pattern::{Glob, PathGlob};
use crate::specs::Described;

/// Most rules.
pub const MAX_RULES: usize = 500;
/// Most patterns of all rules together: each may be compared with each endpoint.
pub const MAX_PATTERNS: usize = 4_000;

/// Which endpoints. What is empty is not looked at; of several patterns one is enough.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// Hosts, in lower case.
    pub hosts: Vec<Glob>,
    /// Path templates.
    pub paths: Vec<PathGlob>,
    /// Methods.
    pub methods: Vec<Glob>,
    /// Tags of the documented operation. Undocumented ones have none.
    pub tags: Vec<Glob>,
    /// Names of specifications that document it, as they were given.
    pub specs: Vec<Glob>,
}

/// What a rule says. What is `None` it leaves to others.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// Team or person.
    pub owner: Option<String>,
    /// Part of the organisation.
    pub business_unit: Option<String>,
    /// Group of endpoints.
    pub service: Option<ServiceId>,
    /// Who can reach it.
    pub access: Option<Access>,
    /// Where in its life it is.
    pub stage: Option<LifeStage>,
    /// What it is served by, of each kind that is said; empty for nothing.
    pub resources: BTreeMap<ResourceKind, String>,
    /// Whether one call of it fans out.
    pub composite: Option<bool>,
    /// Whether it carries sensitive data.
    pub sensitive_data: Option<bool>,
}

/// A rule: the first that fits counts, for each fact.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Names the rule where a fact says what told it.
    pub name: String,
    /// Which endpoints.
    pub matches: Match,
    /// What is said of them.
    pub set: Set,
}

impl Match {
    /// How many patterns there are.
    #[must_use]
    pub fn patterns(&self) -> usize {
        let Self { hosts, paths, methods, tags, specs } = self;
        hosts.len() + paths.len() + methods.len() + tags.len() + specs.len()
    }

    /// Whether an endpoint is among them.
    #[must_use]
    pub fn fits(&self, endpoint: &Endpoint, described: Option<Described<'_>>) -> bool {
        let any = |globs: &[Glob], text: &str| {
            globs.is_empty() || globs.iter().any(|glob| glob.fits(text))
        };
        let host = endpoint.host.to_ascii_lowercase();
        let at = self.hosts.is_empty() || self.hosts.iter().any(|glob| glob.fits_host(&host));
        let path = self.paths.is_empty() || self.paths.iter().any(|p| p.fits(&endpoint.path));
        let tags = described.map_or(&[][..], |it| it.operation.tags.as_slice());
        let tag = self.tags.is_empty() || tags.iter().any(|tag| any(&self.tags, tag));
        let spec = self.specs.is_empty() || described.is_some_and(|it| any(&self.specs, it.name));
        path && tag && spec && at && any(&self.methods, &endpoint.method.0)
    }
}
