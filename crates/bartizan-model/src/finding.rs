//! A finding: a lasting weakness, deduplicated, with a state.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evidence::Evidence,
    ids::{EndpointId, FindingId},
    item::Input,
    severity::{Confidence, Severity},
    time::Timestamp,
};

/// What a check answers for one exchange or endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The weakness is not there.
    Pass,
    /// The weakness is there.
    Fail(Box<Failure>),
    /// The question does not arise.
    NotApplicable,
    /// An input is missing. Never shown as *pass*.
    NotEvaluated(Input),
}

/// Why a check fails.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// Severity, when it differs from that of the check.
    pub severity: Option<Severity>,
    /// Confidence, when it differs from that of the check.
    pub confidence: Option<Confidence>,
    /// Tells findings of one check on one endpoint or host apart (for example a general location
    /// or a cookie name); usually empty.
    pub discriminator: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

impl Outcome {
    /// Fails with one piece of evidence.
    #[must_use]
    pub fn fail(evidence: Evidence) -> Self {
        Self::Fail(Box::new(Failure { evidence: vec![evidence], ..Failure::default() }))
    }
}

/// State of a finding in the workflow.
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
pub enum FindingState {
    /// Seen, nobody decided yet.
    #[default]
    Open,
    /// Somebody agreed that it is real.
    Confirmed,
    /// Known and tolerated, with a reason and an expiry.
    Accepted,
    /// Declared wrong by a person.
    FalsePositive,
    /// Declared fixed; seen again, it is reopened.
    Fixed,
    /// Another finding stands for it now, as its history says; only the product decides that.
    Replaced,
}

impl FindingState {
    /// All states.
    pub const ALL: &'static [Self] = &[
        Self::Open,
        Self::Confirmed,
        Self::Accepted,
        Self::FalsePositive,
        Self::Fixed,
        Self::Replaced,
    ];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Accepted => "accepted",
            Self::FalsePositive => "false_positive",
            Self::Fixed => "fixed",
            Self::Replaced => "replaced",
        }
    }

    /// The state of a word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == text)
    }

    /// Whether the finding still asks for something to be done.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Open | Self::Confirmed)
    }
}

impl fmt::Display for FindingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Most endpoints that a finding of a whole host names.
pub const MAX_AFFECTED: usize = 100;

/// A lasting weakness of one endpoint, or of a whole host ([`crate::item::Subject`]): then
/// `endpoint_id` is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The same weakness of the same endpoint (or host) has the same id in every run.
    pub id: FindingId,
    /// Code of the check.
    pub code: String,
    /// One line for people.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// OWASP API Security Top 10 ids, for example `API2:2023`, `API2:2019`.
    pub owasp: Vec<String>,
    /// For example `CWE-287`.
    pub cwe: Vec<String>,
    /// The endpoint it is about; `None` when it is about the whole host.
    pub endpoint_id: Option<EndpointId>,
    /// Host it is about.
    pub host: String,
    /// How many endpoints show it: 1, or those of the host.
    #[serde(default)]
    pub endpoints: u64,
    /// The endpoints that show a finding of a whole host, by path and method, at most
    /// [`MAX_AFFECTED`]; empty for a finding of one endpoint.
    #[serde(default)]
    pub endpoint_ids: Vec<EndpointId>,
    /// Tells findings of one check on one endpoint (or host) apart; usually empty.
    #[serde(default)]
    pub discriminator: String,
    /// What was seen: the first few pieces.
    pub evidence: Vec<Evidence>,
    /// How often the check failed and how often it passed here.
    pub failed: u64,
    /// How often it passed.
    pub passed: u64,
    /// What to do.
    pub remediation: String,
    /// Where it stands.
    pub state: FindingState,
    /// First exchange that showed it.
    pub first_seen: Option<Timestamp>,
    /// Last exchange that showed it.
    pub last_seen: Option<Timestamp>,
}

impl Finding {
    /// Whether it is about this endpoint: as its own, or as one of those that show it on the host.
    /// Of a host with more than [`MAX_AFFECTED`] such endpoints only the first are known here.
    #[must_use]
    pub fn concerns(&self, endpoint: &EndpointId) -> bool {
        self.endpoint_id.as_ref() == Some(endpoint) || self.endpoint_ids.contains(endpoint)
    }
}
