//! Paths that people keep apart.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bartizan_model::{EndpointId, Scope};

use super::{
    Connection, Inner, SqlStore,
    aliases::{self, Act},
    audit, query,
    store::{reading, writing},
};
use crate::{
    apart::{MAX_APART_REASON, MAX_PATH_APART, MAX_PATHS_APART, Parting, Partings, PathApart},
    error::{Result, StoreError},
    records::AuditEntry,
    sql::apart as sql,
};

#[async_trait]
impl Partings for SqlStore {
    async fn keep_apart(&self, scope: &Scope, parting: &Parting) -> Result<bool> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, parting.now).await?;
            let Parting { who, reason, now, .. } = parting;
            keep_apart(c, &Act { scope, key: &key, who, reason, now: *now }, parting).await
        })
    }

    async fn paths_apart(&self, scope: &Scope) -> Result<Vec<PathApart>> {
        reading!(self, c => paths(c, scope).await)
    }
}

async fn paths(connection: &mut Connection, scope: &Scope) -> Inner<Vec<PathApart>> {
    let rows = query(sql::ALL)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let (path, endpoint): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(PathApart { path, endpoint: EndpointId::from_text(endpoint) })
        })
        .collect()
}

async fn keep_apart(connection: &mut Connection, act: &Act<'_>, parting: &Parting) -> Inner<bool> {
    let known = paths(connection, act.scope).await?;
    let known: BTreeSet<&str> = known.iter().map(|one| one.path.as_str()).collect();
    let wanted: BTreeSet<&str> = parting.paths.iter().map(String::as_str).collect();
    let new: Vec<&str> = wanted.difference(&known).copied().collect();
    let refuse = |reason| {
        let subject = format!("endpoint {}", parting.endpoint);
        Err(StoreError::InvalidChange { subject, reason }.into())
    };
    if known.len() + new.len() > MAX_PATHS_APART {
        return refuse("1,000 paths are kept apart already");
    }
    if new.iter().any(|path| path.len() > MAX_PATH_APART) {
        return refuse("a path is longer than 1,024 bytes");
    }
    if act.reason.len() > MAX_APART_REASON {
        return refuse("the reason is longer than 1,000 bytes");
    }
    let has_parted = aliases::part(connection, act, &parting.ids).await?;
    for path in &new {
        add(connection, act, path, &parting.endpoint).await?;
    }
    if !new.is_empty() {
        let entry = AuditEntry {
            time: act.now,
            who: act.who.to_owned(),
            action: "endpoint.keep_apart".to_owned(),
            subject: parting.endpoint.to_string(),
            details: serde_json::json!({ "paths": new, "reason": act.reason }),
        };
        audit::append(connection, act.scope, act.key, entry).await?;
    }
    Ok(has_parted || !new.is_empty())
}

async fn add(
    connection: &mut Connection,
    act: &Act<'_>,
    path: &str,
    endpoint: &EndpointId,
) -> Inner<()> {
    query(sql::ADD)
        .bind(act.scope.organisation.as_str())
        .bind(act.scope.environment.as_str())
        .bind(path)
        .bind(endpoint.as_str())
        .bind(act.who)
        .bind(act.reason)
        .bind(act.now.micros())
        .execute(connection)
        .await?;
    Ok(())
}
