//! Own API keys in the database. Every change writes an audit record in the same transaction.

use bartizan_model::{ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyState, HashKey, Scope, Timestamp};

use super::{Connection, Inner, Row, audit, batch, query, read};
use crate::{
    api_keys::{self, ApiKeyChange, MAX_API_KEYS},
    error::StoreError,
    records::AuditEntry,
    sql::statements as sql,
};

pub(super) async fn add(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    new: &ApiKey,
    who: &str,
) -> Inner<()> {
    api_keys::check_new(new, who)?;
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    let count = query(sql::API_KEY_COUNT).bind(organisation).bind(environment);
    let count = audit::unsigned(count.fetch_one(&mut *connection).await?.try_get(0)?);
    let refuse =
        |reason| StoreError::InvalidChange { subject: format!("API key {}", new.id), reason };
    if count >= MAX_API_KEYS {
        return Err(refuse("there are as many keys as a gateway can hold").into());
    }
    let added = query(sql::ADD_API_KEY)
        .bind(organisation)
        .bind(environment)
        .bind(new.id.as_str())
        .bind(new.digest.to_string())
        .bind(&new.name)
        .bind(&new.owner)
        .bind(batch::json("scopes", &new.scopes)?)
        .bind(new.state.as_str())
        .bind(new.created.micros())
        .bind(new.expires.map(Timestamp::micros))
        .bind(batch::json("terms", &new.terms)?)
        .execute(&mut *connection)
        .await?;
    if added == 0 {
        return Err(refuse("it is there already").into());
    }
    let entry = AuditEntry {
        time: new.created,
        who: who.to_owned(),
        action: "api_key.create".to_owned(),
        subject: new.id.to_string(),
        details: serde_json::json!({
            "name": new.name, "owner": new.owner, "scopes": new.scopes, "expires": new.expires,
            "terms": new.terms,
        }),
    };
    audit::append(connection, scope, key, entry).await?;
    Ok(())
}

pub(super) async fn all(connection: &mut Connection, scope: &Scope) -> Inner<Vec<ApiKey>> {
    let rows = query(sql::API_KEYS)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(row).collect()
}

pub(super) async fn version(connection: &mut Connection, scope: &Scope) -> Inner<u64> {
    let row = query(sql::API_KEYS_VERSION)
        .bind(scope.organisation.as_str())
        .bind(scope.environment.as_str())
        .fetch_one(connection)
        .await?;
    Ok(audit::unsigned(row.try_get(0)?))
}

pub(super) async fn set_state(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    change: &ApiKeyChange,
) -> Inner<ApiKey> {
    let (organisation, environment) = (scope.organisation.as_str(), scope.environment.as_str());
    let found = query(sql::API_KEY)
        .bind(organisation)
        .bind(environment)
        .bind(change.id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(found) = found else {
        return Err(StoreError::NotFound { what: "API key", id: change.id.to_string() }.into());
    };
    let mut found = row(&found)?;
    api_keys::check_change(change, found.state)?;
    query(sql::SET_API_KEY_STATE)
        .bind(organisation)
        .bind(environment)
        .bind(change.id.as_str())
        .bind(change.to.as_str())
        .execute(&mut *connection)
        .await?;
    let entry = AuditEntry {
        time: change.now,
        who: change.who.clone(),
        action: "api_key.state".to_owned(),
        subject: change.id.to_string(),
        details: serde_json::json!({
            "from": found.state, "to": change.to, "reason": change.reason,
        }),
    };
    audit::append(connection, scope, key, entry).await?;
    found.state = change.to;
    Ok(found)
}

/// Only ever moves forward.
pub(super) async fn record_use(
    connection: &mut Connection,
    scope: &Scope,
    uses: &[(ApiKeyId, Timestamp)],
) -> Inner<()> {
    for (id, time) in uses {
        query(sql::SET_API_KEY_USED)
            .bind(scope.organisation.as_str())
            .bind(scope.environment.as_str())
            .bind(id.as_str())
            .bind(time.micros())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn row(row: &Row) -> Inner<ApiKey> {
    let id: String = row.try_get(0)?;
    let broken = |reason: &str| StoreError::corrupt_row("API key", &id, reason);
    let digest: String = row.try_get(1)?;
    let scopes = read::parse("API key", id.clone(), row.try_get(4)?)?;
    let terms = read::parse("API key", id.clone(), row.try_get(9)?)?;
    let state: String = row.try_get(5)?;
    let time = |at: Option<i64>| at.map(Timestamp::from_micros);
    Ok(ApiKey {
        digest: ApiKeyDigest::parse(&digest).ok_or_else(|| broken("its digest is none"))?,
        name: row.try_get(2)?,
        owner: row.try_get(3)?,
        scopes,
        state: ApiKeyState::parse(&state).ok_or_else(|| broken("its state is unknown"))?,
        created: Timestamp::from_micros(row.try_get(6)?),
        expires: time(row.try_get(7)?),
        last_used: time(row.try_get(8)?),
        terms,
        id: ApiKeyId::from_text(id.clone()),
    })
}
