//! What a filter says, as conditions of a `SELECT`: the same for lists and for counts.

use bartizan_model::{EndpointId, Scope, Severity, Timestamp};

use super::{Connection, Inner, aliases, audit::signed, connection::indexed};
use crate::{
    changelog::ChangeFilter,
    clients::ClientFilter,
    orders::DetectionOrder,
    query::{ActorFilter, DetectionFilter, EndpointFilter, FindingFilter, IncidentFilter},
    servicemap::ThirdPartyFilter,
    sql::select::{List, Select},
};

pub(super) static ENDPOINTS: List =
    List { name: "endpoints", columns: "id, first_seen, last_seen, body", table: "endpoints" };
pub(super) static FINDINGS: List =
    List { name: "findings", columns: "id, state, first_seen, last_seen, body", table: "findings" };
pub(super) static DETECTIONS: List =
    List { name: "detections", columns: "id, body", table: "detections" };
pub(super) static INCIDENTS: List =
    List { name: "incidents", columns: "id, body", table: "incidents" };
pub(super) static ACTORS: List =
    List { name: "actors", columns: "id, first_seen, last_seen, body", table: "actors" };

pub(super) static CLIENTS: List = List { name: "clients", columns: "id, body", table: "clients" };
/// The same with all that is known of each.
pub(super) static CLIENT_DETAILS: List =
    List { name: "clients", columns: "id, detail AS body", table: "clients" };
pub(super) static CHANGES: List =
    List { name: "changes", columns: "id, body", table: "change_log" };

pub(super) static THIRD_PARTIES: List =
    List { name: "third parties", columns: "id, body", table: "third_parties" };

/// Left out of lists: endpoints that lead elsewhere. An alias of itself was split by a person.
const NO_ALIASES: &str = "id NOT IN (SELECT alias FROM endpoint_aliases \
     WHERE organisation = $1 AND environment = $2 AND target <> alias)";

pub(super) fn endpoints(scope: &Scope, filter: &EndpointFilter) -> Select {
    let mut select = Select::new(&ENDPOINTS, scope);
    select.also_fixed(NO_ALIASES);
    select.also_any("host", filter.hosts.iter().map(String::as_str));
    select.also_any("method", filter.methods.iter().map(String::as_str));
    select.also_contains("LOWER(path || ' ' || COALESCE(operation, ''))", &filter.path_contains);
    select.also_any("protocol", filter.protocols.iter().map(|p| p.as_str()));
    select.also_any("service", filter.services.iter().map(|s| s.as_str()));
    select.also_any("owner", filter.owners.iter().map(String::as_str));
    select.also_any("business_unit", filter.business_units.iter().map(String::as_str));
    select.also_any("stage", filter.stages.iter().map(|s| s.as_str()));
    select.also_any("access", filter.access.iter().map(|a| a.as_str()));
    select.also_any("inventory_state", filter.inventory_states.iter().map(|s| s.as_str()));
    select.also_int("confirmed", "= ?", filter.confirmed.map(i64::from));
    // Each word stands between spaces.
    select.also_contains("known_by", filter.known_by.iter().map(|by| format!(" {by} ")));
    let grades = filter.drift.iter().map(|grade| format!(" {} ", grade.as_str()));
    select.also_contains("drift", grades);
    select.also_contains("data_classes", filter.data_classes.iter().map(|c| format!(" {c} ")));
    select.also_int("risk", ">= ?", filter.min_risk.map(i64::from));
    select
}

pub(super) async fn findings(
    connection: &mut Connection,
    scope: &Scope,
    filter: &FindingFilter,
) -> Inner<Select> {
    let mut select = Select::new(&FINDINGS, scope);
    select.also_any("state", filter.states.iter().map(|s| s.as_str()));
    also_severity(&mut select, &filter.severities, filter.min_severity);
    select.also_any("code", filter.codes.iter().map(String::as_str));
    select.also_any("host", filter.hosts.iter().map(|host| indexed(host)));
    select.also_int("seen_at", ">= ?", filter.seen_since.map(Timestamp::micros));
    select.also_text("assignee", "= ?", filter.assignee.as_deref());
    if filter.unassigned {
        select.also_none("assignee", "assignee IS NULL");
    }
    also_endpoint(&mut select, connection, scope, filter.endpoint.as_ref()).await?;
    Ok(select)
}

