//! Cross references between the parts of an analysis.

use std::collections::BTreeMap;

use bartizan_model::{
    Detection, DetectionId, Endpoint, EndpointId, Finding, Incident, analysis::ActorSummary,
    analysis::Analysis,
};

/// Who belongs to whom. Built once per output.
pub(super) struct Lookup<'a> {
    endpoints: BTreeMap<&'a str, &'a Endpoint>,
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
    detections: BTreeMap<&'a str, &'a Detection>,
    by_endpoint: BTreeMap<&'a str, Vec<&'a Detection>>,
    incident_of: BTreeMap<&'a str, &'a Incident>,
    actors: BTreeMap<&'a str, &'a ActorSummary>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(analysis: &'a Analysis) -> Self {
        let mut out = Self {
            endpoints: BTreeMap::new(),
            findings: BTreeMap::new(),
            detections: BTreeMap::new(),
            by_endpoint: BTreeMap::new(),
            incident_of: BTreeMap::new(),
            actors: analysis.actors.iter().map(|a| (a.id.as_str(), a)).collect(),
        };
        for endpoint in &analysis.endpoints {
            for alias in &endpoint.aliases {
                out.endpoints.entry(alias.as_str()).or_insert(endpoint);
            }
        }
        for endpoint in &analysis.endpoints {
            out.endpoints.insert(endpoint.id.as_str(), endpoint);
        }
        for finding in &analysis.findings {
            for id in finding.endpoint_id.iter().chain(&finding.endpoint_ids) {
                if let Some(endpoint) = out.endpoint(Some(id)) {
                    out.findings.entry(endpoint.id.as_str()).or_default().push(finding);
                }
            }
        }
        for detection in &analysis.detections {
            out.detections.insert(detection.id.as_str(), detection);
            if let Some(endpoint) = out.endpoint(detection.endpoint_id.as_ref()) {
                out.by_endpoint.entry(endpoint.id.as_str()).or_default().push(detection);
            }
        }
        for incident in &analysis.incidents {
            for id in &incident.detection_ids {
                out.incident_of.entry(id.as_str()).or_insert(incident);
            }
        }
        out
    }

    /// The endpoint of an id or alias.
    pub(super) fn endpoint(&self, id: Option<&EndpointId>) -> Option<&'a Endpoint> {
        self.endpoints.get(id?.as_str()).copied()
    }

    /// Findings of an endpoint and those of its host that it shows, in the order of the analysis.
    pub(super) fn findings(&self, endpoint: &Endpoint) -> &[&'a Finding] {
        self.findings.get(endpoint.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Detections at an endpoint, in the order of the analysis.
    pub(super) fn detections_at(&self, endpoint: &Endpoint) -> &[&'a Detection] {
        self.by_endpoint.get(endpoint.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Detections of an incident in order; unknown ids are left out.
    pub(super) fn detections_of(&self, incident: &Incident) -> Vec<&'a Detection> {
        let known = |id: &DetectionId| self.detections.get(id.as_str()).copied();
        incident.detection_ids.iter().filter_map(known).collect()
    }

    /// The incident that a detection belongs to.
    pub(super) fn incident_of(&self, detection: &Detection) -> Option<&'a Incident> {
        self.incident_of.get(detection.id.as_str()).copied()
    }

    /// What is known about an actor beyond its name.
    pub(super) fn actor(&self, id: &str) -> Option<&'a ActorSummary> {
        self.actors.get(id).copied()
    }
}
