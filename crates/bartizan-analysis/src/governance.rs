//! Which data may be where: rules of the operator, compared with what endpoints carry.
//!
//! The order of rules does not matter. A class at an endpoint is against the rules when one that is
//! about that endpoint and direction denies it, or when there are some that allow and none of them
//! names it.

use std::collections::BTreeSet;

use bartizan_model::{
    Access, ClientKind,
    data_class::{DataGroup, Direction},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::IntoDeserializer as _};

use crate::{
    classes::{CLASSES, custom::CustomClasses, family_of, item_named},
    endpoints::Template,
    snapshot::Snapshot,
};

mod client;
mod place;
#[cfg(test)]
mod tests;

pub use client::GovernedClient;
use client::Who;
use place::Place;

/// Most rules.
pub const MAX_RULES: usize = 256;
/// Most entries of one list of a rule.
const MAX_ENTRIES: usize = 256;
/// Longest entry, in bytes.
const MAX_ENTRY_BYTES: usize = 256;
/// Longest name of a rule, in characters.
const MAX_NAME_CHARS: usize = 80;
/// What stands before the name of a group.
const GROUP: &str = "group:";

/// A rule about the data classes that endpoints, or clients at them, may handle. It has either `allow` or `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GovernanceRule {
    /// Its name, as findings show it: one line of at most 80 characters, each name once.
    pub name: String,
    /// The endpoints that it is about; all of them without it.
    #[serde(default, rename = "where")]
    pub place: GovernedEndpoints,
    /// Which way the values go that it is about.
    #[serde(default)]
    pub direction: GovernedDirection,
    /// What these endpoints may handle; anything that no rule about them allows is a finding. A name
    /// of a class, built in or your own, which stands for its family too (`secret` for `api_key`), or
    /// `group:` and a group of the data map (`group:health`). An empty list allows nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<String>>,
    /// What they must not handle, whatever other rules allow. Written like `allow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny: Option<Vec<String>>,
}

/// Endpoints that a rule is about, and clients there. What is empty is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GovernedEndpoints {
    /// Names of services: those of the gateway (`gateway.services`), where an endpoint is of the first
    /// one that takes its host and path, and those that `catalog.rules` give.
    pub services: Vec<String>,
    /// Host names without port; `*.` stands for exactly one more label. Of an endpoint whose host is a pattern
    /// (`{tenant}.api.example.com`), the pattern or one of its hosts.
    pub hosts: Vec<String>,
    /// Paths of endpoints that begin with a slash, compared segment by segment: `*` stands for any
    /// segment, `**` for any number of them, a name in braces for any parameter: `/v1/customers/**`.
    pub paths: Vec<String>,
    /// Methods, in capitals.
    pub methods: Vec<String>,
    /// Who can reach them: `public`, `private`, `partner`, `third_party` or `unknown`. An endpoint is
    /// public once it was called from a public address.
    pub access: Vec<Access>,
    /// Clients, as `catalog clients` calls them or by their ids; `*` stands for anything. With clients or
    /// kinds of them a rule is about what these send and are answered, and about nobody else.
    pub clients: Vec<String>,
    /// Kinds of clients: `browser`, `mobile`, `server`, `device`, `partner` or `unknown`.
    pub client_kinds: Vec<ClientKind>,
}

/// Which way values go that a rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GovernedDirection {
    /// Sent to the API and returned by it.
    #[default]
    Both,
    /// Sent to the API.
    Request,
    /// Returned by the API.
    Response,
}

impl GovernedDirection {
    const fn is_about(self, direction: Direction) -> bool {
        matches!(
            (self, direction),
            (Self::Both, _)
                | (Self::Request, Direction::Request)
                | (Self::Response, Direction::Response)
        )
    }
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMistake {
    /// Position of the rule.
    pub rule: usize,
    /// The key within the rule, for example `allow[0]`.
    pub key: String,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What is known there, where something unknown was named.
    pub known: Vec<String>,
}

/// A service of the gateway, as far as rules ask: by which hosts and below which path it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlace {
    /// Its name.
    pub name: String,
    /// Host names, `*.` for exactly one more label; any host without one.
    pub hosts: Vec<String>,
    /// The path is it or goes on behind it with a slash.
    pub path_prefix: String,
}

