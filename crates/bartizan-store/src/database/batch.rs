//! Writing a batch, inside one transaction.

use std::collections::BTreeSet;

use bartizan_model::{
    Detection, Endpoint, Finding, FindingState, HashKey, Scope, Timestamp, analysis::ActorSummary,
};
use serde::Serialize;

use super::{
    Connection, Inner, SqlStore,
    aliases::{self, Act},
    audit::{self, signed},
    calls, changelog, changes, clients,
    connection::indexed,
    findings, incidents, journeys, log_index, maintain,
    outbox::Outbox,
    query, servicemap,
};
use crate::{
    error::StoreError,
    records::{Batch, EndpointMerge, PRODUCT, SaveReport},
    sql::statements as sql,
    workflow,
};

/// Where to and when.
pub(super) struct Target<'a> {
    pub(super) scope: &'a Scope,
    key: HashKey,
    pub(super) now: Timestamp,
}

pub(super) async fn save(
    store: &SqlStore,
    connection: &mut Connection,
    scope: &Scope,
    batch: &Batch,
) -> Inner<SaveReport> {
    let key = store.key_for_writing(connection, &scope.organisation, batch.now).await?;
    let to = Target { scope, key, now: batch.now };
    let mut report = SaveReport::default();
    let outbox = Outbox::before(connection, scope, batch).await?;
    changes::note(connection, scope, &batch.endpoints, batch.now).await?;
    for endpoint in &batch.endpoints {
        save_endpoint(connection, &to, endpoint).await?;
    }
    if batch.is_whole_inventory {
        forget_discovered(connection, &to, &batch.endpoints).await?;
    }
    part(connection, &to, batch).await?;
    merge(connection, &to, batch, &mut report).await?;
    report.changes = changelog::note(connection, scope, batch).await?;
    for finding in &batch.findings {
        save_finding(connection, &to, finding, &mut report).await?;
    }
    let new = |f: &&Finding| f.endpoint_id.is_none() && report.new_findings.contains(&f.id);
    let of_hosts: Vec<&Finding> = batch.findings.iter().filter(new).collect();
    report.replaced = findings::replace(connection, scope, &to.key, &of_hosts, batch.now).await?;
    let mut added = 0;
    for detection in &batch.detections {
        added += i64::from(save_detection(connection, &to, detection).await?);
    }
    maintain::count_detections(connection, scope, added).await?;
    for incident in &batch.incidents {
        incidents::save(connection, &to, incident).await?;
    }
    for actor in &batch.actors {
        save_actor(connection, &to, actor).await?;
    }
    clients::save(connection, scope, batch).await?;
    for journey in &batch.journeys {
        journeys::save(connection, scope, journey, batch.now).await?;
    }
    servicemap::replace(connection, scope, batch).await?;
    save_progress(connection, &to, batch).await?;
    for block in &batch.blocks {
        log_index::add_block(connection, scope, block, batch.now).await?;
    }
    changes::add_traffic(connection, scope, &batch.traffic, batch.now).await?;
    calls::add(connection, scope, &batch.calls, batch.now).await?;
    for entry in &batch.audit {
        audit::append(connection, scope, &to.key, entry.clone()).await?;
    }
    outbox.after(connection, scope, batch, &report).await?;
    Ok(report)
}

pub(super) fn json<T: Serialize>(what: &'static str, value: &T) -> Inner<String> {
    serde_json::to_string(value).map_err(|source| StoreError::Encoding { what, source }.into())
}

