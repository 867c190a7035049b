//! Journey graphs.

use async_trait::async_trait;
use bartizan_model::{Journey, JourneyId, JourneySummary, Scope, Timestamp};

use super::{
    Connection, Inner, Row, SqlStore, audit::signed, batch::json, connection::indexed, query, read,
    store::reading,
};
use crate::{
    error::Result,
    journeys::{JourneyFilter, Journeys},
    orders::JourneyOrder,
    query::{Page, PageRequest},
    sql::{
        journeys as sql,
        select::{List, Select},
        sorted::Order as _,
    },
};

static SUMMARIES: List = List { name: "journeys", columns: "id, summary", table: "journeys" };
static WHOLE: List = List { name: "journeys", columns: "id, body", table: "journeys" };

#[async_trait]
impl Journeys for SqlStore {
    async fn journeys(
        &self,
        scope: &Scope,
        filter: &JourneyFilter,
        page: &PageRequest<JourneyOrder>,
    ) -> Result<Page<JourneySummary>> {
        reading!(self, c => list(c, scope, filter, page).await)
    }

    async fn journey(&self, scope: &Scope, id: &JourneyId) -> Result<Option<Journey>> {
        reading!(self, c => {
            read::one(c, &WHOLE, scope, id.as_str(), read::body_row("journey")).await
        })
    }
}

async fn list(
    connection: &mut Connection,
    scope: &Scope,
    filter: &JourneyFilter,
    page: &PageRequest<JourneyOrder>,
) -> Inner<Page<JourneySummary>> {
    let mut select = Select::new(&SUMMARIES, scope);
    select.also_any("host", filter.hosts.iter().map(|host| indexed(host)));
    select.also_any("role", filter.roles.iter().map(String::as_str));
    let summary = |row: &Row| read::parse("journey", row.try_get("id")?, row.try_get("summary")?);
    read::fetch(connection, &select, page.order.sorted(), page, summary).await
}

pub(super) async fn save(
    connection: &mut Connection,
    scope: &Scope,
    journey: &Journey,
    now: Timestamp,
) -> Inner<()> {
    query(sql::SAVE)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(journey.id.as_str())
        .bind(indexed(&journey.host))
        .bind(journey.role.as_str())
        .bind(signed(journey.sessions))
        .bind(json("journey", &journey.summary())?)
        .bind(json("journey", journey)?)
        .bind(now.micros())
        .execute(connection)
        .await?;
    Ok(())
}
