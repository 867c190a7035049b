//! Which events a write makes. They are written in its transaction, for each sink that wants them.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_model::{
    Event, EventType, Finding, FindingId, Incident, Scope, Timestamp, event::EventType::*,
};

use super::{Connection, Inner, Row, deliveries, filters, query, read};
use crate::{
    deliveries::Subscription,
    records::{Batch, SaveReport},
    sql::deliveries as sql,
};

/// What was known of the things of a batch before it is written.
pub(super) struct Outbox {
    subscriptions: Vec<Subscription>,
    /// Severity and confidence of findings that are known.
    findings: BTreeMap<FindingId, (i64, i64)>,
    /// By their place in the batch.
    incidents: Vec<Option<Incident>>,
    /// Places in the batch.
    new_detections: Vec<usize>,
}

impl Outbox {
    /// Looks, as far as some sink wants to know.
    pub(super) async fn before(
        connection: &mut Connection,
        scope: &Scope,
        batch: &Batch,
    ) -> Inner<Self> {
        let subscriptions = deliveries::subscriptions(connection, scope).await?;
        let mut this = Self {
            subscriptions,
            findings: BTreeMap::new(),
            incidents: Vec::new(),
            new_detections: Vec::new(),
        };
        if this.wants(&[FindingChanged]) {
            for finding in &batch.findings {
                let id = finding.id.as_str();
                if let Some(row) = row(connection, scope, sql::FINDING_BEFORE, id).await? {
                    let before = (row.try_get(0)?, row.try_get(1)?);
                    this.findings.insert(finding.id.clone(), before);
                }
            }
        }
        if this.wants(&[IncidentNew, IncidentUpdated]) {
            for incident in &batch.incidents {
                let id = incident.id.as_str();
                let before = row(connection, scope, sql::INCIDENT_BEFORE, id).await?;
                let before = before
                    .map(|row| read::parse("incident", id.to_owned(), row.try_get(0)?))
                    .transpose()?;
                this.incidents.push(before);
            }
        }
        if this.wants(&[DetectionNew]) {
            for (at, detection) in batch.detections.iter().enumerate() {
                let id = detection.id.as_str();
                if row(connection, scope, sql::IS_DETECTION_KNOWN, id).await?.is_none() {
                    this.new_detections.push(at);
                }
            }
        }
        Ok(this)
    }

    fn wants(&self, kinds: &[EventType]) -> bool {
        self.subscriptions.iter().any(|one| kinds.iter().any(|kind| one.events.contains(kind)))
    }

    /// Writes the events of a batch that was written.
    pub(super) async fn after(
        self,
        connection: &mut Connection,
        scope: &Scope,
        batch: &Batch,
        report: &SaveReport,
    ) -> Inner<()> {
        let mut events = Vec::new();
        if self.wants(&[FindingNew, FindingReopened, FindingChanged]) {
            let new: BTreeSet<_> = report.new_findings.iter().collect();
            let reopened: BTreeSet<_> = report.reopened.iter().collect();
            for finding in &batch.findings {
                let (kind, changes) = match self.findings.get(&finding.id) {
                    _ if new.contains(&finding.id) => (FindingNew, Vec::new()),
                    _ if reopened.contains(&finding.id) => (FindingReopened, Vec::new()),
                    Some(before) => (FindingChanged, finding_changes(*before, finding)),
                    None => continue,
                };
                if kind != FindingChanged || !changes.is_empty() {
                    let id = &finding.id;
                    events.extend(
                        of_finding(connection, scope, id, (kind, changes), batch.now).await?,
                    );
                }
            }
            for id in &report.replaced {
                let what = (FindingChanged, vec!["state".to_owned()]);
                events.extend(of_finding(connection, scope, id, what, batch.now).await?);
            }
        }
        for (before, incident) in self.incidents.iter().zip(&batch.incidents) {
            let changes = before.as_ref().map(|before| incident_changes(before, incident));
            let kind = if changes.is_none() { IncidentNew } else { IncidentUpdated };
            if changes.as_ref().is_none_or(|changes| !changes.is_empty()) {
                let event = Event::incident(scope, kind, batch.now, incident.clone());
                events.push(Event { changes: changes.unwrap_or_default(), ..event });
            }
        }
        let detections = self.new_detections.iter().filter_map(|at| batch.detections.get(*at));
        events.extend(detections.map(|one| Event::detection(scope, batch.now, one.clone())));
        let changes = report.changes.iter().filter(|_| self.wants(&[ChangeNew]));
        events.extend(changes.map(|one| Event::change(scope, batch.now, one.clone())));
        deliveries::add(connection, scope, &self.subscriptions, &events, batch.now).await
    }
}

/// Writes the events of findings whose state was changed by itself.
pub(super) async fn note_findings(
    connection: &mut Connection,
    scope: &Scope,
    kind: EventType,
    ids: &[FindingId],
    now: Timestamp,
) -> Inner<()> {
    let subscriptions = deliveries::subscriptions(connection, scope).await?;
    if !subscriptions.iter().any(|one| one.events.contains(&kind)) {
        return Ok(());
    }
    let mut events = Vec::with_capacity(ids.len());
    for id in ids {
        let what = (kind, vec!["state".to_owned()]);
        events.extend(of_finding(connection, scope, id, what, now).await?);
    }
    deliveries::add(connection, scope, &subscriptions, &events, now).await
}

/// An event about a finding as it is stored now.
async fn of_finding(
    connection: &mut Connection,
    scope: &Scope,
    id: &FindingId,
    (kind, changes): (EventType, Vec<String>),
    now: Timestamp,
) -> Inner<Option<Event>> {
    let list = &filters::FINDINGS;
    let found = read::one(connection, list, scope, id.as_str(), read::finding_row).await?;
    Ok(found.map(|finding| Event { changes, ..Event::finding(scope, kind, now, finding) }))
}

fn finding_changes((severity, confidence): (i64, i64), now: &Finding) -> Vec<String> {
    named(&[
        ("severity", severity != now.severity as i64),
        ("confidence", confidence != now.confidence as i64),
    ])
}

fn incident_changes(before: &Incident, now: &Incident) -> Vec<String> {
    let actors = |incident: &Incident| {
        let linked = incident.linked.iter().map(|link| link.actor.id.clone());
        linked.chain([incident.actor.id.clone()]).collect::<BTreeSet<_>>()
    };
    let doublings = |incident: &Incident| incident.detection_ids.len().checked_ilog2();
    named(&[
        ("severity", before.severity != now.severity),
        ("stages", before.stages != now.stages),
        ("actors", actors(before) != actors(now)),
        ("absorbed", before.absorbed != now.absorbed),
        // Every single one would be an event each few seconds, for as long as an attack goes on.
        ("detections", doublings(before) < doublings(now)),
    ])
}

fn named(changes: &[(&str, bool)]) -> Vec<String> {
    changes.iter().filter(|(_, is_so)| *is_so).map(|(name, _)| (*name).to_owned()).collect()
}

async fn row(
    connection: &mut Connection,
    scope: &Scope,
    text: &'static str,
    id: &str,
) -> Inner<Option<Row>> {
    let query =
        query(text).bind(scope.organisation.as_str()).bind(scope.environment.as_str()).bind(id);
    Ok(query.fetch_optional(connection).await?)
}
