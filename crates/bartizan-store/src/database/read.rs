//! Lists and single things.

use bartizan_model::{
    Detection, Endpoint, EndpointId, Finding, FindingState, Incident, Scope, Timestamp,
    analysis::ActorSummary,
};
use serde::de::DeserializeOwned;
use sqlx::AssertSqlSafe;

use super::{Connection, Inner, Row, aliases, query};
use crate::{
    error::StoreError,
    query::{
        ActorFilter, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter, Page,
        PageRequest, SortKey,
    },
    records::{AliasEvent, RunRecord},
    sql::select::{List, Select},
};

pub(super) static ENDPOINTS: List = List {
    name: "endpoints",
    columns: "id, host, path, method, first_seen, last_seen, body",
    table: "endpoints",
    order: &["host", "path", "method", "id"],
    descending: false,
};
pub(super) static FINDINGS: List = List {
    name: "findings",
    columns: "id, severity, seen_at, state, first_seen, last_seen, body",
    table: "findings",
    order: &["severity", "seen_at", "id"],
    descending: true,
};
pub(super) static DETECTIONS: List = List {
    name: "detections",
    columns: "id, seen_at, body",
    table: "detections",
    order: &["seen_at", "id"],
    descending: true,
};
pub(super) static INCIDENTS: List = List {
    name: "incidents",
    columns: "id, severity, score, seen_at, body",
    table: "incidents",
    order: &["severity", "score", "seen_at", "id"],
    descending: true,
};
pub(super) static ACTORS: List = List {
    name: "actors",
    columns: "id, requests, first_seen, last_seen, body",
    table: "actors",
    order: &["requests", "id"],
    descending: true,
};
static RUNS: List = List {
    name: "runs",
    columns: "id, seen_at, body",
    table: "analysis_runs",
    order: &["seen_at", "id"],
    descending: true,
};
static ALIAS_EVENTS: List = List {
    name: "alias events",
    columns: "sequence AS id, sequence, body",
    table: "endpoint_alias_events",
    order: &["sequence"],
    descending: true,
};

/// Left out of lists: endpoints that lead elsewhere. An alias of itself was split by a person.
const NO_ALIASES: &str = "id NOT IN (SELECT alias FROM endpoint_aliases \
     WHERE organisation = $1 AND environment = $2 AND target <> alias)";

pub(super) async fn endpoints(
    connection: &mut Connection,
    scope: &Scope,
    filter: &EndpointFilter,
    page: &PageRequest,
) -> Inner<Page<Endpoint>> {
    let mut select = Select::new(&ENDPOINTS, scope);
    select.also_fixed(NO_ALIASES);
    select.also_text("host = ?", filter.host.as_deref());
    select.also_text("method = ?", filter.method.as_deref());
    select.also_contains("LOWER(path) LIKE ? ESCAPE '\\'", filter.path_contains.as_deref());
    select.also_text("protocol = ?", filter.protocol.map(|p| p.as_str()));
    select.also_text("service = ?", filter.service.as_ref().map(|s| s.as_str()));
    select.also_text("access = ?", filter.access.map(|a| a.as_str()));
    select.also_text("inventory_state = ?", filter.inventory_state.map(|s| s.as_str()));
    select.also_int("confirmed = ?", filter.confirmed.map(i64::from));
    select.also_int("risk >= ?", filter.min_risk.map(i64::from));
    let class = filter.data_class.as_ref().map(|class| format!(" {class} "));
    select.also_contains("data_classes LIKE ? ESCAPE '\\'", class.as_deref());
    let mut found = fetch(connection, &ENDPOINTS, select, page, endpoint_row).await?;
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
    page: &PageRequest,
) -> Inner<Page<Finding>> {
    let mut select = Select::new(&FINDINGS, scope);
    let states = filter.states.iter().map(|s| SortKey::Text(s.as_str().to_owned()));
    select.also_any("state", states.collect());
    select.also_int("severity >= ?", filter.min_severity.map(|s| s as i64));
    select.also_text("code = ?", filter.code.as_deref());
    select.also_text("host = ?", filter.host.as_deref());
    select.also_int("seen_at >= ?", filter.seen_since.map(Timestamp::micros));
    select.also_text("assignee = ?", filter.assignee.as_deref());
    if filter.unassigned {
        select.also_fixed("assignee IS NULL");
    }
    also_endpoint(&mut select, connection, scope, filter.endpoint.as_ref()).await?;
    fetch(connection, &FINDINGS, select, page, finding_row).await
}

