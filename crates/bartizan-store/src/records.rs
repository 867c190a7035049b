//! What is written to and read from the store beside the shapes of the model.

use bartizan_model::{
    Change, ClientDetail, Detection, Duration, Endpoint, EndpointId, Finding, FindingId,
    FindingState, Incident, Journey, ServiceGraph, ServiceId, Severity, Surface, ThirdParty,
    Timestamp,
    analysis::{ActorSummary, InputSummary, Summary},
    source::Checkpoint,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{calls::CallCount, exchange_log::BlockEntry, glance::TrafficBucket};

/// Who is written down when the product itself changes something.
pub const PRODUCT: &str = "bartizan";

/// What one transaction writes: all of it or nothing.
///
/// Values are *cumulative*: what a run knows now about a thing, not what came in since the last
/// batch. Counts therefore replace those stored; `first_seen` only moves back, `last_seen` only
/// forward.
///
/// Findings keep the state they have in the store (the state given counts only for new ones). One
/// that is *fixed* is reopened when the batch shows it with evidence newer than what is stored: a
/// later `last_seen`, or, without times, another `failed` count. *Accepted* and *false positive*
/// stay. One of a whole host (without `endpoint_id`) that is new replaces those of single endpoints
/// with the same code, host and discriminator ([`SaveReport::replaced`]) and inherits what was decided
/// about all of them: confirmed when one was, else dismissed or fixed when every one was, until the
/// first of these decisions lapses.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// When this is written; also orders things whose source has no times.
    pub now: Timestamp,
    /// Endpoints, by id.
    pub endpoints: Vec<Endpoint>,
    /// Whether `endpoints` are all there are: those that neither traffic nor a specification knows, and that are
    /// not among them, are forgotten.
    pub is_whole_inventory: bool,
    /// Endpoints whose paths are kept apart now: those of their ids that lead elsewhere stand for themselves again,
    /// and no automatic merge touches these any more, also none of this batch. An alias event records it.
    pub apart: Vec<EndpointId>,
    /// Endpoints that turned out to be one.
    pub merges: Vec<EndpointMerge>,
    /// Findings, by id.
    pub findings: Vec<Finding>,
    /// Detections, by id.
    pub detections: Vec<Detection>,
    /// Incidents, by id.
    pub incidents: Vec<Incident>,
    /// Actors, by id.
    pub actors: Vec<ActorSummary>,
    /// Clients, by id, each as it is now. Those not seen for longest make room.
    pub clients: Vec<ClientDetail>,
    /// Journey graphs, by id.
    pub journeys: Vec<Journey>,
    /// Where sources stand, by `input`.
    pub checkpoints: Vec<Checkpoint>,
    /// What was learned, by name.
    pub learned: Vec<LearnedState>,
    /// Figures of the run, by id.
    pub run: Option<RunRecord>,
    /// Blocks that the exchange log wrote and synced before. From this transaction on they count as
    /// stored.
    pub blocks: Vec<BlockEntry>,
    /// Further audit records, in order.
    pub audit: Vec<AuditEntry>,
    /// What became of exchanges, by their time: buckets of [`Resolution::FINE`](crate::Resolution::FINE). Not
    /// cumulative: it is added to what is stored.
    pub traffic: Vec<TrafficBucket>,
    /// How often endpoints were called. [`DataDirectory::save`](crate::DataDirectory::save) counts it. Not
    /// cumulative: it is added to what is stored.
    pub calls: Vec<CallCount>,
    /// What the change log compares with what was known before, of `endpoints`. What is new comes into it; the
    /// first surfaces of a scope are the baseline, and so is all that comes while that lasts.
    pub surfaces: Vec<Surface>,
    /// Which services call which. It replaces what was known; `None` leaves that as it is.
    pub services: Option<ServiceGraph>,
    /// Third parties that ours call. They replace those that were known; `None` leaves them as they are.
    pub egress: Option<Vec<ThirdParty>>,
    /// How long a baseline lasts that begins with this batch.
    pub settling: Duration,
}

/// What a batch changed beyond writing it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveReport {
    /// Findings that were not known before.
    pub new_findings: Vec<FindingId>,
    /// Fixed findings that were seen again and are open now.
    pub reopened: Vec<FindingId>,
    /// Findings of single endpoints that a new one of their whole host stands for now.
    pub replaced: Vec<FindingId>,
    /// Endpoints that were merged away by this batch.
    pub merged: Vec<EndpointId>,
    /// Changes of the catalogue that this batch brought into the change log.
    pub changes: Vec<Change>,
}

/// Endpoints that turned out to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointMerge {
    /// The ids that become aliases.
    pub from: Vec<EndpointId>,
    /// The id that stays.
    pub into: EndpointId,
    /// Why, for people.
    pub reason: String,
}

/// A blob of learned state.
#[derive(Clone, PartialEq, Eq)]
pub struct LearnedState {
    /// What it is, for example `judgement`.
    pub name: String,
    /// Opaque.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for LearnedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LearnedState({}, {} bytes)", self.name, self.content.len())
    }
}

