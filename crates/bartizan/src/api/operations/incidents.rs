//! Incidents and the detections in them.

use bartizan_model::{
    ActorId, Detection, DetectionId, EndpointId, Incident, IncidentId, Role, Severity, Timestamp,
};
use bartizan_store::{DetectionFilter, DetectionOrder, Facets, IncidentFilter, IncidentOrder};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::{
    call::Call,
    list::Listed,
    operation::{At, Nothing, Operation},
    problem::Problem,
    reply::Reply,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        At::list("/incidents", Role::Viewer).does_as_table(
            "incidents",
            "listIncidents",
            "Incidents, worst first, then latest first",
            list,
        ),
        At::get("/incidents/facets", Role::Viewer).does(
            "getIncidentFacets",
            "How many incidents there are, by severity",
            facets,
        ),
        At::get("/incidents/{id}", Role::Viewer).does(
            "getIncident",
            "One incident, also by the id of one that it took in",
            get,
        ),
        At::list("/incidents/{id}/detections", Role::Viewer).does(
            "listIncidentDetections",
            "The detections of an incident, in order of time; those that were trimmed are missing",
            detections_of,
        ),
        At::list("/detections", Role::Viewer).does_as_table(
            "detections",
            "listDetections",
            "Detections, latest first",
            detections,
        ),
        At::get("/detections/{id}", Role::Viewer).does("getDetection", "One detection", detection),
    ]
}

/// Which incidents. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WantedIncidents {
    /// Any of these severities.
    severity: Vec<Severity>,
    /// Least severity.
    min_severity: Option<Severity>,
    /// Actor.
    actor: Option<ActorId>,
    /// Ended at or after.
    since: Option<Timestamp>,
    /// Ended before.
    before: Option<Timestamp>,
}

/// Which detections. What is missing does not restrict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WantedDetections {
    /// Any of these severities.
    severity: Vec<Severity>,
    /// Least severity.
    min_severity: Option<Severity>,
    /// Code of the detector: any of these.
    code: Vec<String>,
    /// Attack class.
    class: Option<String>,
    /// Actor.
    actor: Option<ActorId>,
    /// Endpoint.
    endpoint: Option<EndpointId>,
    /// Last seen at or after.
    since: Option<Timestamp>,
    /// Last seen before.
    before: Option<Timestamp>,
}

impl WantedIncidents {
    fn filter(&self) -> IncidentFilter {
        IncidentFilter {
            severities: self.severity.clone(),
            min_severity: self.min_severity,
            actor: self.actor.clone(),
            since: self.since,
            before: self.before,
        }
    }
}

async fn list(
    call: Call<WantedIncidents, Nothing, IncidentOrder>,
) -> Result<Reply<Listed<Incident>>, Problem> {
    let (scope, filter) = (&call.caller()?.scope, call.query.filter());
    let page = call.api.store()?.incidents(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn facets(call: Call<WantedIncidents, Nothing>) -> Result<Reply<Facets>, Problem> {
    let scope = &call.caller()?.scope;
    Ok(call.api.store()?.incident_facets(scope, &call.query.filter()).await?.into())
}

async fn get(call: Call<Nothing, Nothing>) -> Result<Reply<Incident>, Problem> {
    let (scope, id) = (&call.caller()?.scope, IncidentId::from_text(call.id.as_str()));
    let incident = call.api.store()?.incident(scope, &id).await?;
    Ok(incident.ok_or_else(Problem::not_found)?.into())
}

async fn detections_of(call: Call<Nothing, Nothing>) -> Result<Reply<Listed<Detection>>, Problem> {
    let (scope, id) = (&call.caller()?.scope, IncidentId::from_text(call.id.as_str()));
    let store = call.api.store()?;
    let incident = store.incident(scope, &id).await?.ok_or_else(Problem::not_found)?;
    let mut detections = Vec::with_capacity(incident.detection_ids.len());
    for id in &incident.detection_ids {
        detections.extend(store.detection(scope, id).await?);
    }
    Ok(Listed::whole(detections).into())
}

async fn detections(
    call: Call<WantedDetections, Nothing, DetectionOrder>,
) -> Result<Reply<Listed<Detection>>, Problem> {
    let (scope, wanted) = (&call.caller()?.scope, &call.query);
    let filter = DetectionFilter {
        severities: wanted.severity.clone(),
        min_severity: wanted.min_severity,
        codes: wanted.code.clone(),
        class: wanted.class.clone(),
        actor: wanted.actor.clone(),
        endpoint: wanted.endpoint.clone(),
        since: wanted.since,
        before: wanted.before,
    };
    let page = call.api.store()?.detections(scope, &filter, &call.part.page()).await?;
    Ok(Listed::from(page).into())
}

async fn detection(call: Call<Nothing, Nothing>) -> Result<Reply<Detection>, Problem> {
    let (scope, id) = (&call.caller()?.scope, DetectionId::from_text(call.id.as_str()));
    let detection = call.api.store()?.detection(scope, &id).await?;
    Ok(detection.ok_or_else(Problem::not_found)?.into())
}
