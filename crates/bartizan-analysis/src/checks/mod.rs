//! Posture checks: lasting weaknesses, one check per file.

use bartizan_model::{
    self as model, Access, Direction, Exchange, ItemMeta, Outcome, endpoint::DataClassCount,
};
use smol_str::SmolStr;

use crate::{
    endpoints::Template,
    facts::Facts,
    governance::{GovernanceRule, Governed, GovernedClient},
    snapshot::Snapshot,
};

pub mod authentication;
pub mod authorization;
pub mod browser;
pub mod consumption;
pub mod data;
pub mod design;
pub(crate) mod example;
pub mod exposure;
pub mod inventory;
mod list;
mod scope;
mod subject;
pub(crate) mod token;
pub mod tokens;
pub mod transport;
mod words;

pub use list::CHECKS;
pub use subject::Subject;

/// The check with that code or name; `None` for an unknown one.
#[must_use]
pub fn find(code_or_name: &str) -> Option<&'static CheckItem> {
    CHECKS.iter().copied().find(|check| {
        check.meta.code.eq_ignore_ascii_case(code_or_name) || check.meta.name == code_or_name
    })
}

/// What each check on exchanges answers about one: position in [`CHECKS`], outcome.
#[must_use]
pub fn outcomes(facts: &Facts<'_>) -> Vec<(usize, Outcome)> {
    let subject = Subject::of(facts);
    let mut outcomes = Vec::with_capacity(CHECKS.len());
    for (position, check) in CHECKS.iter().enumerate() {
        if let Run::Exchange(run) | Run::Host(run) = check.run {
            outcomes.push((position, run(&subject)));
        }
    }
    outcomes
}

/// One check.
pub struct CheckItem {
    /// Metadata and documentation.
    pub meta: ItemMeta,
    /// What it looks at.
    pub run: Run,
    /// Exchanges that must fail, pass, not apply, or lack an input.
    pub examples: &'static [CheckExample],
}

/// What a check looks at.
#[derive(Clone, Copy)]
pub enum Run {
    /// Each exchange by itself. A finding lasts as long as exchanges of the endpoint fail.
    Exchange(fn(&Subject<'_>) -> Outcome),
    /// Each exchange by itself, for a weakness that the whole host has: one finding per host.
    Host(fn(&Subject<'_>) -> Outcome),
    /// What was learned about an endpoint, when results are asked for.
    Endpoint(fn(&EndpointFacts<'_>) -> Outcome),
    /// The same for a check that answers about several things of an endpoint, each failure with a
    /// discriminator of its own.
    EndpointEach(fn(&EndpointFacts<'_>) -> Vec<Outcome>),
}

impl CheckItem {
    /// What its findings are about.
    #[must_use]
    pub const fn subject(&self) -> model::Subject {
        match self.run {
            Run::Exchange(_) | Run::Endpoint(_) | Run::EndpointEach(_) => model::Subject::Endpoint,
            Run::Host(_) => model::Subject::Host,
        }
    }
}

/// What was learned about one endpoint, as far as checks need it.
pub struct EndpointFacts<'a> {
    /// The endpoint.
    pub template: &'a Template,
    /// Limits, keys, specifications.
    pub snapshot: &'a Snapshot,
    /// Whether a path parameter's accepted values are integers close together: `(parameter,
    /// distinct values, share of neighbours at most 2 apart)`. Filled from successful exchanges.
    pub integer_parameters: &'a [(String, u64, f64)],
    /// Successful exchanges with a credential.
    pub authenticated_successes: u64,
    /// Successful exchanges without any credential.
    pub anonymous_successes: u64,
    /// Successful exchanges whose source may have left a credential out.
    pub unjudged_successes: u64,
    /// Successful exchanges whose response carried a sensitive data class.
    pub sensitive_successes: u64,
    /// Largest number of elements of one array in a response, over all successful exchanges.
    pub largest_array: u64,
    /// Whether a parameter that bounds the number of results was ever sent.
    pub has_page_parameter: bool,
    /// Exchanges seen.
    pub requests: u64,
    /// Whether a specification covers the host, and whether it documents this operation
    /// (`Some(None)`: not documented; `Some(Some(deprecated))`).
    pub documented: Option<Option<bool>>,
    /// Who can reach it.
    pub access: Access,
    /// Sensitive data by place, where rules about it were given; empty otherwise.
    pub data_classes: &'a [DataClassCount],
    /// Whether any body of an answer was seen whole.
    pub has_bodies: bool,
    /// The service that the catalogue says it is of, where rules about data were given.
    pub service: Option<&'a str>,
    /// Which clients sent or got which class here, where rules ask for clients; empty otherwise.
    pub clients: &'a [(GovernedClient, Direction, SmolStr)],
}

impl EndpointFacts<'_> {
    /// As rules about data see it.
    #[must_use]
    pub const fn governed(&self) -> Governed<'_> {
        Governed { template: self.template, access: self.access, service: self.service }
    }

    /// Successful exchanges.
    #[must_use]
    pub const fn successes(&self) -> u64 {
        self.authenticated_successes + self.anonymous_successes + self.unjudged_successes
    }
}

/// What an example must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Fails.
    Fail,
    /// Passes.
    Pass,
    /// Does not apply.
    NotApplicable,
    /// Lacks an input.
    NotEvaluated,
}

/// An example of a check: exchanges in, outcome of the last one (or of their endpoint).
pub struct CheckExample {
    /// One line: what it shows.
    pub name: &'static str,
    /// What must come out.
    pub expected: Expected,
    /// What a specification says about the operation, for checks that ask; see
    /// [`EndpointFacts::documented`].
    pub documented: Option<Option<bool>>,
    /// Rules of the operator, for checks that ask.
    pub rules: Option<fn() -> Vec<GovernanceRule>>,
    /// The exchanges.
    pub exchanges: fn() -> Vec<Exchange>,
}

#[cfg(test)]
mod tests;
