//! The change log: surfaces are compared with those known before, in the transaction that writes them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bartizan_model::{Change, Endpoint, Scope, Surface, Timestamp, change::Difference};

use super::{
    Connection, Inner, Row, SqlStore, aliases, audit::signed, batch::json, connection::indexed,
    facets, glance::by_ids, query, read, store::reading,
};
use crate::{
    changelog::{
        CHANGES_KEPT, ChangeBaseline, ChangeFilter, ChangeLog, MAX_CHANGES, MAX_CHANGES_AT_ONCE,
    },
    error::Result,
    facets::Facets,
    orders::ChangeOrder,
    query::{Page, PageRequest},
    records::Batch,
    sql::changelog as sql,
};

/// A query whose first two values are organisation and environment.
macro_rules! in_scope {
    ($sql:expr, $scope:expr) => {
        query($sql).bind($scope.organisation.as_str()).bind($scope.environment.as_str())
    };
}

#[async_trait]
impl ChangeLog for SqlStore {
    async fn changes(
        &self,
        scope: &Scope,
        filter: &ChangeFilter,
        page: &PageRequest<ChangeOrder>,
    ) -> Result<Page<Change>> {
        reading!(self, c => read::changes(c, scope, filter, page).await)
    }

    async fn change_facets(&self, scope: &Scope, filter: &ChangeFilter) -> Result<Facets> {
        reading!(self, c => facets::changes(c, scope, filter).await)
    }

    async fn change_baseline(&self, scope: &Scope) -> Result<Option<ChangeBaseline>> {
        reading!(self, c => baseline(c, scope).await)
    }
}

async fn baseline(connection: &mut Connection, scope: &Scope) -> Inner<Option<ChangeBaseline>> {
    let Some(row) = in_scope!(sql::BASELINE, scope).fetch_optional(connection).await? else {
        return Ok(None);
    };
    let [began, ends] = [row.try_get(0)?, row.try_get(1)?].map(Timestamp::from_micros);
    Ok(Some(ChangeBaseline { began, ends }))
}

/// Whether what is new belongs to the baseline, which begins with the first batch that has something to compare.
async fn is_baseline(connection: &mut Connection, scope: &Scope, batch: &Batch) -> Inner<bool> {
    if let Some(known) = baseline(connection, scope).await? {
        return Ok(batch.now < known.ends);
    }
    in_scope!(sql::ADD_BASELINE, scope)
        .bind(batch.now.micros())
        .bind(batch.now.plus(batch.settling).micros())
        .execute(connection)
        .await?;
    Ok(true)
}

/// The surfaces that may have something new: others have had no exchange since, and are in the same state.
async fn compared<'b>(
    connection: &mut Connection,
    scope: &Scope,
    surfaces: &'b [Surface],
) -> Inner<Vec<&'b Surface>> {
    let ids: Vec<&str> = surfaces.iter().map(|one| one.endpoint.as_str()).collect();
    let rows = by_ids(connection, scope, sql::SURFACE_MARKS, &ids).await?;
    let mark = |row: &Row| -> Inner<(String, (i64, String))> {
        Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))
    };
    let marks = rows.iter().map(mark).collect::<Inner<BTreeMap<_, _>>>()?;
    let is_new = |now: &&Surface| {
        marks.get(now.endpoint.as_str()).is_none_or(|(requests, state)| {
            *requests != signed(now.requests) || state != now.state.as_str()
        })
    };
    Ok(surfaces.iter().filter(is_new).collect())
}

/// What was known of these endpoints.
async fn surfaces(
    connection: &mut Connection,
    scope: &Scope,
    ids: &[&str],
) -> Inner<BTreeMap<String, Surface>> {
    let rows = by_ids(connection, scope, sql::SURFACES, ids).await?;
    let read = |row: &Row| -> Inner<(String, Surface)> {
        let id: String = row.try_get(0)?;
        let surface = read::parse("surface", id.clone(), row.try_get(1)?)?;
        Ok((id, surface))
    };
    rows.iter().map(read).collect()
}