/// There are many of them, so that an index has to give them in order.
pub(super) async fn detections(
    connection: &mut Connection,
    scope: &Scope,
    filter: &DetectionFilter,
    order: DetectionOrder,
) -> Inner<Select> {
    let (least, is_timed) =
        (filter.min_severity, filter.since.is_some() || filter.before.is_some());
    let by_time = order != DetectionOrder::SeverityDown;
    let by_kind = !filter.codes.is_empty() || filter.class.is_some();
    let mut severities = filter.severities.clone();
    if severities.is_empty() && (least.is_some() || by_kind || is_timed && !by_time) {
        severities.extend(Severity::ALL.iter().filter(|one| least.is_none_or(|it| **one >= it)));
    }
    let mut select = Select::new(&DETECTIONS, scope);
    also_severity(&mut select, &severities, least);
    select.also_any("code", filter.codes.iter().map(String::as_str));
    select.also_any("class", filter.class.as_deref());
    select.also_any("actor", filter.actor.as_ref().map(|a| a.as_str()));
    also_time(&mut select, filter.since, filter.before);
    also_endpoint(&mut select, connection, scope, filter.endpoint.as_ref()).await?;
    // Each has an index in which things stand in the order of time; what fewest things fulfil is first.
    let indexed: [(&'static [&'static str], bool); 5] = [
        (&["actor"], filter.actor.is_some()),
        (&["endpoint_id"], filter.endpoint.is_some()),
        (&["code", "severity"], !filter.codes.is_empty()),
        (&["class", "severity"], filter.class.is_some()),
        (&["severity"], !severities.is_empty() && (by_time || is_timed)),
    ];
    if let Some((columns, _)) = indexed.iter().find(|(_, is_asked)| *is_asked) {
        select.find_by(columns, &indexed.map(|(columns, _)| columns[0]));
    }
    Ok(select)
}

pub(super) fn incidents(scope: &Scope, filter: &IncidentFilter) -> Select {
    let mut select = Select::new(&INCIDENTS, scope);
    also_severity(&mut select, &filter.severities, filter.min_severity);
    select.also_text("actor", "= ?", filter.actor.as_ref().map(|a| a.as_str()));
    also_time(&mut select, filter.since, filter.before);
    select
}

pub(super) fn actors(scope: &Scope, filter: &ActorFilter) -> Select {
    let mut select = Select::new(&ACTORS, scope);
    select.also_any("kind", filter.kinds.iter().map(|k| k.as_str()));
    select.also_contains("LOWER(label)", &filter.label_contains);
    select.also_int("detections", ">= ?", filter.min_detections.map(signed));
    select
}

pub(super) fn clients(scope: &Scope, filter: &ClientFilter) -> Select {
    let mut select = Select::new(&CLIENTS, scope);
    select.also_any("kind", filter.kinds.iter().map(|k| k.as_str()));
    select.also_any("form", filter.forms.iter().map(|f| f.as_str()));
    select.also_contains("LOWER(label)", &filter.label_contains);
    select
}

pub(super) async fn changes(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ChangeFilter,
) -> Inner<Select> {
    let mut select = Select::new(&CHANGES, scope);
    select.also_any("kind", filter.kinds.iter().map(|kind| kind.as_str()));
    select.also_any("grade", filter.grades.iter().map(|grade| grade.as_str()));
    select.also_any("host", filter.hosts.iter().map(|host| indexed(host)));
    also_time(&mut select, filter.since, filter.before);
    also_endpoint(&mut select, connection, scope, filter.endpoint.as_ref()).await?;
    Ok(select)
}

pub(super) fn third_parties(scope: &Scope, filter: &ThirdPartyFilter) -> Select {
    let mut select = Select::new(&THIRD_PARTIES, scope);
    select.also_contains("LOWER(id)", &filter.host_contains);
    select.also_any("told_by", filter.told_by.iter().map(|by| by.as_str()));
    // Each name stands between spaces.
    select.also_contains("sent", filter.sent.iter().map(|class| format!(" {class} ")));
    match filter.plain {
        Some(true) => select.also_int("plain", "> ?", Some(0)),
        Some(false) => select.also_int("plain", "= ?", Some(0)),
        None => {}
    }
    select
}

fn also_severity(select: &mut Select, any: &[Severity], least: Option<Severity>) {
    select.also_any_int("severity", any.iter().map(|severity| *severity as i64));
    select.also_int("severity", ">= ?", least.map(|severity| severity as i64));
}

fn also_time(select: &mut Select, since: Option<Timestamp>, before: Option<Timestamp>) {
    select.also_int("seen_at", ">= ?", since.map(Timestamp::micros));
    select.also_int("seen_at", "< ?", before.map(Timestamp::micros));
}

