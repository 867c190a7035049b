//! Endpoints: host and operation, with what is known about them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use crate::{
    bodies::{BodySeen, InBody},
    protocol::Protocol,
};
use crate::{
    data_class::Direction,
    exchange::is_success,
    ids::{EndpointId, ServiceId},
    incident::ScoreFactor,
    location::Location,
    place::{Called, LifeStage, Reached, Resource, Told},
    time::Timestamp,
};

/// An HTTP method, case kept.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Method(pub String);

impl Method {
    /// Whether the method only reads (RFC 9110 §9.2.1: safe methods).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        matches!(self.0.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who can reach it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Called from public addresses.
    Public,
    /// Called from partners' networks.
    Partner,
    /// Called from private addresses only.
    Private,
    /// Somebody else's API that we call.
    ThirdParty,
    /// The source does not tell.
    #[default]
    Unknown,
}

/// How the endpoint relates to what is written about it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum InventoryState {
    /// No specification was given, so nothing can be said.
    #[default]
    Unspecified,
    /// In a specification and seen.
    Documented,
    /// Seen, in no specification.
    Shadow,
    /// Seen, and marked deprecated in the specification.
    Zombie,
    /// Marked deprecated in the specification, asked for and never granted: it is switched off, and somebody does
    /// not know.
    Deprecated,
    /// In a specification, never asked for.
    Orphan,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            /// The word used in every output.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(Access {
    Public = "public",
    Partner = "partner",
    Private = "private",
    ThirdParty = "third_party",
    Unknown = "unknown",
});
words!(InventoryState {
    Unspecified = "unspecified",
    Documented = "documented",
    Shadow = "shadow",
    Zombie = "zombie",
    Deprecated = "deprecated",
    Orphan = "orphan",
});
words!(AuthType {
    Basic = "basic",
    Bearer = "bearer",
    Jwt = "jwt",
    ApiKey = "api_key",
    SessionCookie = "session_cookie",
    Digest = "digest",
    Signature = "signature",
    Certificate = "certificate",
    Other = "other",
});

/// How callers authenticate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// HTTP Basic (RFC 7617).
    Basic,
    /// An opaque bearer token (RFC 6750).
    Bearer,
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// An API key.
    ApiKey,
    /// A session cookie.
    SessionCookie,
    /// HTTP Digest (RFC 7616).
    Digest,
    /// A signature over the request (RFC 9421, HMAC schemes, AWS SigV4).
    Signature,
    /// A client certificate.
    Certificate,
    /// An `Authorization` scheme that we do not know.
    Other,
}

/// One way of authentication seen at an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Auth {
    /// What kind.
    #[serde(rename = "type")]
    pub auth_type: AuthType,
    /// Where the credential travels: `header`, `cookie`, `query`, `connection`.
    pub location: String,
    /// Name of the header, cookie or parameter.
    pub name: String,
    /// Share of [`Endpoint::auth_judged`] that carried it, 0 to 1.
    pub coverage: f64,
}

/// A parameter or body field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Name: the last step of the location.
    pub name: String,
    /// General form.
    pub location: Location,
    /// Sent or returned.
    pub direction: Direction,
    /// `string`, `integer`, `number`, `boolean`, `object`, `array`, `null`, joined by `|` when
    /// several were seen.
    #[serde(rename = "type")]
    pub value_type: String,
    /// For example `uuid`, `date-time`, `email`; empty when none fits all values. Of an array in a query or a
    /// form, the format of its elements, `integer`, `decimal` and `boolean` among them.
    pub format: String,
    /// Whether every message that could have carried it did; `None` with fewer than
    /// [`MIN_REQUIRED_SAMPLES`] samples.
    pub required: Option<bool>,
    /// Shapes of a few values.
    pub examples_redacted: Vec<SmolStr>,
    /// How many values were seen.
    pub seen: u64,
    /// Between what its values were.
    #[serde(default)]
    pub bounds: Bounds,
    /// Its values, where they are a few words that several callers use; empty otherwise.
    #[serde(default)]
    pub words: Vec<String>,
    /// A regular expression (ECMA-262) that all its texts fit; empty when there is none.
    #[serde(default)]
    pub pattern: String,
    /// How far what is said here can be believed to hold for values to come, 0 to 1, see
    /// [`Parameter::confidence_of`]; 0 in what was written down before it was told.
    #[serde(default)]
    pub confidence: f64,
    /// In which bodies it was; empty for what is not in a body.
    #[serde(default)]
    pub bodies: Vec<InBody>,
}