/// Compares what is known of endpoints with what was, and adds what changed to the log. Aliases are those that
/// the batch made of them.
pub(super) async fn note(
    connection: &mut Connection,
    scope: &Scope,
    batch: &Batch,
) -> Inner<Vec<Change>> {
    if batch.surfaces.is_empty() {
        return Ok(Vec::new());
    }
    let is_baseline = is_baseline(connection, scope, batch).await?;
    let compared = compared(connection, scope, &batch.surfaces).await?;
    let ids: Vec<&str> = compared.iter().map(|one| one.endpoint.as_str()).collect();
    let mut known = surfaces(connection, scope, &ids).await?;
    let endpoints: BTreeMap<_, _> = batch.endpoints.iter().map(|one| (&one.id, one)).collect();
    let mut changes = Vec::new();
    for now in compared {
        let Some(endpoint) = endpoints.get(&now.endpoint) else { continue };
        if changes.len() >= MAX_CHANGES_AT_ONCE {
            break;
        }
        let before = known.remove(now.endpoint.as_str());
        let differences = compare(connection, scope, before, now, is_baseline).await?;
        changes.extend(write(connection, scope, endpoint, differences, batch.now).await?);
    }
    if !changes.is_empty() {
        forget(connection, scope, batch.now).await?;
    }
    Ok(changes)
}

/// Takes in the surface of an endpoint as it is now; what of it is new.
async fn compare(
    connection: &mut Connection,
    scope: &Scope,
    before: Option<Surface>,
    now: &Surface,
    is_baseline: bool,
) -> Inner<Vec<Difference>> {
    if !now.confirmed && !is_baseline {
        return Ok(Vec::new());
    }
    let (surface, found) = match before {
        Some(mut surface) => {
            let found = surface.take_in(now);
            (surface, found)
        }
        None => match inherited(connection, scope, now).await? {
            Some(surface) => (surface, Vec::new()),
            None if is_baseline && !now.confirmed => (now.bare(), Vec::new()),
            None => (now.clone(), vec![now.added()]),
        },
    };
    in_scope!(sql::SAVE_SURFACE, scope)
        .bind(now.endpoint.as_str())
        .bind(signed(surface.requests))
        .bind(surface.state.as_str())
        .bind(json("surface", &surface)?)
        .execute(connection)
        .await?;
    Ok(if is_baseline { Vec::new() } else { found })
}

/// What was known of an endpoint under ids that lead to it now, which is forgotten there. One that somebody set
/// apart was known too. `None` when it is new.
async fn inherited(
    connection: &mut Connection,
    scope: &Scope,
    now: &Surface,
) -> Inner<Option<Surface>> {
    let aliases = aliases::of(connection, scope, &now.endpoint).await?;
    let ids: Vec<&str> = aliases.iter().map(|alias| alias.as_str()).collect();
    let mut known: Option<Surface> = None;
    for (id, surface) in surfaces(connection, scope, &ids).await? {
        match &mut known {
            Some(known) => known.join(&surface),
            None => known = Some(surface),
        }
        in_scope!(sql::FORGET_SURFACE, scope).bind(id.as_str()).execute(&mut *connection).await?;
    }
    if let Some(known) = &mut known {
        known.endpoint.clone_from(&now.endpoint);
        let _ = known.take_in(now);
    }
    let is_apart = known.is_none() && aliases::is_apart(connection, scope, &now.endpoint).await?;
    Ok(known.or_else(|| is_apart.then(|| now.clone())))
}

/// Adds changes to the log; those that were not in it before.
async fn write(
    connection: &mut Connection,
    scope: &Scope,
    endpoint: &Endpoint,
    differences: Vec<Difference>,
    now: Timestamp,
) -> Inner<Vec<Change>> {
    let mut written = Vec::with_capacity(differences.len());
    for difference in differences {
        let change = difference.of(scope, endpoint, now);
        let added = in_scope!(sql::ADD_CHANGE, scope)
            .bind(change.id.as_str())
            .bind(change.kind.as_str())
            .bind(change.grade.as_str())
            .bind(indexed(&change.host))
            .bind(change.endpoint_id.as_str())
            .bind(change.time.micros())
            .bind(json("change", &change)?)
            .bind(now.micros())
            .execute(&mut *connection)
            .await?;
        if added > 0 {
            written.push(change);
        }
    }
    Ok(written)
}

async fn forget(connection: &mut Connection, scope: &Scope, now: Timestamp) -> Inner<()> {
    for (text, bound) in [
        (sql::FORGET_OLD_CHANGES, now.minus(CHANGES_KEPT).micros()),
        (sql::FORGET_MANY_CHANGES, signed(MAX_CHANGES)),
    ] {
        in_scope!(text, scope).bind(bound).execute(&mut *connection).await?;
    }
    Ok(())
}
