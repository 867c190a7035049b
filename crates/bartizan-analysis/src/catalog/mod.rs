//! Who an endpoint belongs to and where it is: from rules, specifications, a CODEOWNERS file and what
//! traffic showed. Derived when results are made, so that what is configured now counts for all that
//! was learned; only whose network a caller was in, and the way an exchange came, are counted as
//! exchanges come.

mod codeowners;
mod declared;
mod known_host;
mod known_path;
mod networks;
mod pattern;
mod rule;

use std::collections::BTreeMap;

use bartizan_model::{
    Access, Endpoint, Fact, LifeStage, Reached, Resource, ResourceKind, Told, ToldBy,
    host::is_pattern,
};

pub use codeowners::{Codeowners, MAX_BYTES as MAX_CODEOWNERS_BYTES};
pub use known_host::{KnownHost, MAX_KNOWN_HOSTS};
pub use known_path::{KnownPath, MAX_KNOWN_PATHS};
pub use networks::{Gateways, INLINE, MAX_NETWORKS, NetworkKind, Networks};
pub use pattern::{Glob, MAX_PATTERN, PathGlob};
pub use rule::{MAX_PATTERNS, MAX_RULES, Match, Rule, Set};

use crate::{endpoints::HostTold, learn::Whereabouts, specs::Described};
use declared::Declared;

/// Longest owner, business unit or contact, in bytes; what a specification says beyond is cut.
pub const MAX_FACT: usize = 256;

/// A value that somebody wrote, fit to be shown: on one line, not too long; `None` when nothing is left.
fn fact_text(text: &str) -> Option<String> {
    let text: String = text.chars().map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    let text = text.trim();
    let text = text.get(..text.floor_char_boundary(MAX_FACT)).unwrap_or_default().trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What is configured about whose endpoints are and where.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Whose networks addresses are of.
    pub networks: Networks,
    /// What tells that an exchange came through a gateway.
    pub gateways: Gateways,
    /// Hosts that are somebody else's, each as it is written and as a pattern.
    pub third_party: Vec<(String, Glob)>,
    /// Rules, in order.
    pub rules: Vec<Rule>,
    /// Hosts that serve one API, and hosts that are apart; the first that fits counts.
    pub hosts: Vec<KnownHost>,
    /// Path templates that hold whatever traffic suggests; the first that fits counts.
    pub paths: Vec<KnownPath>,
    /// By name of a specification, whose file it is and what says so.
    pub code_owners: BTreeMap<String, (String, String)>,
}

/// Takes notes of what told each fact.
struct Notes<'e> {
    told: &'e mut Vec<Told>,
}

impl Notes<'_> {
    /// Keeps a value that was found, with what told it.
    fn keep<T>(&mut self, fact: Fact, found: Option<(T, ToldBy, String)>) -> Option<T> {
        let (value, by, what) = found?;
        self.told.push(Told { fact, by, what });
        Some(value)
    }
}

fn said<T>(by: ToldBy) -> impl Fn((T, String)) -> (T, ToldBy, String) {
    move |(value, what)| (value, by, what)
}

impl Catalog {
    /// What somebody wrote down about a host, which is in lower case.
    #[must_use]
    pub fn told(&self, host: &str) -> HostTold<'_> {
        self.hosts.iter().find_map(|known| known.told(host)).unwrap_or_default()
    }

    /// The template that somebody wrote down for a request. `host`: in lower case.
    #[must_use]
    pub fn path_of(&self, host: &str, segments: &[&str]) -> Option<&str> {
        self.paths.iter().find_map(|known| known.fitting(host, segments))
    }

    /// Fills in what is known of an endpoint beside what it does. `described`: what a specification
    /// says of it. `is_abroad`: whether traffic shows that its host is somebody else's, see
    /// [`Whereabouts::abroad`].
    pub fn place(
        &self,
        endpoint: &mut Endpoint,
        described: Option<Described<'_>>,
        seen: &Whereabouts,
        is_abroad: bool,
    ) {
        let declared = described.map(Declared::of).unwrap_or_default();
        let rules: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.matches.fits(endpoint, described)).collect();
        let code_owner = described.and_then(|it| self.code_owners.get(it.name)).cloned();
        let access = first(&rules, |set| set.access)
            .or_else(|| self.configured_abroad(&endpoint.host))
            .or_else(|| is_abroad.then(|| abroad(seen)))
            .or_else(|| reachable(seen, &declared));
        let mut told = Vec::new();
        let mut notes = Notes { told: &mut told };
        endpoint.owner = notes.keep(
            Fact::Owner,
            first(&rules, |set| set.owner.clone())
                .or_else(|| declared.owner.map(said(ToldBy::Specification)))
                .or_else(|| code_owner.map(said(ToldBy::Codeowners)))
                .or_else(|| declared.contact.map(said(ToldBy::Specification))),
        );
        endpoint.business_unit = notes.keep(
            Fact::BusinessUnit,
            first(&rules, |set| set.business_unit.clone())
                .or_else(|| declared.business_unit.map(said(ToldBy::Specification))),
        );
        let stage = first(&rules, |set| set.stage)
            .or_else(|| declared.stage.map(said(ToldBy::Specification)));
        endpoint.stage = notes.keep(Fact::Stage, stage).unwrap_or(LifeStage::Unknown);
        endpoint.access = notes.keep(Fact::Access, access).unwrap_or(Access::Unknown);
        endpoint.service = notes.keep(Fact::Service, first(&rules, |set| set.service.clone()));
        endpoint.reached = Reached::of(seen.through, seen.past);
        endpoint.resources = resources(endpoint, seen);
        let is_named = |set: &Set| Some(set.resources.clone()).filter(|named| !named.is_empty());
        if let Some(named) = notes.keep(Fact::Resources, first(&rules, is_named)) {
            name_resources(endpoint, named);
        }
        // Where no rule says it, what endpoints call says it later.
        let composite = notes.keep(Fact::Composite, first(&rules, |set| set.composite));
        endpoint.composite = composite.unwrap_or(false);
        let sensitive = notes.keep(Fact::SensitiveData, first(&rules, |set| set.sensitive_data));
        endpoint.sensitive_data = sensitive.or(endpoint.sensitive_data);
        told.shrink_to_fit();
        endpoint.told = told;
    }

    /// Whether the configuration says that a host is somebody else's.
    fn configured_abroad(&self, host: &str) -> Option<(Access, ToldBy, String)> {
        let host = host.to_ascii_lowercase();
        let (text, _) = self.third_party.iter().find(|(_, glob)| glob.fits_host(&host))?;
        let what = format!("catalog.third_party_hosts: {text}");
        Some((Access::ThirdParty, ToldBy::Configuration, what))
    }
}