/// All rules, compiled.
#[derive(Debug, Default)]
pub struct Governance {
    rules: Vec<Rule>,
    services: Vec<ServicePlace>,
}

/// An endpoint, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Governed<'a> {
    /// The endpoint.
    pub template: &'a Template,
    /// Who can reach it.
    pub access: Access,
    /// The service that the catalogue says it is of.
    pub service: Option<&'a str>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    place: Place,
    /// `None` where it is about all that an endpoint carries, whoever calls.
    who: Option<Who>,
    direction: GovernedDirection,
    allows: bool,
    data: Data,
}

/// Classes and groups of them that a rule names.
#[derive(Debug, Default)]
struct Data {
    classes: BTreeSet<String>,
    groups: BTreeSet<DataGroup>,
}

/// What the rules say about a class at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling<'g> {
    /// No rule is about it.
    Unruled,
    /// Nothing is against it.
    Allowed,
    /// The rule of that name denies it.
    Denied(&'g str),
    /// None of the rules that allow something there names it.
    NotListed(Vec<&'g str>),
}

impl Governance {
    /// Compiles rules, which may name the operator's `classes`, the `services` of the gateway, of which an
    /// endpoint is of the first that takes its host and path, and those `named` by rules of the catalogue.
    ///
    /// # Errors
    /// The first mistake: a value out of its limits, a name that is taken, a class or service that
    /// there is not.
    pub fn compile(
        rules: &[GovernanceRule],
        classes: &CustomClasses,
        services: &[ServicePlace],
        named: &[&str],
    ) -> Result<Self, RuleMistake> {
        let names = place::names(services, named);
        let mut compiled: Vec<Rule> = Vec::with_capacity(rules.len());
        for (at, rule) in rules.iter().enumerate() {
            let placed = |(key, message): Wrong| {
                let known = match message.starts_with("unknown") {
                    true if key.contains("services") => names.clone(),
                    true => known_entries(classes),
                    false => Vec::new(),
                };
                RuleMistake { rule: at, key, message, known }
            };
            if at >= MAX_RULES {
                return Err(placed(wrong("", format!("more than {MAX_RULES} rules"))));
            }
            if compiled.iter().any(|other| other.name == rule.name) {
                return Err(placed(wrong("name", "another rule has this name")));
            }
            compiled.push(Rule::compile(rule, classes, &names).map_err(placed)?);
        }
        Ok(Self { rules: compiled, services: services.to_vec() })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a rule is about an endpoint, whatever it carries and whoever calls.
    #[must_use]
    pub fn is_about(&self, at: Governed<'_>) -> bool {
        let of = place::service_of(at.template, &self.services);
        self.rules.iter().any(|rule| rule.who.is_none() && rule.place.holds(at, of))
    }

    /// Whether any rule asks which client it is.
    #[must_use]
    pub fn asks_for_clients(&self) -> bool {
        self.rules.iter().any(|rule| rule.who.is_some())
    }

    /// What the rules say about a class that an endpoint carries that way: those about all callers, or, with a
    /// client, those about that one.
    #[must_use]
    pub fn judge(
        &self,
        at: Governed<'_>,
        client: Option<&GovernedClient>,
        (class, direction): (&str, Direction),
        snapshot: &Snapshot,
    ) -> Ruling<'_> {
        let of = place::service_of(at.template, &self.services);
        let about = |rule: &&Rule| {
            let is_whose = match (&rule.who, client) {
                (None, None) => true,
                (Some(who), Some(client)) => who.is(client),
                _ => false,
            };
            is_whose && rule.direction.is_about(direction) && rule.place.holds(at, of)
        };
        let mut is_allowed = false;
        let mut allowing = Vec::new();
        let mut is_ruled = false;
        for rule in self.rules.iter().filter(about) {
            is_ruled = true;
            let is_named = rule.data.names(class, snapshot);
            match (rule.allows, is_named) {
                (false, true) => return Ruling::Denied(&rule.name),
                (false, false) => {}
                (true, _) => {
                    is_allowed |= is_named;
                    allowing.push(rule.name.as_str());
                }
            }
        }
        match (is_ruled, is_allowed || allowing.is_empty()) {
            (false, _) => Ruling::Unruled,
            (true, true) => Ruling::Allowed,
            (true, false) => Ruling::NotListed(allowing),
        }
    }
}

/// Key and what is wrong.
type Wrong = (String, String);

fn wrong(key: impl Into<String>, message: impl Into<String>) -> Wrong {
    (key.into(), message.into())
}

impl Rule {
    fn compile(
        rule: &GovernanceRule,
        classes: &CustomClasses,
        services: &[String],
    ) -> Result<Self, Wrong> {
        let GovernanceRule { name, place, direction, allow, deny } = rule;
        let is_line = !name.trim().is_empty() && !name.contains(char::is_control);
        if !is_line || name.chars().count() > MAX_NAME_CHARS {
            let expected = format!("expected one line of at most {MAX_NAME_CHARS} characters");
            return Err(wrong("name", expected));
        }
        let (key, entries) = match (allow, deny) {
            (Some(allow), None) => ("allow", allow),
            (None, Some(deny)) if !deny.is_empty() => ("deny", deny),
            (None, Some(_)) => return Err(wrong("deny", "an empty list denies nothing")),
            _ => return Err(wrong("", "expected either `allow` or `deny`")),
        };
        Ok(Self {
            name: name.clone(),
            place: Place::compile(place, services)?,
            who: Who::compile(place)?,
            direction: *direction,
            allows: allow.is_some(),
            data: Data::compile(key, entries, classes)?,
        })
    }
}

impl Data {
    fn compile(key: &str, entries: &[String], classes: &CustomClasses) -> Result<Self, Wrong> {
        bounded(key, entries)?;
        let mut data = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let unknown =
                |what: &str| wrong(format!("{key}[{at}]"), format!("unknown {what} `{entry}`"));
            if let Some(group) = entry.strip_prefix(GROUP) {
                data.groups.insert(group_named(group).ok_or_else(|| unknown("group"))?);
            } else if item_named(entry).is_some() || classes.get(entry).is_some() {
                data.classes.insert(entry.clone());
            } else {
                return Err(unknown("class"));
            }
        }
        Ok(data)
    }

    /// Whether a class is among it, or its family or group.
    fn names(&self, class: &str, snapshot: &Snapshot) -> bool {
        let own = snapshot.classes.get(class);
        let family = own.map_or_else(|| family_of(class), |own| own.family().as_str());
        let group = snapshot.class(class).map(|known| known.group);
        self.classes.contains(class)
            || self.classes.contains(family)
            || group.is_some_and(|group| self.groups.contains(&group))
    }
}

fn bounded(key: &str, list: &[String]) -> Result<(), Wrong> {
    if list.len() > MAX_ENTRIES {
        return Err(wrong(key, format!("more than {MAX_ENTRIES} entries")));
    }
    match list.iter().position(|entry| entry.len() > MAX_ENTRY_BYTES) {
        Some(at) => {
            Err(wrong(format!("{key}[{at}]"), format!("longer than {MAX_ENTRY_BYTES} bytes")))
        }
        None => Ok(()),
    }
}

fn group_named(name: &str) -> Option<DataGroup> {
    let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        name.into_deserializer();
    DataGroup::deserialize(text).ok()
}

/// What may stand in `allow` and `deny`.
fn known_entries(classes: &CustomClasses) -> Vec<String> {
    let own = classes.iter().map(|class| class.name().to_owned());
    let built_in = CLASSES.iter().map(|item| item.class.as_str().to_owned());
    let groups: BTreeSet<DataGroup> = CLASSES.iter().map(|item| item.group).collect();
    let groups = groups.into_iter().filter_map(|group| {
        Some(format!("{GROUP}{}", serde_json::to_value(group).ok()?.as_str()?))
    });
    own.chain(built_in).chain(groups).collect()
}
