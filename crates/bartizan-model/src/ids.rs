//! Newtype identifiers. An id is opaque to users and permanent: it never changes when a label does.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

use crate::hash::encode32;

/// Which organisation and environment something belongs to. Part of every row, id, hash key, cache
/// key and audit chain, so that one store can serve many of each.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Scope {
    /// The organisation; `default` when nothing is configured.
    pub organisation: OrganisationId,
    /// The environment, for example `production`; `default` when nothing is configured.
    pub environment: EnvironmentId,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            organisation: OrganisationId("default".into()),
            environment: EnvironmentId("default".into()),
        }
    }
}

impl Scope {
    /// Derives 80 bits from this scope, a kind and the parts that identify a thing. Not secret:
    /// the same thing has the same id on every machine, so that baselines can be shared.
    fn digest(&self, kind: &str, parts: &[&str]) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("bartizan 2026-11 identifiers v1");
        let scope = [self.organisation.as_str(), self.environment.as_str(), kind];
        for part in scope.iter().chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..10]);
        encode32(&bytes)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Wraps text that is already an id, for example read back from the store.
            #[must_use]
            pub fn from_text(text: impl Into<SmolStr>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        text_id!($(#[$doc])* $name);

        impl $name {
            /// The id of the thing that `parts` identify within `scope`: a fixed prefix and 16
            /// characters.
            #[must_use]
            pub fn derive(scope: &Scope, parts: &[&str]) -> Self {
                Self(format_smolstr!("{}_{}", $prefix, scope.digest($kind, parts)))
            }
        }
    };
}

text_id!(
    /// An organisation (tenant).
    OrganisationId
);
text_id!(
    /// An environment of an organisation.
    EnvironmentId
);
text_id!(
    /// An exchange, as its source named it or as numbered on reading.
    ExchangeId
);
text_id!(
    /// An endpoint: host and operation. Survives merges and splits through the alias table.
    EndpointId, "ep", "endpoint"
);
text_id!(
    /// A service: endpoints with one owner.
    ServiceId, "svc", "service"
);
text_id!(
    /// A relation between a value of an endpoint and its callers.
    RelationId, "rel", "relation"
);
text_id!(
    /// A finding; the same weakness of the same endpoint has the same id in every run.
    FindingId, "fnd", "finding"
);
text_id!(
    /// A detection.
    DetectionId, "det", "detection"
);
text_id!(
    /// An incident.
    IncidentId, "inc", "incident"
);
text_id!(
    /// A principal, derived from the keyed hash of what identifies it.
    PrincipalId, "prn", "principal"
);
text_id!(
    /// A session, derived from the keyed hash of its token.
    SessionId, "ses", "session"
);
text_id!(
    /// An event that leaves the product; receivers know by it what they have already.
    EventId, "evt", "event"
);
text_id!(
    /// An entry of the change log of the catalogue.
    ChangeId, "chg", "change"
);
text_id!(
    /// A journey graph: of a host and a role.
    JourneyId, "jny", "journey"
);
text_id!(
    /// An own API key.
    ApiKeyId, "key", "api-key"
);
text_id!(
    /// A delivery of a webhook that was not taken.
    FailedDeliveryId, "dlv", "failed-delivery"
);
text_id!(
    /// An actor.
    ActorId, "act", "actor"
);
text_id!(
    /// A client of the APIs: an application, an add-on, a key.
    ClientId, "cli", "client"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_scope_kind_and_parts() {
        let scope = Scope::default();
        let other = Scope { organisation: OrganisationId::from_text("acme"), ..Scope::default() };
        let id = EndpointId::derive(&scope, &["GET", "/a"]);
        assert_eq!(id, EndpointId::derive(&scope, &["GET", "/a"]));
        assert_ne!(id, EndpointId::derive(&other, &["GET", "/a"]));
        assert_ne!(id, EndpointId::derive(&scope, &["GET/", "a"]));
        assert!(id.as_str().starts_with("ep_") && id.as_str().len() == 19);
    }
}
