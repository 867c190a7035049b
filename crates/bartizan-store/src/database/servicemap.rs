//! Services and third parties: replaced with each result, in its transaction.

use async_trait::async_trait;
use bartizan_model::{Scope, ServiceGraph, ThirdParty, Timestamp};

use super::{
    Connection, Inner, SqlStore, audit::signed, batch::json, connection::indexed, filters, query,
    read, store::reading,
};
use crate::{
    error::Result,
    orders::ThirdPartyOrder,
    query::{Page, PageRequest},
    records::Batch,
    servicemap::{ServiceMap, ThirdPartyFilter},
    sql::servicemap as sql,
};

/// A query whose first two values are organisation and environment.
macro_rules! in_scope {
    ($sql:expr, $scope:expr) => {
        query($sql).bind($scope.organisation.as_str()).bind($scope.environment.as_str())
    };
}

#[async_trait]
impl ServiceMap for SqlStore {
    async fn service_graph(&self, scope: &Scope) -> Result<Option<ServiceGraph>> {
        reading!(self, c => graph(c, scope).await)
    }

    async fn third_parties(
        &self,
        scope: &Scope,
        filter: &ThirdPartyFilter,
        page: &PageRequest<ThirdPartyOrder>,
    ) -> Result<Page<ThirdParty>> {
        let select = filters::third_parties(scope, filter);
        reading!(self, c => read::third_parties(c, &select, page).await)
    }
}

async fn graph(connection: &mut Connection, scope: &Scope) -> Inner<Option<ServiceGraph>> {
    let Some(row) = in_scope!(sql::GRAPH, scope).fetch_optional(connection).await? else {
        return Ok(None);
    };
    let subject = scope.environment.as_str().to_owned();
    read::parse("service graph", subject, row.try_get(0)?).map(Some)
}

/// Replaces what the batch has.
pub(super) async fn replace(
    connection: &mut Connection,
    scope: &Scope,
    batch: &Batch,
) -> Inner<()> {
    if let Some(graph) = &batch.services {
        in_scope!(sql::SAVE_GRAPH, scope)
            .bind(json("service graph", graph)?)
            .bind(batch.now.micros())
            .execute(&mut *connection)
            .await?;
    }
    if let Some(parties) = &batch.egress {
        in_scope!(sql::FORGET_THIRD_PARTIES, scope).execute(&mut *connection).await?;
        for party in parties {
            add(connection, scope, party).await?;
        }
    }
    Ok(())
}

async fn add(connection: &mut Connection, scope: &Scope, party: &ThirdParty) -> Inner<()> {
    let sent: Vec<&str> = party.sent.iter().map(|sent| sent.class.as_str()).collect();
    in_scope!(sql::ADD_THIRD_PARTY, scope)
        .bind(indexed(&party.host))
        .bind(party.told_by.as_str())
        .bind(signed(party.requests))
        .bind(signed(party.plain))
        .bind(format!(" {} ", sent.join(" ")))
        .bind(party.last_seen.map_or(0, Timestamp::micros))
        .bind(json("third party", party)?)
        .execute(connection)
        .await?;
    Ok(())
}
