//! Lists and single things.

use bartizan_model::{
    Change, Detection, Endpoint, EndpointId, Finding, FindingState, Incident, Scope, ThirdParty,
    Timestamp, analysis::ActorSummary,
};
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::{
    Connection, Inner, Query, Row, aliases,
    filters::{self, ENDPOINTS},
    query,
};
use crate::{
    changelog::ChangeFilter,
    error::StoreError,
    orders::{
        ActorOrder, ChangeOrder, DetectionOrder, EndpointOrder, FindingOrder, IncidentOrder,
        ThirdPartyOrder,
    },
    query::{
        ActorFilter, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, Page,
        PageRequest, SortKey,
    },
    records::{AliasEvent, RunRecord},
    sql::{
        select::{List, Select},
        sorted::{
            Key::{Computed, Int, Text},
            Order as _, Sorted,
        },
    },
};

static RUNS: List = List { name: "runs", columns: "id, body", table: "analysis_runs" };
const LATEST: Sorted = Sorted::down("-seen", &[Int("seen_at"), Text("id")]);
static ALIAS_EVENTS: List =
    List { name: "alias events", columns: "sequence, body", table: "endpoint_alias_events" };
const NEWEST: Sorted = Sorted::down("-sequence", &[Int("sequence")]);

pub(super) async fn endpoints(
    connection: &mut Connection,
    scope: &Scope,
    filter: &EndpointFilter,
    page: &PageRequest<EndpointOrder>,
) -> Inner<Page<Endpoint>> {
    let select = filters::endpoints(scope, filter);
    let mut found = fetch(connection, &select, page.order.sorted(), page, endpoint_row).await?;
    for endpoint in &mut found.items {
        endpoint.aliases = aliases::of(connection, scope, &endpoint.id).await?;
    }
    Ok(found)
}

pub(super) async fn endpoint(
    connection: &mut Connection,
    scope: &Scope,
    id: &EndpointId,
) -> Inner<Option<Endpoint>> {
    let id = aliases::resolve(connection, scope, id).await?;
    let found = one(connection, &ENDPOINTS, scope, id.as_str(), endpoint_row).await?;
    let Some(mut endpoint) = found else { return Ok(None) };
    endpoint.aliases = aliases::of(connection, scope, &endpoint.id).await?;
    Ok(Some(endpoint))
}

pub(super) async fn findings(
    connection: &mut Connection,
    scope: &Scope,
    filter: &FindingFilter,
    page: &PageRequest<FindingOrder>,
) -> Inner<Page<Finding>> {
    let select = filters::findings(connection, scope, filter).await?;
    fetch(connection, &select, page.order.sorted(), page, finding_row).await
}

pub(super) async fn detections(
    connection: &mut Connection,
    scope: &Scope,
    filter: &DetectionFilter,
    page: &PageRequest<DetectionOrder>,
) -> Inner<Page<Detection>> {
    let select = filters::detections(connection, scope, filter, page.order).await?;
    fetch(connection, &select, page.order.sorted(), page, body_row("detection")).await
}

pub(super) async fn changes(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ChangeFilter,
    page: &PageRequest<ChangeOrder>,
) -> Inner<Page<Change>> {
    let select = filters::changes(connection, scope, filter).await?;
    fetch(connection, &select, page.order.sorted(), page, body_row("change")).await
}

pub(super) async fn third_parties(
    connection: &mut Connection,
    select: &Select,
    page: &PageRequest<ThirdPartyOrder>,
) -> Inner<Page<ThirdParty>> {
    fetch(connection, select, page.order.sorted(), page, body_row("third party")).await
}

pub(super) async fn incidents(
    connection: &mut Connection,
    scope: &Scope,
    filter: &IncidentFilter,
    page: &PageRequest<IncidentOrder>,
) -> Inner<Page<Incident>> {
    let select = filters::incidents(scope, filter);
    fetch(connection, &select, page.order.sorted(), page, body_row("incident")).await
}

pub(super) async fn actors(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ActorFilter,
    page: &PageRequest<ActorOrder>,
) -> Inner<Page<ActorSummary>> {
    let select = filters::actors(scope, filter);
    fetch(connection, &select, page.order.sorted(), page, actor_row).await
}

