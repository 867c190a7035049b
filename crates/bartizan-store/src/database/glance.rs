//! What is shown beside things.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{
    ActorId, ActorRef, EndpointId, Method, Scope, Timestamp, analysis::ActorSummary,
};
use sqlx::AssertSqlSafe;

use super::{Connection, Inner, Row, SqlStore, changes, query, read, store::reading};
use crate::{
    error::Result,
    glance::{
        Changes, DataClassSpread, EndpointChange, EndpointName, Glance, Resolution, TrafficBucket,
    },
    sql::glance as sql,
};

/// Most ids of one statement.
const MOST_IDS: usize = 500;

#[async_trait]
impl Glance for SqlStore {
    async fn endpoint_names(
        &self,
        scope: &Scope,
        ids: &[EndpointId],
    ) -> Result<BTreeMap<EndpointId, EndpointName>> {
        reading!(self, c => endpoint_names(c, scope, ids).await)
    }

    async fn data_classes(&self, scope: &Scope) -> Result<Vec<DataClassSpread>> {
        reading!(self, c => changes::data_classes(c, scope).await)
    }

    async fn changes_since(&self, scope: &Scope, since: Timestamp) -> Result<Changes> {
        reading!(self, c => changes::since(c, scope, since).await)
    }

    async fn traffic_since(
        &self,
        scope: &Scope,
        resolution: Resolution,
        since: Timestamp,
    ) -> Result<Vec<TrafficBucket>> {
        reading!(self, c => changes::traffic(c, scope, resolution, since).await)
    }

    async fn endpoint_changes(
        &self,
        scope: &Scope,
        id: &EndpointId,
    ) -> Result<Vec<EndpointChange>> {
        reading!(self, c => changes::of_endpoint(c, scope, id).await)
    }

    async fn actor_names(
        &self,
        scope: &Scope,
        ids: &[ActorId],
    ) -> Result<BTreeMap<ActorId, ActorRef>> {
        reading!(self, c => {
            let ids: Vec<&str> = ids.iter().map(ActorId::as_str).collect();
            let rows = by_ids(c, scope, sql::ACTOR_NAMES, &ids).await?;
            rows.iter().map(actor_row).collect()
        })
    }
}

async fn endpoint_names(
    connection: &mut Connection,
    scope: &Scope,
    ids: &[EndpointId],
) -> Inner<BTreeMap<EndpointId, EndpointName>> {
    let ids: Vec<&str> = ids.iter().map(EndpointId::as_str).collect();
    let mut names = BTreeMap::new();
    // What an alias leads to counts, not what it was.
    for text in [sql::ENDPOINT_NAMES, sql::ALIAS_NAMES] {
        for row in by_ids(connection, scope, text, &ids).await? {
            let id = EndpointId::from_text(row.try_get::<String, _>(0)?);
            let name = EndpointName {
                host: row.try_get(1)?,
                method: Method(row.try_get(2)?),
                path: row.try_get(3)?,
                operation: row.try_get(4)?,
            };
            names.insert(id, name);
        }
    }
    Ok(names)
}

fn actor_row(row: &Row) -> Inner<(ActorId, ActorRef)> {
    let actor: ActorSummary = read::body_row("actor")(row)?;
    Ok((actor.id.clone(), actor.reference()))
}

/// The rows of these ids; `text` ends where their list begins.
pub(super) async fn by_ids(
    connection: &mut Connection,
    scope: &Scope,
    text: &'static str,
    ids: &[&str],
) -> Inner<Vec<Row>> {
    let mut rows = Vec::new();
    for ids in ids.chunks(MOST_IDS) {
        let parameters: Vec<_> = (3..ids.len() + 3).map(|n| format!("${n}")).collect();
        let text = format!("{text}({})", parameters.join(", "));
        let mut query = query(AssertSqlSafe(text))
            .bind(scope.organisation.as_str())
            .bind(scope.environment.as_str());
        for id in ids {
            query = query.bind(*id);
        }
        rows.extend(query.fetch_all(connection).await?);
    }
    Ok(rows)
}
