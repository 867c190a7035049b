//! The result of an analysis, in the shape of `analyze --format json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    actor::{ActorKind, ActorRef, Grade},
    change::Surface,
    client::ClientDetail,
    detection::Detection,
    endpoint::Endpoint,
    finding::Finding,
    ids::ActorId,
    incident::Incident,
    journey::Journey,
    relation::Relation,
    services::{ServiceGraph, ThirdParty},
    time::Timestamp,
};

/// Everything that one analysis found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// Figures.
    pub summary: Summary,
    /// The inventory, by host, path, method.
    pub endpoints: Vec<Endpoint>,
    /// Weaknesses, worst first.
    pub findings: Vec<Finding>,
    /// Hostile acts, by time.
    pub detections: Vec<Detection>,
    /// Stories, worst first.
    pub incidents: Vec<Incident>,
    /// Who called, busiest first.
    pub actors: Vec<ActorSummary>,
    /// What called: applications, add-ons and keys, busiest first.
    #[serde(default)]
    pub clients: Vec<ClientDetail>,
    /// How callers go through each service, most sessions first.
    #[serde(default)]
    pub journeys: Vec<Journey>,
    /// Values that are their callers' own, by host, path, method: proposals for rules of ownership.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// Which services call which.
    #[serde(default)]
    pub services: ServiceGraph,
    /// Third parties that ours call, busiest first.
    #[serde(default)]
    pub egress: Vec<ThirdParty>,
    /// What was read.
    pub input: InputSummary,
    /// What the change log compares, for the store; no part of the output.
    #[serde(skip)]
    #[schemars(skip)]
    pub surfaces: Vec<Surface>,
}

/// Figures of an analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Exchanges judged.
    pub exchanges: u64,
    /// First exchange.
    pub started: Option<Timestamp>,
    /// Last exchange.
    pub ended: Option<Timestamp>,
    /// Endpoints listed.
    pub endpoints: u64,
    /// Of these, provisional.
    pub provisional: u64,
    /// Hosts with at least one endpoint.
    pub hosts: u64,
    /// Exchanges kept out of the inventory as noise: never answered with success, and nothing else
    /// shows that there is something. All of them: those of which no table has room for the path, too.
    pub noise: u64,
    /// Exchanges answered by a page or an error that any path is given. They are listed as one endpoint
    /// per host and method.
    #[serde(default)]
    pub catch_all: u64,
    /// Findings by severity, from `info` to `critical`.
    pub findings_by_severity: [u64; 5],
    /// Detections by severity, from `info` to `critical`.
    pub detections_by_severity: [u64; 5],
    /// Per check: how often it failed, passed, did not apply and was not evaluated.
    pub checks: Vec<CheckTally>,
    /// Detectors that could not be evaluated, and for how many exchanges.
    pub not_evaluated: Vec<NamedCount>,
    /// What was not inspected and why, over all exchanges. One exchange may count in several.
    pub not_inspected: Vec<NamedCount>,
    /// Exchanges of which at least one part was not inspected.
    #[serde(default)]
    pub partly_inspected: u64,
    /// Anomalies of decoding over all exchanges.
    pub anomalies: Vec<NamedCount>,
    /// Exchanges, hostile exchanges and server errors over time, in equal buckets.
    pub timeline: Vec<TimeBucket>,
    /// Names and versions of specifications that were read, with their operation counts.
    pub specs: Vec<SpecSummary>,
    /// Documented operations that were never seen.
    pub orphans: u64,
}

/// A specification that was compared with the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpecSummary {
    /// File name as given.
    pub name: String,
    /// Title of the API.
    pub title: String,
    /// Format and its version: `OpenAPI 3.1.0`.
    #[serde(default)]
    pub format: String,
    /// Operations it declares.
    pub operations: u64,
    /// Of these, seen in the traffic.
    pub seen: u64,
    /// Of these, by kind, what traffic cannot be compared with yet, so that nothing is said about
    /// whether they were seen.
    #[serde(default)]
    pub not_compared: Vec<NamedCount>,
    /// Problems found while reading it, with file, line, column and pointer.
    pub problems: Vec<String>,
}

/// A name and how often.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct NamedCount {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// How one check fared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckTally {
    /// Code of the check.
    pub code: String,
    /// Kebab-case name.
    pub name: String,
    /// Failed.
    pub failed: u64,
    /// Passed.
    pub passed: u64,
    /// Did not apply.
    pub not_applicable: u64,
    /// An input was missing.
    pub not_evaluated: u64,
}

/// One bucket of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeBucket {
    /// Begin.
    pub time: Timestamp,
    /// Length in seconds.
    pub seconds: u32,
    /// Exchanges.
    pub exchanges: u64,
    /// Of these, part of a detection.
    pub hostile: u64,
    /// Of these, answered with a server error.
    pub errors: u64,
}

/// An actor in the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActorSummary {
    /// Opaque.
    pub id: ActorId,
    /// What it was told by.
    pub kind: ActorKind,
    /// Best grade its principal reached; `None` without a principal.
    pub grade: Option<Grade>,
    /// For people.
    pub label: SmolStr,
    /// Role as journeys know it, the last one; `None` without an accepted credential.
    #[serde(default)]
    pub role: Option<SmolStr>,
    /// Exchanges.
    pub requests: u64,
    /// Distinct endpoints.
    pub endpoints: u64,
    /// Networks it came from, a few of them.
    pub networks: Vec<String>,
    /// Detections it is in.
    pub detections: u64,
    /// First exchange.
    pub first_seen: Option<Timestamp>,
    /// Last exchange.
    pub last_seen: Option<Timestamp>,
}

impl ActorSummary {
    /// The short form used inside detections and incidents.
    #[must_use]
    pub fn reference(&self) -> ActorRef {
        ActorRef { id: self.id.clone(), kind: self.kind, label: self.label.clone() }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputSummary {
    /// Exchanges read.
    pub exchanges: u64,
    /// Of these, read by an earlier run that this one continued.
    #[serde(default)]
    pub resumed: u64,
    /// What was skipped, by reason.
    pub skipped: Vec<Skipped>,
    /// One entry per input.
    #[serde(default)]
    pub sources: Vec<SourceSummary>,
}

/// A reason for skipping and how often.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Skipped {
    /// Snake-case reason.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// Where it happened first, for people: `line 17`, `entry 3`.
    #[serde(default)]
    pub first: String,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceSummary {
    /// As given.
    pub name: String,
    /// Format that was recognised.
    pub format: String,
    /// Exchanges read.
    pub exchanges: u64,
    /// Bytes read.
    pub bytes: u64,
}