pub(super) async fn detections(
    connection: &mut Connection,
    scope: &Scope,
    filter: &DetectionFilter,
    page: &PageRequest,
) -> Inner<Page<Detection>> {
    let mut select = Select::new(&DETECTIONS, scope);
    select.also_int("severity >= ?", filter.min_severity.map(|s| s as i64));
    select.also_text("code = ?", filter.code.as_deref());
    select.also_text("class = ?", filter.class.as_deref());
    select.also_text("actor = ?", filter.actor.as_ref().map(|a| a.as_str()));
    select.also_int("seen_at >= ?", filter.since.map(Timestamp::micros));
    select.also_int("seen_at < ?", filter.before.map(Timestamp::micros));
    also_endpoint(&mut select, connection, scope, filter.endpoint.as_ref()).await?;
    fetch(connection, &DETECTIONS, select, page, body_row("detection")).await
}

pub(super) async fn incidents(
    connection: &mut Connection,
    scope: &Scope,
    filter: &IncidentFilter,
    page: &PageRequest,
) -> Inner<Page<Incident>> {
    let mut select = Select::new(&INCIDENTS, scope);
    select.also_int("severity >= ?", filter.min_severity.map(|s| s as i64));
    select.also_text("actor = ?", filter.actor.as_ref().map(|a| a.as_str()));
    select.also_int("seen_at >= ?", filter.since.map(Timestamp::micros));
    select.also_int("seen_at < ?", filter.before.map(Timestamp::micros));
    fetch(connection, &INCIDENTS, select, page, body_row("incident")).await
}

pub(super) async fn actors(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ActorFilter,
    page: &PageRequest,
) -> Inner<Page<ActorSummary>> {
    let mut select = Select::new(&ACTORS, scope);
    select.also_text("kind = ?", filter.kind.map(|k| k.as_str()));
    select.also_contains("LOWER(label) LIKE ? ESCAPE '\\'", filter.label_contains.as_deref());
    select.also_int("detections >= ?", filter.min_detections.map(super::audit::signed));
    fetch(connection, &ACTORS, select, page, actor_row).await
}

pub(super) async fn runs(
    connection: &mut Connection,
    scope: &Scope,
    page: &PageRequest,
) -> Inner<Page<RunRecord>> {
    fetch(connection, &RUNS, Select::new(&RUNS, scope), page, body_row("run")).await
}

pub(super) async fn alias_events(
    connection: &mut Connection,
    scope: &Scope,
    page: &PageRequest,
) -> Inner<Page<AliasEvent>> {
    let select = Select::new(&ALIAS_EVENTS, scope);
    fetch(connection, &ALIAS_EVENTS, select, page, |row| {
        parse("alias event", row.try_get::<i64, _>("sequence")?.to_string(), row.try_get("body")?)
    })
    .await
}

async fn also_endpoint(
    select: &mut Select,
    connection: &mut Connection,
    scope: &Scope,
    endpoint: Option<&EndpointId>,
) -> Inner<()> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let ids = aliases::family(connection, scope, endpoint).await?;
    let ids = ids.into_iter().map(|id| SortKey::Text(id.as_str().to_owned()));
    select.also_any("endpoint_id", ids.collect());
    Ok(())
}

/// Reads one page of a list.
pub(super) async fn fetch<T>(
    connection: &mut Connection,
    list: &'static List,
    select: Select,
    page: &PageRequest,
    read: impl Fn(&Row) -> Inner<T>,
) -> Inner<Page<T>> {
    let limit = page.clamped() as usize;
    let (text, values) = select.page(page)?;
    let mut query = query(AssertSqlSafe(text));
    for value in values {
        query = match value {
            SortKey::Int(number) => query.bind(number),
            SortKey::Text(text) => query.bind(text),
        };
    }
    let mut rows = query.fetch_all(connection).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(last) if more => {
            let keys: Result<Vec<_>, sqlx::Error> =
                list.order.iter().map(|column| sort_key(last, column)).collect();
            Some(list.cursor(&keys?))
        }
        _ => None,
    };
    let items = rows.iter().map(read).collect::<Inner<_>>()?;
    Ok(Page { items, next })
}

fn sort_key(row: &Row, column: &'static str) -> Result<SortKey, sqlx::Error> {
    row.try_get::<i64, _>(column)
        .map(SortKey::Int)
        .or_else(|_| row.try_get::<String, _>(column).map(SortKey::Text))
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
    select.also_text("id = ?", Some(id));
    Ok(fetch(connection, list, select, &PageRequest::first(1), read).await?.items.pop())
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