/// Figures of one analysis run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Chosen by the caller; written again, it replaces.
    pub id: String,
    /// When the run began.
    pub started: Timestamp,
    /// What was analyzed, for people.
    pub name: String,
    /// Figures.
    pub summary: Summary,
    /// What was read.
    pub input: InputSummary,
}

/// A group of endpoints with an owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRecord {
    /// Opaque.
    pub id: ServiceId,
    /// For people.
    pub name: String,
    /// Team or person; empty when nobody is known.
    #[serde(default)]
    pub owner: String,
    /// Part of the organisation it belongs to; empty when unknown.
    #[serde(default)]
    pub business_unit: String,
}

/// What to do to the state of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which finding.
    pub finding: FindingId,
    /// The new state.
    pub to: FindingState,
    /// Who decided.
    pub who: String,
    /// Why. Must say something for *accepted* and *false positive*.
    pub reason: String,
    /// When the decision lapses and the finding is open again. Required for *accepted*, allowed
    /// for *false positive*, refused for the others.
    pub expiry: Option<Timestamp>,
    /// When it was decided.
    pub now: Timestamp,
}

/// One line of a finding's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingEvent {
    /// From 1, in order.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Who.
    pub who: String,
    /// State before.
    pub from: FindingState,
    /// State after.
    pub to: FindingState,
    /// Why.
    pub reason: String,
    /// When the decision lapses.
    pub expiry: Option<Timestamp>,
}

/// What happened to endpoint ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasEventKind {
    /// Several became one.
    Merge,
    /// One was taken out again and stands for itself.
    Split,
    /// An earlier event was taken back.
    Undo,
}

impl AliasEventKind {
    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Split => "split",
            Self::Undo => "undo",
        }
    }
}

/// One change of one alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasChange {
    /// The id that leads elsewhere.
    pub alias: EndpointId,
    /// Where it led before; `None` when it stood for itself.
    pub before: Option<EndpointId>,
    /// Where it leads now; `None` when it stands for itself.
    pub after: Option<EndpointId>,
}

/// One entry of the history of endpoint aliases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasEvent {
    /// From 1, in order, per scope.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: AliasEventKind,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// What changed.
    pub changes: Vec<AliasChange>,
    /// The event that this one takes back.
    #[serde(default)]
    pub undoes: Option<u64>,
}

/// Something to be written to the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Who: a user name, or [`PRODUCT`].
    pub who: String,
    /// What, for example `finding.state`.
    pub action: String,
    /// On what: an id or name.
    pub subject: String,
    /// Further facts, as JSON.
    pub details: serde_json::Value,
}

/// What retention may delete. `None` means no limit. Endpoints, findings that are neither fixed
/// nor replaced, and audit records are never deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Deletes detections, incidents, actors, runs and *fixed* or *replaced* findings last seen
    /// before.
    pub older_than: Option<Timestamp>,
    /// Keeps this many detections, the latest.
    pub max_detections: Option<u64>,
    /// Keeps this many incidents, the latest.
    pub max_incidents: Option<u64>,
    /// Keeps this many actors, those seen last.
    pub max_actors: Option<u64>,
    /// Keeps this many runs, the latest.
    pub max_runs: Option<u64>,
}

/// What retention deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionReport {
    /// Detections.
    pub detections: u64,
    /// Incidents.
    pub incidents: u64,
    /// Actors.
    pub actors: u64,
    /// Runs.
    pub runs: u64,
    /// Fixed and replaced findings, with their history.
    pub findings: u64,
}

impl RetentionReport {
    /// Everything together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.detections + self.incidents + self.actors + self.runs + self.findings
    }
}

/// How much is stored for one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Endpoints, merged ones not counted.
    pub endpoints: u64,
    /// Of these, provisional.
    pub provisional: u64,
    /// Findings by state.
    pub findings: Vec<(FindingState, u64)>,
    /// Active findings (open or confirmed) by severity.
    pub active_findings: Vec<(Severity, u64)>,
    /// Detections.
    pub detections: u64,
    /// Incidents.
    pub incidents: u64,
    /// Actors.
    pub actors: u64,
    /// Analysis runs.
    pub runs: u64,
    /// Audit records.
    pub audit_records: u64,
    /// Blocks of the exchange log.
    pub exchange_blocks: u64,
    /// Exchanges in them.
    pub exchanges: u64,
    /// Bytes of these blocks.
    pub exchange_bytes: u64,
    /// Exchanges that retention removed from the log.
    pub exchanges_removed: u64,
}

/// What an integrity check found. Empty lists mean that nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrityReport {
    /// Damage of the database file, as the database describes it (the first hundred).
    pub database: Vec<String>,
    /// Broken references between rows.
    pub references: Vec<String>,
}

impl IntegrityReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.database.is_empty() && self.references.is_empty()
    }
}