async fn save_endpoint(
    connection: &mut Connection,
    to: &Target<'_>,
    endpoint: &Endpoint,
) -> Inner<()> {
    let mut classes: Vec<_> = endpoint.data_classes.iter().map(|c| c.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    query(sql::SAVE_ENDPOINT)
        .bind(to.scope.organisation.as_str())
        .bind(to.scope.environment.as_str())
        .bind(endpoint.id.as_str())
        .bind(&endpoint.host)
        .bind(&endpoint.method.0)
        .bind(&endpoint.path)
        .bind(endpoint.protocol.as_str())
        .bind(endpoint.service.as_ref().map(|s| s.as_str()))
        .bind(endpoint.access.as_str())
        .bind(endpoint.inventory_state.as_str())
        .bind(i64::from(endpoint.confirmed))
        .bind(i64::from(endpoint.risk.score))
        .bind(between_spaces(&classes))
        .bind(signed(endpoint.requests))
        .bind(endpoint.first_seen.map(Timestamp::micros))
        .bind(endpoint.last_seen.map(Timestamp::micros))
        .bind(json("endpoint", endpoint)?)
        .bind(to.now.micros())
        .bind(changes::flows(endpoint))
        .bind(endpoint.operation_at_path())
        .bind(endpoint.owner.as_deref())
        .bind(endpoint.business_unit.as_deref())
        .bind(endpoint.stage.as_str())
        .bind(between_spaces(&endpoint.known_by.iter().map(|by| by.as_str()).collect::<Vec<_>>()))
        .bind(between_spaces(
            &endpoint.drift.iter().map(|grade| grade.as_str()).collect::<Vec<_>>(),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Spaces around each, so that one word is not found inside another.
fn between_spaces(words: &[&str]) -> String {
    let each = words.iter().map(|word| format!("{word} "));
    std::iter::once(" ".to_owned()).chain(each).collect()
}

/// Forgets endpoints that only code, a crawl or a perimeter knew, and that the whole inventory is without now:
/// they were called, and are endpoints of another id, or are gone.
async fn forget_discovered(
    connection: &mut Connection,
    to: &Target<'_>,
    endpoints: &[Endpoint],
) -> Inner<()> {
    let (organisation, environment) =
        (to.scope.organisation.as_str(), to.scope.environment.as_str());
    let known: BTreeSet<&str> = endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect();
    let stored = query(sql::DISCOVERED_ENDPOINTS).bind(organisation).bind(environment);
    for row in &stored.fetch_all(&mut *connection).await? {
        let id: String = row.try_get(0)?;
        if !known.contains(id.as_str()) {
            let forget = query(sql::FORGET_ENDPOINT).bind(organisation).bind(environment);
            forget.bind(id).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Lets endpoints stand for themselves again whose paths are kept apart. What led nowhere stays as it is: there is
/// nothing to record.
async fn part(connection: &mut Connection, to: &Target<'_>, batch: &Batch) -> Inner<()> {
    let mut led = Vec::new();
    for id in &batch.apart {
        if aliases::resolve(connection, to.scope, id).await? != *id {
            led.push(id.clone());
        }
    }
    let reason = "its path is kept apart";
    let act = Act { scope: to.scope, key: &to.key, who: PRODUCT, reason, now: to.now };
    aliases::part(connection, &act, &led).await.map(drop)
}

async fn merge(
    connection: &mut Connection,
    to: &Target<'_>,
    batch: &Batch,
    report: &mut SaveReport,
) -> Inner<()> {
    let named = batch.endpoints.iter().filter(|e| !e.aliases.is_empty()).map(|e| EndpointMerge {
        from: e.aliases.clone(),
        into: e.id.clone(),
        reason: "the analysis found them to be one endpoint".to_owned(),
    });
    for merge in batch.merges.iter().cloned().chain(named) {
        let act =
            Act { scope: to.scope, key: &to.key, who: PRODUCT, reason: &merge.reason, now: to.now };
        if let Some(event) = aliases::merge(connection, &act, &merge, true).await? {
            report.merged.extend(event.changes.into_iter().map(|change| change.alias));
        }
    }
    Ok(())
}

async fn save_finding(
    connection: &mut Connection,
    to: &Target<'_>,
    finding: &Finding,
    report: &mut SaveReport,
) -> Inner<()> {
    let known = findings::known(connection, to.scope, &finding.id).await?;
    query(sql::SAVE_FINDING)
        .bind(to.scope.organisation.as_str())
        .bind(to.scope.environment.as_str())
        .bind(finding.id.as_str())
        .bind(&finding.code)
        .bind(finding.severity as i64)
        .bind(finding.confidence as i64)
        .bind(indexed(&finding.host))
        .bind(finding.endpoint_id.as_ref().map(|id| id.as_str()))
        .bind(finding.state.as_str())
        .bind(signed(finding.failed))
        .bind(finding.first_seen.map(Timestamp::micros))
        .bind(finding.last_seen.map(Timestamp::micros))
        .bind(finding.last_seen.unwrap_or(to.now).micros())
        .bind(json("finding", finding)?)
        .bind(to.now.micros())
        .execute(&mut *connection)
        .await?;
    match known {
        None => report.new_findings.push(finding.id.clone()),
        Some((FindingState::Fixed, evidence)) if workflow::is_newer(evidence, finding) => {
            let change = findings::reopening(finding.id.clone(), "seen again", to.now);
            findings::write_state(connection, to.scope, &to.key, &change, FindingState::Fixed)
                .await?;
            report.reopened.push(finding.id.clone());
        }
        Some(_) => {}
    }
    Ok(())
}

/// Whether it is new.
async fn save_detection(
    connection: &mut Connection,
    to: &Target<'_>,
    detection: &Detection,
) -> Inner<bool> {
    let seen = detection.last_time.or(detection.time).unwrap_or(to.now);
    let body = json("detection", detection)?;
    let with_values = |text: &'static str| {
        query(text)
            .bind(to.scope.organisation.as_str())
            .bind(to.scope.environment.as_str())
            .bind(detection.id.as_str())
            .bind(&detection.code)
            .bind(&detection.class)
            .bind(detection.severity as i64)
            .bind(detection.actor.id.as_str())
            .bind(detection.endpoint_id.as_ref().map(|id| id.as_str()))
            .bind(seen.micros())
            .bind(&body)
            .bind(to.now.micros())
    };
    let is_new = with_values(sql::ADD_DETECTION).execute(&mut *connection).await? > 0;
    if !is_new {
        with_values(sql::CHANGE_DETECTION).execute(connection).await?;
    }
    Ok(is_new)
}

async fn save_actor(
    connection: &mut Connection,
    to: &Target<'_>,
    actor: &ActorSummary,
) -> Inner<()> {
    query(sql::SAVE_ACTOR)
        .bind(to.scope.organisation.as_str())
        .bind(to.scope.environment.as_str())
        .bind(actor.id.as_str())
        .bind(actor.kind.as_str())
        .bind(indexed(&actor.label))
        .bind(signed(actor.requests))
        .bind(signed(actor.detections))
        .bind(actor.first_seen.map(Timestamp::micros))
        .bind(actor.last_seen.map(Timestamp::micros))
        .bind(actor.last_seen.unwrap_or(to.now).micros())
        .bind(json("actor", actor)?)
        .bind(to.now.micros())
        .execute(connection)
        .await?;
    Ok(())
}

async fn save_progress(connection: &mut Connection, to: &Target<'_>, batch: &Batch) -> Inner<()> {
    let (organisation, environment) =
        (to.scope.organisation.as_str(), to.scope.environment.as_str());
    for checkpoint in &batch.checkpoints {
        query(sql::SAVE_CHECKPOINT)
            .bind(organisation)
            .bind(environment)
            .bind(&checkpoint.input)
            .bind(json("checkpoint", checkpoint)?)
            .bind(to.now.micros())
            .execute(&mut *connection)
            .await?;
    }
    for learned in &batch.learned {
        query(sql::SAVE_LEARNED)
            .bind(organisation)
            .bind(environment)
            .bind(&learned.name)
            .bind(learned.content.as_slice())
            .bind(to.now.micros())
            .execute(&mut *connection)
            .await?;
    }
    if let Some(run) = &batch.run {
        query(sql::SAVE_RUN)
            .bind(organisation)
            .bind(environment)
            .bind(&run.id)
            .bind(run.started.micros())
            .bind(json("run", run)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
