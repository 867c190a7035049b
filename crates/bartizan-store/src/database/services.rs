//! Services, each change with its audit record in one transaction.

use bartizan_model::{HashKey, Scope, Timestamp};

use super::{Connection, Inner, audit, batch, query, read};
use crate::{
    records::{AuditEntry, ServiceRecord},
    sql::statements as sql,
};

pub(super) async fn save(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    service: &ServiceRecord,
    who: &str,
    now: Timestamp,
) -> Inner<()> {
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    let known = query(sql::SERVICE)
        .bind(organisation)
        .bind(environment)
        .bind(service.id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let before: Option<ServiceRecord> =
        known.as_ref().map(read::body_row("service")).transpose()?;
    if before.as_ref() == Some(service) {
        return Ok(());
    }
    query(sql::SAVE_SERVICE)
        .bind(organisation)
        .bind(environment)
        .bind(service.id.as_str())
        .bind(&service.name)
        .bind(batch::json("service", service)?)
        .bind(now.micros())
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: now,
        who: who.to_owned(),
        action: "service.save".to_owned(),
        subject: service.id.to_string(),
        details: serde_json::json!({"from": before, "to": service}),
    };
    audit::append(connection, scope, key, entry).await?;
    Ok(())
}

/// By name.
pub(super) async fn all(connection: &mut Connection, scope: &Scope) -> Inner<Vec<ServiceRecord>> {
    let rows = query(sql::SERVICES)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(read::body_row("service")).collect()
}
