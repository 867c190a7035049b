//! A detection: something an actor did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    actor::ActorRef,
    evidence::Evidence,
    ids::{DetectionId, EndpointId, ExchangeId},
    incident::Stage,
    severity::{Confidence, Severity},
    time::Timestamp,
};

/// Something hostile that an actor did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// Opaque.
    pub id: DetectionId,
    /// Code of the detector.
    pub code: String,
    /// One line for people.
    pub title: String,
    /// Attack class, for example `sql_injection`.
    pub class: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// When it was first seen; `None` when the source has no times.
    pub time: Option<Timestamp>,
    /// When it was last seen.
    pub last_time: Option<Timestamp>,
    /// Who did it.
    pub actor: ActorRef,
    /// Where; `None` for something spread over many endpoints.
    pub endpoint_id: Option<EndpointId>,
    /// The hostile exchanges only, the first [`MAX_EXCHANGE_IDS`] of them.
    pub exchange_ids: Vec<ExchangeId>,
    /// How many hostile exchanges there were.
    pub exchanges: u64,
    /// How many of these the API answered with success.
    pub succeeded: u64,
    /// How many of these a policy refused or slowed down.
    #[serde(default)]
    pub refused: u64,
    /// How many of these a policy would have refused or slowed down if it were enforced, and none did.
    #[serde(default)]
    pub would_refuse: u64,
    /// What was seen, with the numbers behind the judgement.
    pub evidence: Vec<Evidence>,
    /// OWASP API Security Top 10 ids.
    pub owasp: Vec<String>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// Stage of an attack that this belongs to.
    pub stage: Stage,
}

/// Most exchange ids kept in one detection; `exchanges` counts all.
pub const MAX_EXCHANGE_IDS: usize = 1_000;
