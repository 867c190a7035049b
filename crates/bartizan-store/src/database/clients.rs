//! The inventory of clients.

use async_trait::async_trait;
use bartizan_model::{ClientDetail, ClientSummary, Scope, ids::ClientId};

use super::{
    Connection, Inner, SqlStore,
    audit::signed,
    batch::json,
    connection::indexed,
    facets,
    filters::{self, CLIENT_DETAILS},
    query, read,
    store::reading,
};
use crate::{
    clients::{ClientFilter, ClientInventory, MAX_KEPT_CLIENTS},
    error::Result,
    facets::Facets,
    orders::ClientOrder,
    query::{Page, PageRequest},
    records::Batch,
    sql::{clients as sql, sorted::Order as _},
};

#[async_trait]
impl ClientInventory for SqlStore {
    async fn clients(
        &self,
        scope: &Scope,
        filter: &ClientFilter,
        page: &PageRequest<ClientOrder>,
    ) -> Result<Page<ClientSummary>> {
        let select = filters::clients(scope, filter);
        let sorted = page.order.sorted();
        reading!(self, c => {
            read::fetch(c, &select, sorted, page, read::body_row("client")).await
        })
    }

    async fn client_facets(&self, scope: &Scope, filter: &ClientFilter) -> Result<Facets> {
        reading!(self, c => facets::clients(c, scope, filter).await)
    }

    async fn client(&self, scope: &Scope, id: &ClientId) -> Result<Option<ClientDetail>> {
        reading!(self, c => {
            read::one(c, &CLIENT_DETAILS, scope, id.as_str(), read::body_row("client")).await
        })
    }
}

/// Writes clients as they are now, and takes away what turned out to be one of them and what is too many.
pub(super) async fn save(connection: &mut Connection, scope: &Scope, batch: &Batch) -> Inner<()> {
    let in_scope = |text: &'static str| {
        query(text).bind(scope.organisation.as_str()).bind(scope.environment.as_str())
    };
    for client in &batch.clients {
        let summary = &client.summary;
        in_scope(sql::SAVE_CLIENT)
            .bind(summary.id.as_str())
            .bind(summary.kind.as_str())
            .bind(summary.form.as_str())
            .bind(indexed(&summary.label))
            .bind(signed(summary.requests))
            .bind(signed(summary.scopes_unused))
            .bind(summary.last_seen.unwrap_or(batch.now).micros())
            .bind(json("client", summary)?)
            .bind(json("client", client)?)
            .bind(batch.now.micros())
            .execute(&mut *connection)
            .await?;
        for id in &client.absorbed {
            in_scope(sql::FORGET_CLIENT).bind(id.as_str()).execute(&mut *connection).await?;
        }
    }
    if !batch.clients.is_empty() {
        let forget = in_scope(sql::FORGET_MANY_CLIENTS).bind(signed(MAX_KEPT_CLIENTS));
        forget.execute(connection).await?;
    }
    Ok(())
}
