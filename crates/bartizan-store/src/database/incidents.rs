//! Incidents: saved, and found again by the id of one that was taken in.

use bartizan_model::{Incident, IncidentId, Scope};

use super::{
    Connection, Inner,
    batch::{Target, json},
    filters, query, read,
};
use crate::sql::statements as sql;

/// Saves an incident; those that it took in are gone, and their ids lead to it.
pub(super) async fn save(
    connection: &mut Connection,
    to: &Target<'_>,
    incident: &Incident,
) -> Inner<()> {
    let seen = incident.ended.or(incident.started).unwrap_or(to.now);
    query(sql::SAVE_INCIDENT)
        .bind(to.scope.organisation.as_str())
        .bind(to.scope.environment.as_str())
        .bind(incident.id.as_str())
        .bind(incident.severity as i64)
        .bind(i64::from(incident.score))
        .bind(incident.actor.id.as_str())
        .bind(seen.micros())
        .bind(json("incident", incident)?)
        .bind(to.now.micros())
        .execute(&mut *connection)
        .await?;
    let own = [incident.id.as_str()];
    act(connection, to.scope, sql::FORGET_INCIDENT_ALIAS, &own).await?;
    for absorbed in &incident.absorbed {
        let (alias, target) = (absorbed.as_str(), incident.id.as_str());
        act(connection, to.scope, sql::FORGET_INCIDENT, &[alias]).await?;
        act(connection, to.scope, sql::MOVE_INCIDENT_ALIASES, &[alias, target]).await?;
        act(connection, to.scope, sql::SAVE_INCIDENT_ALIAS, &[alias, target]).await?;
    }
    Ok(())
}

/// The incident with this id, or the one that took it in.
pub(super) async fn find(
    connection: &mut Connection,
    scope: &Scope,
    id: &IncidentId,
) -> Inner<Option<Incident>> {
    let row = read::body_row("incident");
    if let Some(found) =
        read::one(connection, &filters::INCIDENTS, scope, id.as_str(), &row).await?
    {
        return Ok(Some(found));
    }
    let target = query(sql::INCIDENT_ALIAS_TARGET)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    match target {
        Some(target) => {
            let target: String = target.try_get(0)?;
            read::one(connection, &filters::INCIDENTS, scope, &target, &row).await
        }
        None => Ok(None),
    }
}

/// Forgets the ids that lead to incidents which are gone.
pub(super) async fn forget_lost(connection: &mut Connection, scope: &Scope) -> Inner<()> {
    act(connection, scope, sql::LOST_INCIDENT_ALIASES, &[]).await
}

async fn act(
    connection: &mut Connection,
    scope: &Scope,
    text: &'static str,
    parameters: &[&str],
) -> Inner<()> {
    let mut query = query(text).bind(scope.organisation.as_str()).bind(scope.environment.as_str());
    for parameter in parameters {
        query = query.bind(*parameter);
    }
    query.execute(connection).await?;
    Ok(())
}
