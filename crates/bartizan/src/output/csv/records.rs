//! Things as lines of tables. Lists within a cell are separated by `; `.

use std::borrow::Cow;

use bartizan_model::{
    ActorRef, Change, ClientSummary, Detection, Endpoint, Evidence, Finding, Incident, Timestamp,
    analysis::ActorSummary,
};
use bartizan_store::AuditRecord;

use super::Record;
use crate::output::{knowledge, words};

impl Record for Endpoint {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "host",
        "method",
        "path",
        "protocol",
        "operation",
        "service",
        "owner",
        "business_unit",
        "stage",
        "access",
        "composite",
        "reached",
        "resources",
        "inventory_state",
        "confirmed",
        "auth",
        "auth_judged",
        "requests",
        "actors",
        "data_classes",
        "risk",
        "first_seen",
        "last_seen",
        "drift",
        "known_by",
        "discovered",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let mut auth: Vec<String> = self
            .auth
            .iter()
            .map(|a| format!("{} {}.{} {:.3}", a.auth_type, a.location, a.name, a.coverage))
            .collect();
        if auth.is_empty() {
            auth.push(words::auth_brief(self));
        }
        let mut classes: Vec<&str> = self.data_classes.iter().map(|c| c.class.as_str()).collect();
        classes.sort_unstable();
        classes.dedup();
        vec![
            self.id.as_str().into(),
            self.host.as_str().into(),
            self.method.0.as_str().into(),
            self.path.as_str().into(),
            self.protocol.as_str().into(),
            self.operation.as_deref().unwrap_or("").into(),
            self.service.as_ref().map_or("", |s| s.as_str()).into(),
            self.owner.as_deref().unwrap_or("").into(),
            self.business_unit.as_deref().unwrap_or("").into(),
            self.stage.as_str().into(),
            self.access.as_str().into(),
            flag(self.composite),
            self.reached.way.as_str().into(),
            self.resources.iter().map(words::resource).collect::<Vec<_>>().join("; ").into(),
            self.inventory_state.as_str().into(),
            flag(self.confirmed),
            auth.join("; ").into(),
            number(self.auth_judged),
            number(self.requests),
            number(self.actors),
            classes.join("; ").into(),
            number(self.risk.score),
            time(self.first_seen),
            time(self.last_seen),
            drift(self),
            self.known_by.iter().map(|by| by.as_str()).collect::<Vec<_>>().join("; ").into(),
            self.discovered.iter().map(knowledge::discovered).collect::<Vec<_>>().join("; ").into(),
        ]
    }
}

/// Differences to what is written by their grade: `none` where there are none, and nothing where nothing is written.
fn drift(endpoint: &Endpoint) -> Cow<'_, str> {
    match endpoint.written.as_ref().map(words::drift) {
        None => "".into(),
        Some(told) if told.is_empty() => "none".into(),
        Some(told) => told.into(),
    }
}

/// A finding with the endpoint that it is of, when it is of one.
pub(super) struct PlacedFinding<'a> {
    pub(super) finding: &'a Finding,
    pub(super) endpoint: Option<&'a Endpoint>,
}

/// What evidence says, with bars between.
fn notes(evidence: &[Evidence]) -> Cow<'_, str> {
    let notes: Vec<&str> =
        evidence.iter().map(|one| one.note.as_str()).filter(|note| !note.is_empty()).collect();
    notes.join(" | ").into()
}

impl Record for PlacedFinding<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "severity",
        "confidence",
        "code",
        "title",
        "state",
        "host",
        "method",
        "path",
        "endpoint_id",
        "endpoints",
        "discriminator",
        "failed",
        "passed",
        "owasp",
        "cwe",
        "evidence",
        "remediation",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let mut cells = self.finding.cells();
        let place = self.endpoint.map_or(["", ""], |e| [&e.method.0, &e.path]);
        cells.splice(BEFORE_PLACE..BEFORE_PLACE, place.map(Cow::from));
        cells
    }
}

/// Columns in front of method and path.
const BEFORE_PLACE: usize = 7;

impl Record for Finding {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "severity",
        "confidence",
        "code",
        "title",
        "state",
        "host",
        "endpoint_id",
        "endpoints",
        "discriminator",
        "failed",
        "passed",
        "owasp",
        "cwe",
        "evidence",
        "remediation",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.id.as_str().into(),
            self.severity.as_str().into(),
            self.confidence.as_str().into(),
            self.code.as_str().into(),
            self.title.as_str().into(),
            self.state.as_str().into(),
            self.host.as_str().into(),
            self.endpoint_id.as_ref().map_or("", |id| id.as_str()).into(),
            number(self.endpoints),
            self.discriminator.as_str().into(),
            number(self.failed),
            number(self.passed),
            self.owasp.join("; ").into(),
            self.cwe.join("; ").into(),
            notes(&self.evidence),
            self.remediation.as_str().into(),
            time(self.first_seen),
            time(self.last_seen),
        ]
    }
}

