//! An incident: detections of one actor or campaign, in order.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    actor::{ActorLink, ActorRef},
    ids::{DetectionId, IncidentId},
    severity::Severity,
    time::Timestamp,
};

/// Stages of an attack, in the order they usually come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looking around: scanning, forced browsing.
    Reconnaissance,
    /// Trying: probes, payloads, guesses that gained nothing.
    Probing,
    /// It worked at least once.
    Exploitation,
    /// Data left.
    Exfiltration,
}

impl Stage {
    /// All stages in order.
    pub const ALL: &'static [Self] =
        &[Self::Reconnaissance, Self::Probing, Self::Exploitation, Self::Exfiltration];

    /// The word shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reconnaissance => "reconnaissance",
            Self::Probing => "probing",
            Self::Exploitation => "exploitation",
            Self::Exfiltration => "exfiltration",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the arithmetic of a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreFactor {
    /// Why.
    pub reason: String,
    /// Points; the factors add up to the score, which is capped at 100.
    pub points: i32,
}

/// An attacker's story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Opaque.
    pub id: IncidentId,
    /// Who began it.
    pub actor: ActorRef,
    /// Further actors in it, each with what ties it to another one of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<ActorLink>,
    /// How bad: the worst of its detections, raised when stages add up.
    pub severity: Severity,
    /// 0 to 100.
    pub score: u8,
    /// The arithmetic of the score.
    pub factors: Vec<ScoreFactor>,
    /// First hostile exchange.
    pub started: Option<Timestamp>,
    /// Last hostile exchange.
    pub ended: Option<Timestamp>,
    /// Stages reached, in order.
    pub stages: Vec<Stage>,
    /// Its detections, in order of time.
    pub detection_ids: Vec<DetectionId>,
    /// One or two sentences.
    pub summary: String,
    /// Incidents that this one took in when their actors turned out to be linked; their ids lead
    /// here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<IncidentId>,
}
