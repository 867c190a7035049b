//! How many things of a list have which value.

use std::collections::BTreeMap;

use bartizan_model::{Scope, Severity};
use sqlx::AssertSqlSafe;

use super::{Connection, Inner, Row, audit::unsigned, filters, read};
use crate::{
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

const OF_ENDPOINTS: [Column; 9] = [
    ("host", "host", Holds::Text),
    ("method", "method", Holds::Text),
    ("protocol", "protocol", Holds::Text),
    ("service", "service", Holds::Text),
    ("access", "access", Holds::Text),
    ("inventory_state", "inventory_state", Holds::Text),
    ("confirmed", "confirmed", Holds::Flag),
    ("data_class", "data_classes", Holds::Words),
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

async fn count(connection: &mut Connection, select: &Select, columns: &[Column]) -> Inner<Facets> {
    let (text, values) = select.count();
    let total = read::bound(AssertSqlSafe(text), values).fetch_one(connection).await?;
    let mut facets = BTreeMap::new();
    for (name, column, holds) in columns {
        let (text, values) = select.count_by(column);
        let rows = read::bound(AssertSqlSafe(text), values).fetch_all(connection).await?;
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for row in &rows {
            let count = unsigned(row.try_get(1)?);
            for value in holds.values(row)? {
                *sums.entry(value).or_default() += count;
            }
        }
        facets.insert((*name).to_owned(), Facet::of(sums));
    }
    Ok(Facets { total: unsigned(total.try_get(0)?), facets })
}

impl Holds {
    /// What the first column of a row holds. A number out of range, which only damage can bring, is not
    /// counted.
    fn values(self, row: &Row) -> Inner<Vec<String>> {
        let text = || row.try_get::<String, _>(0);
        let number = || row.try_get::<i64, _>(0);
        Ok(match self {
            Self::Text => vec![text()?],
            Self::Words => text()?.split_ascii_whitespace().map(str::to_owned).collect(),
            Self::Flag => vec![(number()? != 0).to_string()],
            Self::Severity => {
                let number = number()?;
                let severity = Severity::ALL.iter().find(|one| **one as i64 == number);
                severity.map(|one| one.as_str().to_owned()).into_iter().collect()
            }
            Self::Score => {
                let number = number()?;
                let band = BANDS.iter().find(|least| number >= **least);
                band.map(ToString::to_string).into_iter().collect()
            }
        })
    }
}