async fn also_endpoint(
    select: &mut Select,
    connection: &mut Connection,
    scope: &Scope,
    endpoint: Option<&EndpointId>,
) -> Inner<()> {
    let Some(endpoint) = endpoint else { return Ok(()) };
    let ids = aliases::family(connection, scope, endpoint).await?;
    select.also_any("endpoint_id", ids.iter().map(|id| id.as_str()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqliteConnection};

    use super::*;
    use crate::{
        orders::{
            ActorOrder, ChangeOrder, ClientOrder, EndpointOrder, FindingOrder, IncidentOrder,
            ThirdPartyOrder,
        },
        query::{PageRequest, SortKey},
        sql::sorted::{Key, Order, Sorted},
    };

    async fn empty() -> Connection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("opens");
        for (_, _, text) in crate::sqlite::MIGRATIONS {
            connection.execute(sqlx::raw_sql(*text)).await.expect("migrates");
        }
        Connection::Sqlite(connection)
    }

    /// How SQLite would read the page behind something. It has no figures of these tables, so that it
    /// does this however full they are.
    async fn plan(connection: &mut Connection, select: &Select, sorted: &Sorted) -> String {
        let key = |key: &Key| match key {
            Key::Text(_) => SortKey::Text("a".to_owned()),
            Key::Int(_) | Key::Computed(_) => SortKey::Int(3),
        };
        let keys: Vec<_> = sorted.keys.iter().map(key).collect();
        let page = PageRequest::<()>::after(10, select.cursor(sorted, &keys));
        let (text, _) = select.page(sorted, &page).expect("own cursor");
        let Connection::Sqlite(connection) = connection else { panic!("another database") };
        let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")));
        let rows = explain.fetch_all(connection).await.expect("explained");
        rows.iter().map(|row| row.get::<String, _>("detail") + "; ").collect()
    }

    async fn check<O: Order>(connection: &mut Connection, select: &Select, orders: &[O]) {
        for sorted in orders.iter().map(|order| order.sorted()) {
            let plan = plan(connection, select, &sorted).await;
            let begins = plan.contains(" USING INDEX ") && plan.contains("environment=? AND ");
            assert!(begins && !plan.contains("TEMP B-TREE"), "{sorted:?}: {plan}");
        }
    }

    #[tokio::test]
    async fn every_order_is_that_of_an_index() {
        let (mut c, s) = (empty().await, Scope::default());
        let filter = EndpointFilter { min_risk: Some(50), ..EndpointFilter::default() };
        check(&mut c, &endpoints(&s, &filter), EndpointOrder::ALL).await;
        let filter = FindingFilter {
            min_severity: Some(Severity::High),
            codes: vec!["BZ-C001".to_owned()],
            seen_since: Some(Timestamp::from_micros(1)),
            ..FindingFilter::default()
        };
        let select = findings(&mut c, &s, &filter).await.expect("no alias");
        check(&mut c, &select, FindingOrder::ALL).await;
        let filter =
            IncidentFilter { since: Some(Timestamp::from_micros(1)), ..Default::default() };
        check(&mut c, &incidents(&s, &filter), IncidentOrder::ALL).await;
        let filter = ActorFilter { min_detections: Some(1), ..ActorFilter::default() };
        check(&mut c, &actors(&s, &filter), ActorOrder::ALL).await;
        let kinds = vec![bartizan_model::ClientKind::Server];
        let filter = ClientFilter { kinds, ..ClientFilter::default() };
        check(&mut c, &clients(&s, &filter), ClientOrder::ALL).await;
        let filter = ChangeFilter {
            since: Some(Timestamp::from_micros(1)),
            kinds: vec![bartizan_model::ChangeKind::EndpointAdded],
            ..ChangeFilter::default()
        };
        let select = changes(&mut c, &s, &filter).await.expect("no alias");
        check(&mut c, &select, ChangeOrder::ALL).await;
        let filter = ThirdPartyFilter { plain: Some(true), ..ThirdPartyFilter::default() };
        check(&mut c, &third_parties(&s, &filter), ThirdPartyOrder::ALL).await;
        for order in DetectionOrder::ALL {
            let none = DetectionFilter::default();
            let select = detections(&mut c, &s, &none, *order).await.expect("no alias");
            check(&mut c, &select, &[*order]).await;
        }
    }

    #[tokio::test]
    async fn detections_are_found_by_what_few_of_them_have() {
        let (mut c, s) = (empty().await, Scope::default());
        let codes = vec!["BZ-D001".to_owned(), "BZ-D002".to_owned()];
        let none = DetectionFilter::default();
        let severe = DetectionFilter { min_severity: Some(Severity::High), ..none.clone() };
        let late = DetectionFilter { since: Some(Timestamp::from_micros(1)), ..none.clone() };
        let coded = DetectionFilter { codes, ..severe.clone() };
        let classed = DetectionFilter { class: Some("a".to_owned()), ..severe.clone() };
        let acted = DetectionFilter {
            actor: Some(bartizan_model::ActorId::from_text("a")),
            ..coded.clone()
        };
        let by_time = DetectionOrder::LastSeenDown;
        for (filter, order, index, condition) in [
            (&severe, by_time, "severity", "severity=? AND (seen_at,id)<"),
            (&coded, by_time, "code", "code=? AND severity=? AND (seen_at,id)<"),
            (&classed, by_time, "class", "class=? AND severity=? AND (seen_at,id)<"),
            (&coded, DetectionOrder::SeverityDown, "code", "code=? AND severity=? "),
            (&acted, by_time, "actor", "actor=? AND (seen_at,id)<"),
            (&late, DetectionOrder::SeverityDown, "severity", "severity=? AND seen_at>?"),
        ] {
            let select = detections(&mut c, &s, filter, order).await.expect("no alias");
            let plan = plan(&mut c, &select, &order.sorted()).await;
            let searches: Vec<_> = plan.split("; ").filter(|one| one.contains("SEARCH")).collect();
            let fits = |one: &&str| {
                one.contains(&format!("INDEX detections_by_{index} ")) && one.contains(condition)
            };
            assert!(!searches.is_empty() && searches.iter().all(fits), "{plan}");
        }
    }
}