/// Why an endpoint of a host of which traffic shows nothing but calls abroad is somebody else's.
fn abroad(seen: &Whereabouts) -> (Access, ToldBy, String) {
    let what = format!(
        "exchanges: {} of callers of ours, answered at addresses of others; nobody else was seen calling the host",
        seen.abroad
    );
    (Access::ThirdParty, ToldBy::Traffic, what)
}

/// Who can reach an endpoint that no rule is about. What callers did counts more than what is written: a
/// difference is told.
fn reachable(seen: &Whereabouts, declared: &Declared) -> Option<(Access, ToldBy, String)> {
    let Some((access, mut what)) = seen.access() else {
        return declared.access.clone().map(said(ToldBy::Specification));
    };
    if let Some((written, place)) = declared.access.as_ref().filter(|(it, _)| *it != access) {
        what.push_str(&format!("; {place} says {written}"));
    }
    Some((access, ToldBy::Traffic, what))
}

/// What the first of these rules says that says something.
fn first<T>(rules: &[&Rule], of: impl Fn(&Set) -> Option<T>) -> Option<(T, ToldBy, String)> {
    let told = |rule: &&Rule| Some((of(&rule.set)?, ToldBy::Rule, rule.name.clone()));
    rules.iter().find_map(told)
}

/// Puts what a rule names in the place of what was seen of that kind.
fn name_resources(endpoint: &mut Endpoint, named: BTreeMap<ResourceKind, String>) {
    endpoint.resources.retain(|seen| !named.contains_key(&seen.kind));
    let requests = endpoint.requests;
    let named = named.into_iter().map(|(kind, name)| Resource { kind, name, requests });
    endpoint.resources.extend(named);
    endpoint.resources.sort_by_key(|resource| resource.kind);
    endpoint.resources.shrink_to_fit();
}

fn resources(endpoint: &Endpoint, seen: &Whereabouts) -> Vec<Resource> {
    let resource = |kind| move |(name, requests): (String, u64)| Resource { kind, name, requests };
    let host = || (!endpoint.host.is_empty()).then(|| (endpoint.host.clone(), endpoint.requests));
    // Those of a pattern, as far as they are kept.
    let some = seen.hosts.as_ref().map(|hosts| hosts.some.listed(String::clone));
    let mut hosts = some.unwrap_or_default();
    if hosts.is_empty() || !is_pattern(&endpoint.host) {
        hosts = host().into_iter().collect();
    }
    let hosts = hosts.into_iter().map(resource(ResourceKind::Host));
    let upstreams = seen.upstreams.listed(String::clone).into_iter();
    let instances = seen.instances.listed(|(ip, port)| match port {
        Some(port) => std::net::SocketAddr::new(*ip, *port).to_string(),
        None => ip.to_string(),
    });
    let names = seen.tls_names.listed(String::clone).into_iter();
    hosts
        .chain(upstreams.map(resource(ResourceKind::Upstream)))
        .chain(instances.into_iter().map(resource(ResourceKind::Instance)))
        .chain(names.map(resource(ResourceKind::Certificate)))
        .collect()
}

#[cfg(test)]
mod tests;