impl Parameter {
    /// The lower bound of Wilson's interval (1927; 95 %, so z = 1.96) for the share of values that fit what all `seen`
    /// values fit: seen / (seen + z²), to four digits. 5 values give 0.57, 20 give 0.84 and 100 give 0.96.
    #[must_use]
    pub fn confidence_of(seen: u64) -> f64 {
        const Z_SQUARED: f64 = 1.96 * 1.96;
        let seen = seen as f64;
        (seen / (seen + Z_SQUARED) * 1e4).round() / 1e4
    }
}

/// Between what the values of a parameter were. `null` where there were none of that kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// Numbers; outside of JSON also those that texts spell.
    pub number: Option<Span<f64>>,
    /// Characters of texts.
    pub length: Option<Span<u64>>,
    /// Elements of arrays.
    pub items: Option<Span<u64>>,
}

/// The least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Span<T> {
    /// The least.
    pub least: T,
    /// The greatest.
    pub most: T,
}

impl<T: PartialOrd + Copy> Span<T> {
    /// Takes in a value.
    pub fn widen(span: &mut Option<Self>, value: T) {
        Self::join(span, Some(Self { least: value, most: value }));
    }

    /// Takes in another span.
    pub fn join(span: &mut Option<Self>, other: Option<Self>) {
        let Some(other) = other else { return };
        let mine = span.get_or_insert(other);
        if other.least < mine.least {
            mine.least = other.least;
        }
        if other.most > mine.most {
            mine.most = other.most;
        }
    }
}

/// Fewest messages before a parameter is called required.
pub const MIN_REQUIRED_SAMPLES: u64 = 5;

/// A data class seen at a place of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataClassCount {
    /// Name of the class.
    pub class: String,
    /// General form.
    pub location: Location,
    /// Sent or returned.
    pub direction: Direction,
    /// How many values.
    pub count: u64,
    /// How many distinct principals sent or got it there, verified and accepted ones only: exact up to
    /// 64, then estimated (standard error 6.5 %). 0 where nobody was named; `null` in what was written
    /// down before it was counted.
    #[serde(default)]
    pub principals: Option<u64>,
}

/// A risk score with its arithmetic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// 0 to 100.
    pub score: u8,
    /// Adds up to the score.
    pub factors: Vec<ScoreFactor>,
}

/// An endpoint as the catalogue knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// Opaque and permanent.
    pub id: EndpointId,
    /// Host without port, or the pattern of hosts that serve one API (`{tenant}.api.example.com`); empty when the
    /// source does not say. Ports are left out as they differ between those who see one exchange: a client asks
    /// for that of a gateway, the server behind it has another. Which ports answered is in `resources`.
    pub host: String,
    /// Method.
    pub method: Method,
    /// Template with `{name}` for parameters.
    pub path: String,
    /// Protocol.
    pub protocol: Protocol,
    /// Name of the operation, where the protocol has one.
    pub operation: Option<String>,
    /// The service it belongs to.
    pub service: Option<ServiceId>,
    /// Team or person that answers for it; `null` when nothing tells.
    #[serde(default)]
    pub owner: Option<String>,
    /// Part of the organisation it belongs to; `null` when nothing tells.
    #[serde(default)]
    pub business_unit: Option<String>,
    /// Where in its life it is.
    #[serde(default)]
    pub stage: LifeStage,
    /// Who can reach it.
    pub access: Access,
    /// What told each of these facts that is known.
    #[serde(default)]
    pub told: Vec<Told>,
    /// Whether its exchanges came through a gateway.
    #[serde(default)]
    pub reached: Reached,
    /// What it is served by, as traffic shows it; kinds that a rule names are as the rule says.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Whether one call of it fans out: trace context showed it calling several other endpoints, or a rule says so.
    #[serde(default)]
    pub composite: bool,
    /// Whether it carries sensitive data: values of a class that is sensitive by itself were seen, unless a rule says
    /// whether there are any. `null` in what was written down before it was told.
    #[serde(default)]
    pub sensitive_data: Option<bool>,
    /// Endpoints that it was seen calling, those of most traces first.
    #[serde(default)]
    pub calls: Vec<Called>,
    /// How it relates to what is written.
    pub inventory_state: InventoryState,
    /// False while *provisional*: until several actors, a spec or a person confirm it. Offline
    /// input with a single actor needs no second one to be listed.
    pub confirmed: bool,
    /// How callers authenticate. Empty with `auth_judged` 0 is *not evaluated*, not *none*.
    pub auth: Vec<Auth>,
    /// Successful exchanges of which it is known whether they carried a credential: one was seen,
    /// or the source records all request headers. Access logs do not.
    #[serde(default)]
    pub auth_judged: u64,
    /// How many of these carried none; `null` in what was written down before it was counted apart.
    #[serde(default)]
    pub auth_anonymous: Option<u64>,
    /// Exchanges seen, without scanner noise.
    pub requests: u64,
    /// Distinct actors, claimed principals not counted.
    pub actors: u64,
    /// First exchange.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
    /// Exchanges by status code.
    pub statuses: Vec<(u16, u64)>,
    /// Kinds of bodies, in the order they were first seen.
    #[serde(default)]
    pub bodies: Vec<BodySeen>,
    /// Forms that objects in bodies have, where the value of a member tells them apart.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// Parameters and fields: of what was granted, then of answers that granted nothing.
    pub parameters: Vec<Parameter>,
    /// What is written about it, with the differences; `null` when nothing is.
    #[serde(default)]
    pub written: Option<crate::Written>,
    /// Which grades the differences to what is written have, the gravest first.
    #[serde(default)]
    pub drift: Vec<crate::DriftGrade>,
    /// Which sources know it; empty in what was written down before that was kept.
    #[serde(default)]
    pub known_by: Vec<crate::KnownBy>,
    /// What code, crawls and perimeters know of it, at most 20 things.
    #[serde(default)]
    pub discovered: Vec<crate::Discovered>,
    /// What its calls are made of where the protocol has fields of its own: GraphQL and gRPC; `null` when nothing
    /// was seen of that.
    #[serde(default)]
    pub sketch: Option<crate::Sketch>,
    /// Messages, what ends later, deliveries.
    #[serde(default)]
    pub conversation: crate::Conversation,
    /// Sensitive data.
    pub data_classes: Vec<DataClassCount>,
    /// Risk with its arithmetic.
    pub risk: Risk,
    /// Why the path is a template where it is: one line per parameter.
    #[serde(default)]
    pub template_evidence: Vec<String>,
    /// Other ids that lead here.
    #[serde(default)]
    pub aliases: Vec<EndpointId>,
}

