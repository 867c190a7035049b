//! How many things of a list have which value.

use std::collections::BTreeMap;

use bartizan_model::{Scope, Severity};
use sqlx::AssertSqlSafe;

use super::{Connection, Inner, audit::unsigned, filters, read};
use crate::{
    changelog::ChangeFilter,
    clients::ClientFilter,
    facets::{Facet, Facets},
    query::{ActorFilter, EndpointFilter, FindingFilter, IncidentFilter},
    sql::select::Select,
};

/// What a column holds, as facets give it.
#[derive(Clone, Copy)]
enum Holds {
    /// One value.
    Text,
    /// Values between spaces.
    Words,
    /// 0 or 1.
    Flag,
    /// A [`Severity`].
    Severity,
    /// 0 to 100, given in [`BANDS`].
    Score,
}

/// Least scores of the bands of a score.
const BANDS: [i64; 5] = [80, 60, 40, 20, 0];

/// Name, column, and what is in it.
type Column = (&'static str, &'static str, Holds);

const OF_ENDPOINTS: [Column; 14] = [
    ("host", "host", Holds::Text),
    ("method", "method", Holds::Text),
    ("protocol", "protocol", Holds::Text),
    ("service", "service", Holds::Text),
    ("owner", "owner", Holds::Text),
    ("business_unit", "business_unit", Holds::Text),
    ("stage", "stage", Holds::Text),
    ("access", "access", Holds::Text),
    ("inventory_state", "inventory_state", Holds::Text),
    ("confirmed", "confirmed", Holds::Flag),
    ("data_class", "data_classes", Holds::Words),
    ("known_by", "known_by", Holds::Words),
    ("drift", "drift", Holds::Words),
    ("risk", "risk", Holds::Score),
];
const OF_FINDINGS: [Column; 5] = [
    ("state", "state", Holds::Text),
    ("severity", "severity", Holds::Severity),
    ("code", "code", Holds::Text),
    ("host", "host", Holds::Text),
    ("assignee", "assignee", Holds::Text),
];
const OF_INCIDENTS: [Column; 1] = [("severity", "severity", Holds::Severity)];
const OF_CHANGES: [Column; 3] =
    [("kind", "kind", Holds::Text), ("grade", "grade", Holds::Text), ("host", "host", Holds::Text)];
const OF_CLIENTS: [Column; 2] = [("kind", "kind", Holds::Text), ("form", "form", Holds::Text)];
const OF_ACTORS: [Column; 1] = [("kind", "kind", Holds::Text)];

pub(super) async fn endpoints(
    connection: &mut Connection,
    scope: &Scope,
    filter: &EndpointFilter,
) -> Inner<Facets> {
    count(connection, &filters::endpoints(scope, filter), &OF_ENDPOINTS).await
}

pub(super) async fn findings(
    connection: &mut Connection,
    scope: &Scope,
    filter: &FindingFilter,
) -> Inner<Facets> {
    let select = filters::findings(connection, scope, filter).await?;
    count(connection, &select, &OF_FINDINGS).await
}

pub(super) async fn changes(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ChangeFilter,
) -> Inner<Facets> {
    let select = filters::changes(connection, scope, filter).await?;
    count(connection, &select, &OF_CHANGES).await
}

pub(super) async fn incidents(
    connection: &mut Connection,
    scope: &Scope,
    filter: &IncidentFilter,
) -> Inner<Facets> {
    count(connection, &filters::incidents(scope, filter), &OF_INCIDENTS).await
}

pub(super) async fn actors(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ActorFilter,
) -> Inner<Facets> {
    count(connection, &filters::actors(scope, filter), &OF_ACTORS).await
}

pub(super) async fn clients(
    connection: &mut Connection,
    scope: &Scope,
    filter: &ClientFilter,
) -> Inner<Facets> {
    count(connection, &filters::clients(scope, filter), &OF_CLIENTS).await
}

async fn count(connection: &mut Connection, select: &Select, columns: &[Column]) -> Inner<Facets> {
    let names: Vec<_> = columns.iter().map(|(_, column, _)| *column).collect();
    let alone = names.iter().filter(|column| select.has_condition_on(column));
    let statements = [select.count_by_each(&names)].into_iter();
    let mut total = 0;
    let mut sums: BTreeMap<&str, BTreeMap<String, u64>> =
        columns.iter().map(|(name, ..)| (*name, BTreeMap::new())).collect();
    for (text, values) in statements.chain(alone.map(|column| select.count_by(column))) {
        for row in &read::bound(AssertSqlSafe(text), values).fetch_all(&mut *connection).await? {
            let (of, things) = (row.try_get::<&str, _>(0)?, unsigned(row.try_get(2)?));
            match columns.iter().find(|(_, column, _)| *column == of) {
                Some((name, _, holds)) => {
                    let counted = sums.entry(name).or_default();
                    for value in holds.values(row.try_get(1)?) {
                        *counted.entry(value).or_default() += things;
                    }
                }
                None => total = things,
            }
        }
    }
    let facets = sums.into_iter().map(|(name, sums)| (name.to_owned(), Facet::of(sums)));
    Ok(Facets { total, facets: facets.collect() })
}

impl Holds {
    /// The values that a column holds. A number out of range, which only damage can bring, is not counted.
    fn values(self, text: String) -> Vec<String> {
        let number = || text.parse::<i64>().ok();
        match self {
            Self::Text => vec![text],
            Self::Words => text.split_ascii_whitespace().map(str::to_owned).collect(),
            Self::Flag => number().map(|flag| (flag != 0).to_string()).into_iter().collect(),
            Self::Severity => {
                let severity = Severity::ALL.iter().find(|one| Some(**one as i64) == number());
                severity.map(|one| one.as_str().to_owned()).into_iter().collect()
            }
            Self::Score => {
                let band = BANDS.iter().find(|least| number().is_some_and(|it| it >= **least));
                band.map(ToString::to_string).into_iter().collect()
            }
        }
    }
}
