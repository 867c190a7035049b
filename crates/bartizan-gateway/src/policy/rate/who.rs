//! For whom something is counted.

use std::net::IpAddr;

use bartizan_model::{HashKey, KeyedHash, PrincipalKind};
use http::request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    asked,
    config::Problem,
    identity::{Identity, of_address, of_network},
    pass::Stage,
    scope::{Scope, ScopeConfig},
};

/// For whom requests are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateBy {
    /// For each address, IPv6 by /64.
    #[default]
    Address,
    /// For each network: IPv4 by /24, IPv6 by /48.
    Network,
    /// For each verified principal; `anonymous` says what becomes of others.
    Principal,
    /// For each own API key; `anonymous` says what becomes of others.
    ApiKey,
    /// For everything in the scope together.
    Scope,
}

/// Whether what one asks for is counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// All of the scope counts together.
    #[default]
    Scope,
    /// Each pattern of `scope.paths` counts apart: the first one that holds the request, in any reading of it.
    Endpoint,
    /// Each service counts apart.
    Service,
    /// Each path counts apart, decoded as far as it can be, without query and path parameters. Requests that
    /// name another path in a field (`X-Original-URL`, `X-Rewrite-URL`) count together.
    Resource,
}

/// What becomes of requests of nobody in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anonymous {
    /// They are counted by address.
    #[default]
    Address,
    /// They are not counted, and pass.
    Pass,
}

/// Who asks, and for what.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) address: IpAddr,
    pub(crate) identities: &'a [Identity],
    pub(crate) service: Option<&'a str>,
    pub(crate) stage: &'a Stage,
    pub(crate) scope: &'a Scope,
    pub(crate) request: &'a request::Parts,
}

/// What makes two requests count together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) by: RateBy,
    pub(crate) each: Each,
    pub(crate) anonymous: Anonymous,
}

impl Who {
    /// Refuses what says nothing.
    pub(crate) fn check(self, scope: &ScopeConfig) -> Result<Self, Problem> {
        if self.each == Each::Endpoint && scope.paths.is_empty() {
            return Err(Problem::new("each", "`endpoint` needs patterns in `scope.paths`"));
        }
        if self.anonymous == Anonymous::Pass && self.is_early() {
            return Err(Problem::new("anonymous", "`pass` needs `by: principal` or `by: api_key`"));
        }
        Ok(self)
    }

    /// Whether it is known before anybody is identified.
    pub(crate) const fn is_early(self) -> bool {
        matches!(self.by, RateBy::Address | RateBy::Network | RateBy::Scope)
    }

    /// The identity that is counted for.
    pub(crate) fn identity(self, identities: &[Identity]) -> Option<&Identity> {
        match self.by {
            RateBy::Principal => identities.first(),
            RateBy::ApiKey => identities.iter().find(|one| one.kind == PrincipalKind::ApiKey),
            RateBy::Address | RateBy::Network | RateBy::Scope => None,
        }
    }

    /// Bytes that are equal where it counts together; `None` where it does not count.
    pub(crate) fn name(self, caller: &Caller<'_>) -> Option<Vec<u8>> {
        let mut name = match (self.identity(caller.identities), self.by) {
            (Some(identity), _) => {
                let mut name = identity.name();
                name.insert(0, b'i');
                name
            }
            (None, RateBy::Scope) => vec![b's'],
            (None, RateBy::Network) => [&b"n"[..], &of_network(caller.address)].concat(),
            (None, RateBy::Principal | RateBy::ApiKey) if self.anonymous == Anonymous::Pass => {
                return None;
            }
            (None, _) => [&b"a"[..], &of_address(caller.address)].concat(),
        };
        // What follows is told apart from names by their length in front of it.
        let length = (name.len() as u64).to_le_bytes();
        name.extend_from_slice(&length);
        match self.each {
            Each::Scope => {}
            Each::Endpoint => {
                let pattern = caller.stage.pattern(caller.scope).unwrap_or(usize::MAX);
                name.extend_from_slice(&(pattern as u64).to_le_bytes());
            }
            Each::Service => name.extend_from_slice(caller.service.unwrap_or_default().as_bytes()),
            Each::Resource => {
                let resource = asked::resource(caller.request, caller.scope.ignores_case());
                name.extend_from_slice(resource.unwrap_or_default().as_bytes());
            }
        }
        Some(name)
    }

    /// The same as a hash under a key.
    pub(crate) fn key(self, key: &HashKey, caller: &Caller<'_>) -> Option<KeyedHash> {
        Some(key.hash("who", &self.name(caller)?))
    }
}
