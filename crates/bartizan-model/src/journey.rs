//! Journeys: how callers go through a service, as a graph of its endpoints learned from sessions.

mod overlay;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use self::overlay::{
    JourneyPace, JourneyStep, MoveCounts, MoveKind, Overlay, PlaceKind, Taken, UnseenMove, lay_over,
};
use crate::{
    endpoint::{Method, Protocol},
    ids::{EndpointId, JourneyId, Scope, ServiceId},
    time::{Duration, Timestamp},
};

/// A pause from which on a caller begins another session: the inactivity time-out that the analysis of web
/// usage has settled on (Cooley, Mobasher and Srivastava 1999; also the default of web analytics products).
pub const SESSION_GAP: Duration = Duration::minutes(30);
/// Fewest sessions before what is not in a graph says something.
pub const FEW_SESSIONS: u64 = 20;
/// Role of callers without an accepted credential.
pub const ANONYMOUS: &str = "anonymous";
/// Role of callers with an accepted credential of which no claim names a role.
pub const AUTHENTICATED: &str = "authenticated";

/// What told the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleTold {
    /// Nothing: these callers have no accepted credential.
    #[default]
    Nothing,
    /// An accepted credential that says no role.
    Credential,
    /// A claim of an accepted token.
    Claim,
}

impl RoleTold {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Credential => "credential",
            Self::Claim => "claim",
        }
    }
}

/// How many callers showed something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallerCount {
    /// One, however often.
    #[default]
    One,
    /// At least two.
    Several,
}

impl CallerCount {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Several => "several",
        }
    }
}

/// The journey graph of one host and role. A session is what one caller does there without a pause of
/// [`SESSION_GAP`]; its steps are exchanges that were granted and raised no detection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Journey {
    /// Opaque; of host and role.
    pub id: JourneyId,
    /// Host.
    pub host: String,
    /// Role: `anonymous`, `authenticated`, or what tokens say.
    pub role: SmolStr,
    /// What told the role.
    pub role_told_by: RoleTold,
    /// Services that its endpoints belong to.
    pub services: Vec<ServiceId>,
    /// Sessions.
    pub sessions: u64,
    /// Distinct callers.
    pub actors: u64,
    /// First step.
    pub first_seen: Option<Timestamp>,
    /// Last step.
    pub last_seen: Option<Timestamp>,
    /// Endpoints, most visited first.
    pub nodes: Vec<JourneyNode>,
    /// From one endpoint to the next, most frequent first.
    pub moves: Vec<JourneyMove>,
    /// How callers come to be authenticated.
    pub login: LoginWays,
    /// What there was no room for.
    pub left_out: LeftOut,
}

/// An endpoint in a journey graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JourneyNode {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// Its method.
    pub method: Method,
    /// Its path template.
    pub path: String,
    /// What is called at the path, where that has several operations.
    pub operation: Option<String>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Steps.
    pub visits: u64,
    /// Sessions that come by.
    pub sessions: u64,
    /// Share of all sessions that come by, 0 to 1.
    pub share: f64,
    /// Sessions that begin here.
    pub starts: u64,
    /// Sessions that end here, or have come this far.
    pub ends: u64,
    /// Whether callers log in here: logins were seen to succeed, or it is mostly the last step before the
    /// first authenticated one and changes something.
    pub login: bool,
    /// Logins that were seen to succeed.
    pub logins: u64,
    /// How many callers came by.
    pub callers: CallerCount,
}

/// A move from one endpoint to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JourneyMove {
    /// From where.
    pub from: EndpointId,
    /// To where; may be the same.
    pub to: EndpointId,
    /// How often.
    pub count: u64,
    /// Share of all that follows a visit of `from`, the end of a session included; 0 to 1.
    pub share: f64,
    /// How many callers did it.
    pub callers: CallerCount,
    /// Pace: milliseconds that a tenth of these moves are faster than, within 20 %; `null` with few of them.
    pub p10_ms: Option<f64>,
    /// The median.
    pub p50_ms: Option<f64>,
    /// Milliseconds that nine tenths are faster than.
    pub p90_ms: Option<f64>,
}