/// One of several forms of an object in a body: which members come when one has a certain value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    /// Position of the kind of body in [`Endpoint::bodies`].
    pub body: u32,
    /// General form of where the object is (`body:`, `body:/items/*`).
    pub location: Location,
    /// Name of the member that tells its forms apart.
    pub member: String,
    /// Its value in this form.
    pub value: String,
    /// Objects of this form.
    pub seen: u64,
    /// Members that all of at least [`MIN_REQUIRED_SAMPLES`] of them had.
    pub required: Vec<String>,
    /// Members that some of them had.
    pub optional: Vec<String>,
}

/// What is known about the authentication of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKnown {
    /// Credentials were seen.
    Seen,
    /// Successful exchanges were looked at, and none carried a credential.
    NoneSeen,
    /// There was nothing to tell it from. Never shown as *none*.
    NotEvaluated,
}

impl Endpoint {
    /// What is known about its authentication.
    #[must_use]
    pub fn auth_known(&self) -> AuthKnown {
        match (self.auth.is_empty(), self.auth_judged) {
            (false, _) => AuthKnown::Seen,
            (true, 0) => AuthKnown::NotEvaluated,
            (true, _) => AuthKnown::NoneSeen,
        }
    }

    /// Parameters and fields of what was granted.
    pub fn granted(&self) -> impl Iterator<Item = &Parameter> {
        let is_error = |position: u32| {
            let body = usize::try_from(position).ok().and_then(|at| self.bodies.get(at));
            body.and_then(|body| body.status).is_some_and(|status| status >= 400)
        };
        self.parameters
            .iter()
            .filter(move |p| p.bodies.is_empty() || p.bodies.iter().any(|b| !is_error(b.body)))
    }

    /// What is called at its path, where method and path do not say all.
    #[must_use]
    pub fn operation_at_path(&self) -> Option<&str> {
        let is_at_path = self.protocol == Protocol::Rest || self.protocol.is_brokered();
        self.operation.as_deref().filter(|name| !is_at_path && !name.is_empty())
    }

    /// Successful exchanges ([`is_success`] and 304).
    #[must_use]
    pub fn successes(&self) -> u64 {
        let success = |status: u16| is_success(status) || status == 304;
        self.statuses.iter().filter(|(status, _)| success(*status)).map(|(_, count)| count).sum()
    }
}
