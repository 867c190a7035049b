//! An event: that a finding, incident or detection came or changed, or that the catalogue did. What leaves
//! the product.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    change::Change,
    detection::Detection,
    finding::Finding,
    ids::{EnvironmentId, EventId, OrganisationId, Scope},
    incident::Incident,
    severity::Severity,
    time::Timestamp,
};

/// Version of the shape of [`Event`] in JSON. It rises when a field goes or changes its meaning; new
/// fields do not raise it, so receivers ignore what they do not know.
pub const EVENT_VERSION: u16 = 1;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A finding that was not known before.
    #[serde(rename = "finding.new")]
    FindingNew,
    /// A finding that was fixed is seen again, or a decision about it lapsed.
    #[serde(rename = "finding.reopened")]
    FindingReopened,
    /// Severity, confidence or state of a finding are others.
    #[serde(rename = "finding.changed")]
    FindingChanged,
    /// An incident that was not known before.
    #[serde(rename = "incident.new")]
    IncidentNew,
    /// Severity, stages or actors of an incident are others, it took in another one, or it has twice
    /// as many detections as when that was last said.
    #[serde(rename = "incident.updated")]
    IncidentUpdated,
    /// A detection that was not known before.
    #[serde(rename = "detection.new")]
    DetectionNew,
    /// A change of the catalogue was noticed.
    #[serde(rename = "change.new")]
    ChangeNew,
    /// Somebody tries a sink out.
    #[serde(rename = "test")]
    Test,
}

impl EventType {
    /// All types.
    pub const ALL: &'static [Self] = &[
        Self::FindingNew,
        Self::FindingReopened,
        Self::FindingChanged,
        Self::IncidentNew,
        Self::IncidentUpdated,
        Self::DetectionNew,
        Self::ChangeNew,
        Self::Test,
    ];

    /// The word used in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FindingNew => "finding.new",
            Self::FindingReopened => "finding.reopened",
            Self::FindingChanged => "finding.changed",
            Self::IncidentNew => "incident.new",
            Self::IncidentUpdated => "incident.updated",
            Self::DetectionNew => "detection.new",
            Self::ChangeNew => "change.new",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One event, in the shape that every sink sends. Exactly one of `finding`, `incident`, `detection` and
/// `change` is there (none in a test), redacted as everywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// [`EVENT_VERSION`].
    pub version: u16,
    /// The same however often it is sent, and at every sink: receivers drop what they know.
    pub id: EventId,
    /// Rises by one with every event of a sink, from 1; 0 in a test. A number that is missing for good
    /// was dropped, because too many waited.
    #[serde(default)]
    pub sequence: u64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it was written down.
    pub time: Timestamp,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Where.
    pub environment: EnvironmentId,
    /// Severity of what it is about.
    pub severity: Severity,
    /// What is different, for `finding.changed` and `incident.updated`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The finding as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// The incident as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// The detection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
    /// The change of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

impl Event {
    fn about(
        scope: &Scope,
        kind: EventType,
        time: Timestamp,
        severity: Severity,
        subject: &str,
    ) -> Self {
        let parts = [kind.as_str(), subject, &time.micros().to_string()];
        Self {
            version: EVENT_VERSION,
            id: EventId::derive(scope, &parts),
            sequence: 0,
            kind,
            time,
            organisation: scope.organisation.clone(),
            environment: scope.environment.clone(),
            severity,
            changes: Vec::new(),
            finding: None,
            incident: None,
            detection: None,
            change: None,
        }
    }

    /// About a finding.
    #[must_use]
    pub fn finding(scope: &Scope, kind: EventType, time: Timestamp, finding: Finding) -> Self {
        let subject = format!("{} {}", finding.id, finding.state);
        let about = Self::about(scope, kind, time, finding.severity, &subject);
        Self { finding: Some(finding), ..about }
    }

    /// About an incident.
    #[must_use]
    pub fn incident(scope: &Scope, kind: EventType, time: Timestamp, incident: Incident) -> Self {
        let about = Self::about(scope, kind, time, incident.severity, incident.id.as_str());
        Self { incident: Some(incident), ..about }
    }

    /// About a detection.
    #[must_use]
    pub fn detection(scope: &Scope, time: Timestamp, detection: Detection) -> Self {
        let (severity, id) = (detection.severity, detection.id.as_str());
        let about = Self::about(scope, EventType::DetectionNew, time, severity, id);
        Self { detection: Some(detection), ..about }
    }

    /// About a change of the catalogue.
    #[must_use]
    pub fn change(scope: &Scope, time: Timestamp, change: Change) -> Self {
        let severity = change.grade.severity();
        let about = Self::about(scope, EventType::ChangeNew, time, severity, change.id.as_str());
        Self { change: Some(change), ..about }
    }

    /// To try a sink out.
    #[must_use]
    pub fn test(scope: &Scope, time: Timestamp) -> Self {
        Self::about(scope, EventType::Test, time, Severity::Info, "test")
    }

    /// One line for people: what it is about. Holds text of the traffic: encode it for where it goes.
    #[must_use]
    pub fn headline(&self) -> String {
        match (&self.finding, &self.incident, &self.detection, &self.change) {
            (Some(one), ..) => {
                format!("{} {} on {} ({})", one.code, one.title, one.host, one.state)
            }
            (_, Some(one), ..) => format!("incident {}: {}", one.id, one.summary),
            (_, _, Some(one), _) => format!("{} {} by {}", one.code, one.title, one.actor.label),
            (.., Some(one)) => format!("{} at {}", one.headline(), one.place()),
            _ => "a test: this sink works".to_owned(),
        }
    }

    /// Id of what it is about; of the event itself in a test.
    #[must_use]
    pub fn subject(&self) -> &str {
        match (&self.finding, &self.incident, &self.detection, &self.change) {
            (Some(one), ..) => one.id.as_str(),
            (_, Some(one), ..) => one.id.as_str(),
            (_, _, Some(one), _) => one.id.as_str(),
            (.., Some(one)) => one.id.as_str(),
            _ => self.id.as_str(),
        }
    }
}
