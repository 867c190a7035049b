//! Endpoint aliases: merge, split, undo. An alias leads to its endpoint in one step; one that leads
//! to itself was set apart by a person, and no automatic merge touches it.

use bartizan_model::{EndpointId, HashKey, Scope, Timestamp};

use super::{Connection, Inner, audit, query, read};
use crate::{
    error::StoreError,
    records::{AliasChange, AliasEvent, AliasEventKind, AuditEntry, EndpointMerge},
    sql::statements as sql,
};

/// Who does what, when and why.
pub(super) struct Act<'a> {
    pub(super) scope: &'a Scope,
    pub(super) key: &'a HashKey,
    pub(super) who: &'a str,
    pub(super) reason: &'a str,
    pub(super) now: Timestamp,
}

/// The row of an alias as it stands.
async fn target(
    connection: &mut Connection,
    scope: &Scope,
    alias: &EndpointId,
) -> Inner<Option<EndpointId>> {
    let row = query(sql::ALIAS_TARGET)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(alias.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(match row {
        Some(row) => Some(EndpointId::from_text(row.try_get::<String, _>(0)?)),
        None => None,
    })
}

pub(super) async fn resolve(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<EndpointId> {
    Ok(target(connection, scope, id).await?.unwrap_or_else(|| id.clone()))
}

/// Whether somebody set this one apart from another.
pub(super) async fn is_apart(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<bool> {
    Ok(target(connection, scope, id).await?.as_ref() == Some(id))
}

/// The ids that lead to `id`.
pub(super) async fn of(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<Vec<EndpointId>> {
    let rows = query(sql::ALIASES_OF)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(id.as_str())
        .fetch_all(connection)
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let alias = EndpointId::from_text(row.try_get::<String, _>(0)?);
        if alias != *id {
            ids.push(alias);
        }
    }
    Ok(ids)
}

/// The endpoint that `id` leads to, and all its aliases.
pub(super) async fn family(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<Vec<EndpointId>> {
    let root = resolve(connection, scope, id).await?;
    let mut ids = of(connection, scope, &root).await?;
    ids.push(root);
    Ok(ids)
}

/// Merges. When `automatic`, what a person decided stays and what makes no sense is left out;
/// `None` when nothing is left to do.
pub(super) async fn merge(
    connection: &mut Connection,
    act: &Act<'_>,
    merge: &EndpointMerge,
    automatic: bool,
) -> Inner<Option<AliasEvent>> {
    let root = resolve(connection, act.scope, &merge.into).await?;
    let mut changes: Vec<AliasChange> = Vec::new();
    for alias in &merge.from {
        let row = target(connection, act.scope, alias).await?;
        if *alias == root {
            if automatic {
                continue;
            }
            return Err(refuse(alias, "it cannot be merged into itself"));
        }
        if row.as_ref() == Some(&root) || (automatic && row.is_some()) {
            continue;
        }
        // First those that lead here, so that every alias keeps leading on in one step.
        for child in of(connection, act.scope, alias).await? {
            let (before, after) = (Some(alias.clone()), Some(root.clone()));
            changes.push(apply(connection, act.scope, child, before, after).await?);
        }
        let before = row.filter(|target| target != alias);
        changes
            .push(apply(connection, act.scope, alias.clone(), before, Some(root.clone())).await?);
    }
    if changes.is_empty() {
        return if automatic { Ok(None) } else { Err(refuse(&root, "they are one already")) };
    }
    record(connection, act, AliasEventKind::Merge, changes, None).await.map(Some)
}

pub(super) async fn split(
    connection: &mut Connection,
    act: &Act<'_>,
    alias: &EndpointId,
) -> Inner<AliasEvent> {
    let before = target(connection, act.scope, alias).await?.filter(|target| target != alias);
    if before.is_none() {
        return Err(not_found("endpoint alias", alias.to_string()));
    }
    let change = apply(connection, act.scope, alias.clone(), before, None).await?;
    record(connection, act, AliasEventKind::Split, vec![change], None).await
}

/// Lets ids stand for themselves that led elsewhere, or may be made to. `false` when all of them did before.
pub(super) async fn part(
    connection: &mut Connection,
    act: &Act<'_>,
    ids: &[EndpointId],
) -> Inner<bool> {
    let mut changes: Vec<AliasChange> = Vec::new();
    for id in ids {
        let before = target(connection, act.scope, id).await?;
        if before.as_ref() == Some(id) {
            continue;
        }
        changes.push(apply(connection, act.scope, id.clone(), before, None).await?);
    }
    if changes.is_empty() {
        return Ok(false);
    }
    record(connection, act, AliasEventKind::Split, changes, None).await.map(|_| true)
}

pub(super) async fn undo(
    connection: &mut Connection,
    act: &Act<'_>,
    sequence: u64,
) -> Inner<AliasEvent> {
    let row = query(sql::ALIAS_EVENT)
        .bind(act.scope.organisation.as_str())
        .bind(act.scope.environment.as_str())
        .bind(audit::signed(sequence))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Err(not_found("alias event", sequence.to_string())) };
    let event: AliasEvent = read::parse("alias event", sequence.to_string(), row.try_get(0)?)?;
    let mut changes = Vec::with_capacity(event.changes.len());
    for change in event.changes.into_iter().rev() {
        let now =
            target(connection, act.scope, &change.alias).await?.filter(|t| *t != change.alias);
        if now != change.after {
            return Err(refuse(
                &change.alias,
                "a later event changed it: take that one back first",
            ));
        }
        let AliasChange { alias, before, after } = change;
        changes.push(apply(connection, act.scope, alias, after, before).await?);
    }
    record(connection, act, AliasEventKind::Undo, changes, Some(sequence)).await
}

async fn apply(
    connection: &mut Connection,
    scope: &Scope,
    alias: EndpointId,
    before: Option<EndpointId>,
    after: Option<EndpointId>,
) -> Inner<AliasChange> {
    query(sql::SET_ALIAS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(alias.as_str())
        .bind(after.as_ref().unwrap_or(&alias).as_str())
        .execute(connection)
        .await?;
    Ok(AliasChange { alias, before, after })
}

async fn record(
    connection: &mut Connection,
    act: &Act<'_>,
    kind: AliasEventKind,
    changes: Vec<AliasChange>,
    undoes: Option<u64>,
) -> Inner<AliasEvent> {
    let (organisation, environment) =
        (act.scope.organisation.as_str(), act.scope.environment.as_str());
    let row = query(sql::LAST_ALIAS_EVENT)
        .bind(organisation)
        .bind(environment)
        .fetch_one(&mut *connection)
        .await?;
    let event = AliasEvent {
        sequence: audit::unsigned(row.try_get(0)?) + 1,
        time: act.now,
        kind,
        who: act.who.to_owned(),
        reason: act.reason.to_owned(),
        changes,
        undoes,
    };
    let body = serde_json::to_string(&event)
        .map_err(|source| StoreError::Encoding { what: "alias event", source })?;
    query(sql::ADD_ALIAS_EVENT)
        .bind(organisation)
        .bind(environment)
        .bind(audit::signed(event.sequence))
        .bind(act.now.micros())
        .bind(kind.as_str())
        .bind(&body)
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: act.now,
        who: act.who.to_owned(),
        action: format!("endpoint.{}", kind.as_str()),
        subject: event.sequence.to_string(),
        details: serde_json::json!({ "changes": event.changes, "reason": event.reason }),
    };
    audit::append(connection, act.scope, act.key, entry).await?;
    Ok(event)
}

fn refuse(id: &EndpointId, reason: &'static str) -> super::Fault {
    StoreError::InvalidChange { subject: format!("endpoint {id}"), reason }.into()
}

fn not_found(what: &'static str, id: String) -> super::Fault {
    StoreError::NotFound { what, id }.into()
}