/// How callers come to be authenticated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoginWays {
    /// Sessions whose first step carried an accepted credential.
    pub began_authenticated: u64,
    /// Sessions that began without one.
    pub became_authenticated: u64,
    /// The most common ways of these, from the first step to the first authenticated one. Where ways through a
    /// login are among them, these come first.
    pub sequences: Vec<LoginSequence>,
    /// Sessions of which the way was too long or too rare to be kept.
    pub sequences_left_out: u64,
}

/// A way from the first step of a session to the first authenticated one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoginSequence {
    /// Endpoints; repeated ones stand once.
    pub steps: Vec<EndpointId>,
    /// Sessions that went it.
    pub sessions: u64,
    /// Share of those that became authenticated, 0 to 1.
    pub share: f64,
    /// Whether a login is on it.
    pub through_login: bool,
}

/// What there was no room for in a journey graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Steps at endpoints beyond the limit.
    pub steps: u64,
    /// Moves beyond the limit.
    pub moves: u64,
}

/// A journey graph in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JourneySummary {
    /// Opaque; of host and role.
    pub id: JourneyId,
    /// Host.
    pub host: String,
    /// Role: `anonymous`, `authenticated`, or what tokens say.
    pub role: SmolStr,
    /// What told the role.
    pub role_told_by: RoleTold,
    /// Services that its endpoints belong to.
    pub services: Vec<ServiceId>,
    /// Sessions.
    pub sessions: u64,
    /// Distinct callers.
    pub actors: u64,
    /// Endpoints.
    pub nodes: u64,
    /// Different moves.
    pub moves: u64,
    /// The most common way to the first authenticated step, for people; `null` when none is known.
    pub login_sequence: Option<String>,
    /// First step.
    pub first_seen: Option<Timestamp>,
    /// Last step.
    pub last_seen: Option<Timestamp>,
}

impl JourneyNode {
    /// Method, path and operation, for people.
    #[must_use]
    pub fn name(&self) -> String {
        let operation = self.operation.as_deref().unwrap_or("");
        format!("{} {} {operation}", self.method, self.path).trim_end().to_owned()
    }
}

impl Journey {
    /// The id of the graph of a host and role.
    #[must_use]
    pub fn id_of(scope: &Scope, host: &str, role: &str) -> JourneyId {
        JourneyId::derive(scope, &[host, role])
    }

    /// The node of an endpoint.
    #[must_use]
    pub fn node(&self, endpoint: &EndpointId) -> Option<&JourneyNode> {
        self.nodes.iter().find(|node| node.endpoint_id == *endpoint)
    }

    /// The move between two endpoints.
    #[must_use]
    pub fn between(&self, from: &EndpointId, to: &EndpointId) -> Option<&JourneyMove> {
        self.moves.iter().find(|one| one.from == *from && one.to == *to)
    }

    /// A way for people: `GET /config → POST /login → GET /me`.
    #[must_use]
    pub fn way(&self, steps: &[EndpointId]) -> String {
        let name =
            |id: &EndpointId| self.node(id).map_or_else(|| "?".to_owned(), JourneyNode::name);
        steps.iter().map(name).collect::<Vec<_>>().join(" → ")
    }

    /// What a list shows of it.
    #[must_use]
    pub fn summary(&self) -> JourneySummary {
        JourneySummary {
            id: self.id.clone(),
            host: self.host.clone(),
            role: self.role.clone(),
            role_told_by: self.role_told_by,
            services: self.services.clone(),
            sessions: self.sessions,
            actors: self.actors,
            nodes: self.nodes.len() as u64,
            moves: self.moves.len() as u64,
            login_sequence: self.login.sequences.first().map(|first| self.way(&first.steps)),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }
}

/// `part` of `whole` with four decimals; 0 of nothing, and never more than 1.
#[must_use]
pub fn share(part: u64, whole: u64) -> f64 {
    let share = part as f64 / whole.max(1) as f64;
    (share.min(1.0) * 1e4).round() / 1e4
}