impl Record for Detection {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "severity",
        "confidence",
        "code",
        "title",
        "class",
        "stage",
        "actor_id",
        "actor_kind",
        "actor",
        "endpoint_id",
        "exchanges",
        "succeeded",
        "owasp",
        "attack",
        "evidence",
        "time",
        "last_time",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let [id, kind, label] = actor(&self.actor);
        vec![
            self.id.as_str().into(),
            self.severity.as_str().into(),
            self.confidence.as_str().into(),
            self.code.as_str().into(),
            self.title.as_str().into(),
            self.class.as_str().into(),
            self.stage.as_str().into(),
            id,
            kind,
            label,
            self.endpoint_id.as_ref().map_or("", |id| id.as_str()).into(),
            number(self.exchanges),
            number(self.succeeded),
            self.owasp.join("; ").into(),
            self.attack.join("; ").into(),
            notes(&self.evidence),
            time(self.time),
            time(self.last_time),
        ]
    }
}

impl Record for Incident {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "severity",
        "score",
        "actor_id",
        "actor_kind",
        "actor",
        "linked_actors",
        "stages",
        "detections",
        "summary",
        "started",
        "ended",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let [id, kind, label] = actor(&self.actor);
        let stages: Vec<&str> = self.stages.iter().map(|stage| stage.as_str()).collect();
        vec![
            self.id.as_str().into(),
            self.severity.as_str().into(),
            number(self.score),
            id,
            kind,
            label,
            self.linked.len().to_string().into(),
            stages.join("; ").into(),
            self.detection_ids.len().to_string().into(),
            self.summary.as_str().into(),
            time(self.started),
            time(self.ended),
        ]
    }
}

impl Record for Change {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "time",
        "noticed",
        "kind",
        "grade",
        "endpoint_id",
        "host",
        "method",
        "path",
        "operation",
        "subject",
        "before",
        "after",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.id.as_str().into(),
            time(Some(self.time)),
            time(Some(self.noticed)),
            self.kind.as_str().into(),
            self.grade.as_str().into(),
            self.endpoint_id.as_str().into(),
            self.host.as_str().into(),
            self.method.0.as_str().into(),
            self.path.as_str().into(),
            self.operation.as_deref().unwrap_or("").into(),
            self.subject.as_str().into(),
            self.before.as_deref().unwrap_or("").into(),
            self.after.as_deref().unwrap_or("").into(),
        ]
    }
}

impl Record for ClientSummary {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "form",
        "kind",
        "label",
        "issuer",
        "told_by",
        "grade",
        "users",
        "sources",
        "requests",
        "granted",
        "refused",
        "operations_used",
        "operations_unused",
        "scopes_granted",
        "scopes_used",
        "scopes_unused",
        "kind_evidence",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let evidence: Vec<&str> = self.kind_evidence.iter().map(|one| one.name.as_str()).collect();
        vec![
            self.id.as_str().into(),
            self.form.as_str().into(),
            self.kind.as_str().into(),
            self.label.as_str().into(),
            self.issuer.as_deref().unwrap_or("").into(),
            self.told_by.as_str().into(),
            self.grade.as_str().into(),
            number(self.users),
            number(self.sources),
            number(self.requests),
            number(self.granted),
            number(self.refused),
            number(self.operations_used),
            self.operations_unused.map_or_else(|| "".into(), number),
            number(self.scopes_granted),
            number(self.scopes_used),
            number(self.scopes_unused),
            evidence.join("; ").into(),
            time(self.first_seen),
            time(self.last_seen),
        ]
    }
}

impl Record for ActorSummary {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "label",
        "grade",
        "role",
        "requests",
        "endpoints",
        "detections",
        "networks",
        "first_seen",
        "last_seen",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.id.as_str().into(),
            self.kind.as_str().into(),
            self.label.as_str().into(),
            self.grade.map_or("", |grade| grade.as_str()).into(),
            self.role.as_deref().unwrap_or("").into(),
            number(self.requests),
            number(self.endpoints),
            number(self.detections),
            self.networks.join("; ").into(),
            time(self.first_seen),
            time(self.last_seen),
        ]
    }
}

impl Record for AuditRecord {
    const COLUMNS: &'static [&'static str] =
        &["sequence", "time", "who", "action", "subject", "details", "hash"];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            number(self.sequence),
            time(Some(self.time)),
            self.who.as_str().into(),
            self.action.as_str().into(),
            self.subject.as_str().into(),
            self.details.as_str().into(),
            self.hash.as_str().into(),
        ]
    }
}

/// Id, kind and label.
fn actor(actor: &ActorRef) -> [Cow<'_, str>; 3] {
    [actor.id.as_str().into(), actor.kind.as_str().into(), actor.label.as_str().into()]
}

fn number(number: impl Into<u64>) -> Cow<'static, str> {
    number.into().to_string().into()
}

fn flag(flag: bool) -> Cow<'static, str> {
    if flag { "true" } else { "false" }.into()
}

fn time(time: Option<Timestamp>) -> Cow<'static, str> {
    time.map_or_else(String::new, words::exact).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_finding_has_the_columns_of_a_finding_and_its_place() {
        let mut columns = Finding::COLUMNS.to_vec();
        columns.splice(BEFORE_PLACE..BEFORE_PLACE, ["method", "path"]);
        assert_eq!(columns, PlacedFinding::COLUMNS);
    }
}
