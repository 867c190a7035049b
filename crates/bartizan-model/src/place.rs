//! Who an endpoint belongs to and where it is. Each fact says what told it; what nothing tells is
//! unknown, never guessed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ids::EndpointId, words::words};

words! {
    /// Where in its life an endpoint is.
    #[derive(Default)]
    LifeStage {
        /// Planned or being designed.
        Design = "design",
        /// Built and tried out: alpha, beta, experimental.
        Development = "development",
        /// In production.
        Active = "active",
        /// To be left by its callers.
        Deprecated = "deprecated",
        /// Taken out of service.
        Retired = "retired",
        /// Nothing tells.
        #[default]
        Unknown = "unknown",
    }
}

impl LifeStage {
    /// The stage that a word of a specification names (`x-lifecycle`, `x-stage`), in either case;
    /// `None` for a word that is not known.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "design" | "draft" | "planned" | "proposed" => Self::Design,
            "development" | "dev" | "experimental" | "alpha" | "beta" | "preview" | "test"
            | "testing" => Self::Development,
            "active" | "production" | "stable" | "ga" | "live" | "released" | "published" => {
                Self::Active
            }
            "deprecated" | "sunset" => Self::Deprecated,
            "retired" | "decommissioned" | "eol" | "end-of-life" | "removed" => Self::Retired,
            _ => return None,
        })
    }
}

words! {
    /// A fact about an endpoint that something tells.
    Fact {
        /// [`Endpoint::owner`](crate::Endpoint::owner).
        Owner = "owner",
        /// [`Endpoint::business_unit`](crate::Endpoint::business_unit).
        BusinessUnit = "business_unit",
        /// [`Endpoint::stage`](crate::Endpoint::stage).
        Stage = "stage",
        /// [`Endpoint::access`](crate::Endpoint::access).
        Access = "access",
        /// [`Endpoint::service`](crate::Endpoint::service).
        Service = "service",
        /// [`Endpoint::resources`](crate::Endpoint::resources).
        Resources = "resources",
        /// [`Endpoint::composite`](crate::Endpoint::composite).
        Composite = "composite",
        /// [`Endpoint::sensitive_data`](crate::Endpoint::sensitive_data).
        SensitiveData = "sensitive_data",
    }
}

words! {
    /// What tells a fact.
    ToldBy {
        /// A rule of the configuration.
        Rule = "rule",
        /// Another key of the configuration.
        Configuration = "configuration",
        /// A specification.
        Specification = "specification",
        /// A CODEOWNERS file.
        Codeowners = "codeowners",
        /// Addresses of callers.
        Traffic = "traffic",
    }
}

/// What told a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Which fact.
    pub fact: Fact,
    /// What kind of thing told it.
    pub by: ToldBy,
    /// Which one: name of a rule, place in a file, counts of exchanges.
    pub what: String,
}

words! {
    /// Which way exchanges came.
    #[derive(Default)]
    Way {
        /// All of which it is known through a gateway.
        Through = "through",
        /// All of which it is known past every gateway.
        Past = "past",
        /// Some through a gateway, others past it.
        Both = "both",
        /// The sources do not tell.
        #[default]
        Unknown = "unknown",
    }
}

/// Whether exchanges came through a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reached {
    /// In a word.
    pub way: Way,
    /// Exchanges that came through a gateway.
    pub through: u64,
    /// Exchanges that came past every gateway.
    pub past: u64,
}

impl Reached {
    /// From counts of exchanges.
    #[must_use]
    pub const fn of(through: u64, past: u64) -> Self {
        let way = match (through, past) {
            (0, 0) => Way::Unknown,
            (_, 0) => Way::Through,
            (0, _) => Way::Past,
            _ => Way::Both,
        };
        Self { way, through, past }
    }
}

words! {
    /// What kind of thing serves an endpoint.
    ResourceKind {
        /// The host that requests name.
        Host = "host",
        /// A machine or instance that answered: address and port.
        Instance = "instance",
        /// The upstream that an inline gateway asked.
        Upstream = "upstream",
        /// The server name that clients asked for by TLS: what its certificate has to be for.
        Certificate = "certificate",
    }
}

/// Something that serves an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name or address.
    pub name: String,
    /// Exchanges with it.
    pub requests: u64,
}

/// An endpoint that another one calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Called {
    /// Which endpoint.
    pub endpoint_id: EndpointId,
    /// Its host, method and path, for people.
    pub name: String,
    /// Exchanges in which it was called.
    pub exchanges: u64,
}

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer as _, value};

    use super::*;

    #[test]
    fn the_way_is_told_by_counts() {
        for (through, past, way) in
            [(0, 0, Way::Unknown), (3, 0, Way::Through), (0, 2, Way::Past), (1, 1, Way::Both)]
        {
            assert_eq!(Reached::of(through, past).way, way);
        }
    }

    #[test]
    fn words_are_those_of_json() {
        fn check<'a, T: Deserialize<'a> + PartialEq + std::fmt::Debug>(one: &T, word: &'a str) {
            let read: Result<T, value::Error> = T::deserialize(word.into_deserializer());
            assert_eq!(read.as_ref(), Ok(one));
        }
        LifeStage::ALL.iter().for_each(|one| check(one, one.as_str()));
        Fact::ALL.iter().for_each(|one| check(one, one.as_str()));
        ToldBy::ALL.iter().for_each(|one| check(one, one.as_str()));
        Way::ALL.iter().for_each(|one| check(one, one.as_str()));
        ResourceKind::ALL.iter().for_each(|one| check(one, one.as_str()));
        assert_eq!(LifeStage::named(" Beta"), Some(LifeStage::Development));
        assert_eq!(LifeStage::named("soon"), None);
    }
}