pub(super) async fn runs(
    connection: &mut Connection,
    scope: &Scope,
    page: &PageRequest,
) -> Inner<Page<RunRecord>> {
    fetch(connection, &Select::new(&RUNS, scope), LATEST, page, body_row("run")).await
}

pub(super) async fn alias_events(
    connection: &mut Connection,
    scope: &Scope,
    page: &PageRequest,
) -> Inner<Page<AliasEvent>> {
    let select = Select::new(&ALIAS_EVENTS, scope);
    fetch(connection, &select, NEWEST, page, |row| {
        parse("alias event", row.try_get::<i64, _>("sequence")?.to_string(), row.try_get("body")?)
    })
    .await
}

/// A query with its values.
pub(super) fn bound<'q>(text: impl SqlSafeStr, values: Vec<SortKey>) -> Query<'q> {
    values.into_iter().fold(query(text), |query, value| match value {
        SortKey::Int(number) => query.bind(number),
        SortKey::Text(text) => query.bind(text),
    })
}

/// Reads one page of a list.
pub(super) async fn fetch<O, T>(
    connection: &mut Connection,
    select: &Select,
    sorted: Sorted,
    page: &PageRequest<O>,
    read: impl Fn(&Row) -> Inner<T>,
) -> Inner<Page<T>> {
    let limit = page.clamped() as usize;
    let (text, values) = select.page(&sorted, page)?;
    let mut rows = bound(AssertSqlSafe(text), values).fetch_all(connection).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(last) if more => Some(select.cursor(&sorted, &sort_keys(last, &sorted)?)),
        _ => None,
    };
    let items = rows.iter().map(read).collect::<Inner<_>>()?;
    Ok(Page { items, next })
}

/// They are the first columns.
fn sort_keys(row: &Row, sorted: &Sorted) -> Inner<Vec<SortKey>> {
    let keys = sorted.keys.iter().enumerate().map(|(at, key)| match key {
        Int(_) | Computed(_) => row.try_get(at).map(SortKey::Int),
        Text(_) => row.try_get(at).map(SortKey::Text),
    });
    Ok(keys.collect::<Result<_, sqlx::Error>>()?)
}

/// Reads one row by id.
pub(super) async fn one<T>(
    connection: &mut Connection,
    list: &'static List,
    scope: &Scope,
    id: &str,
    read: impl Fn(&Row) -> Inner<T>,
) -> Inner<Option<T>> {
    let mut select = Select::new(list, scope);
    select.also_text("id", "= ?", Some(id));
    let (text, values) = select.all();
    let row = bound(AssertSqlSafe(text), values).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

pub(super) fn parse<T: DeserializeOwned>(what: &'static str, id: String, body: String) -> Inner<T> {
    serde_json::from_str(&body).map_err(|e| StoreError::corrupt_row(what, id, e).into())
}

pub(super) fn body_row<T: DeserializeOwned>(what: &'static str) -> impl Fn(&Row) -> Inner<T> {
    move |row| parse(what, row.try_get("id")?, row.try_get("body")?)
}

fn endpoint_row(row: &Row) -> Inner<Endpoint> {
    let mut endpoint: Endpoint = body_row("endpoint")(row)?;
    (endpoint.first_seen, endpoint.last_seen) = seen(row)?;
    Ok(endpoint)
}

pub(super) fn finding_row(row: &Row) -> Inner<Finding> {
    let mut finding: Finding = body_row("finding")(row)?;
    (finding.first_seen, finding.last_seen) = seen(row)?;
    finding.state = state("finding", finding.id.as_str(), &row.try_get::<String, _>("state")?)?;
    Ok(finding)
}

pub(super) fn actor_row(row: &Row) -> Inner<ActorSummary> {
    let mut actor: ActorSummary = body_row("actor")(row)?;
    (actor.first_seen, actor.last_seen) = seen(row)?;
    Ok(actor)
}

fn seen(row: &Row) -> Inner<(Option<Timestamp>, Option<Timestamp>)> {
    let first: Option<i64> = row.try_get("first_seen")?;
    let last: Option<i64> = row.try_get("last_seen")?;
    Ok((first.map(Timestamp::from_micros), last.map(Timestamp::from_micros)))
}

pub(super) fn state(what: &'static str, id: &str, text: &str) -> Inner<FindingState> {
    FindingState::parse(text)
        .ok_or_else(|| StoreError::corrupt_row(what, id, format!("unknown state {text:?}")).into())
}
