//! Users, sessions and tokens in the database. Every change of a user or token writes an audit record
//! in the same transaction.

use async_trait::async_trait;
use bartizan_model::{
    EnvironmentId, HashKey, LoginDigest, OrganisationId, Role, Scope, Timestamp, User,
};

use super::{
    Connection, Inner, Row, SqlStore, audit, query,
    store::{reading, writing},
};
use crate::{
    error::{Result, StoreError},
    logins::{
        AccessToken, LoginSession, Logins, MAX_SESSIONS, NewPassword, UserChange, check_change,
        check_new_token, check_new_user, refuse,
    },
    records::AuditEntry,
    sql::logins as sql,
};

/// A query whose first two values are organisation and environment.
macro_rules! in_scope {
    ($sql:expr, $scope:expr) => {
        query($sql).bind($scope.organisation.as_str()).bind($scope.environment.as_str())
    };
}

#[async_trait]
impl Logins for SqlStore {
    async fn add_user(
        &self,
        scope: &Scope,
        name: &str,
        role: Role,
        password: &NewPassword,
        who: &str,
        now: Timestamp,
    ) -> Result<User> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            add_user(c, scope, &key, (name, role, password), who, now).await
        })
    }

    async fn users(&self, scope: &Scope) -> Result<Vec<User>> {
        reading!(self, c => users(c, scope).await)
    }

    async fn user(&self, scope: &Scope, name: &str) -> Result<Option<(User, String)>> {
        reading!(self, c => user(c, scope, name).await)
    }

    async fn change_user(&self, scope: &Scope, change: &UserChange) -> Result<User> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, change.now).await?;
            change_user(c, scope, &key, change).await
        })
    }

    async fn begin_session(
        &self,
        scope: &Scope,
        digest: &LoginDigest,
        session: &LoginSession,
    ) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, session.created).await?;
            begin_session(c, scope, &key, digest, session).await
        })
    }

    async fn session(
        &self,
        digest: &LoginDigest,
        now: Timestamp,
    ) -> Result<Option<(Scope, LoginSession, User)>> {
        reading!(self, c => session(c, digest, now).await)
    }

    async fn touch_session(&self, digest: &LoginDigest, now: Timestamp) -> Result<()> {
        writing!(self, &Scope::default(), c => touch(c, sql::SET_SESSION_USED, digest, now).await)
    }

    async fn end_session(&self, digest: &LoginDigest) -> Result<()> {
        writing!(self, &Scope::default(), c => {
            query(sql::END_SESSION).bind(digest.to_string()).execute(c).await?;
            Ok(())
        })
    }

    async fn forget_sessions(&self, now: Timestamp, idle_since: Timestamp) -> Result<u64> {
        writing!(self, &Scope::default(), c => {
            let forget = query(sql::FORGET_SESSIONS);
            let forget = forget.bind(now.micros()).bind(idle_since.micros());
            Ok(forget.execute(c).await?)
        })
    }

    async fn add_token(
        &self,
        scope: &Scope,
        digest: &LoginDigest,
        token: &AccessToken,
    ) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, token.created).await?;
            add_token(c, scope, &key, digest, token).await
        })
    }

    async fn tokens(&self, scope: &Scope) -> Result<Vec<AccessToken>> {
        reading!(self, c => {
            let rows = in_scope!(sql::TOKENS, scope).fetch_all(c).await?;
            rows.iter().map(token_row).collect()
        })
    }

    async fn token(
        &self,
        digest: &LoginDigest,
        now: Timestamp,
    ) -> Result<Option<(Scope, AccessToken, User)>> {
        reading!(self, c => token(c, digest, now).await)
    }

    async fn touch_token(&self, digest: &LoginDigest, now: Timestamp) -> Result<()> {
        writing!(self, &Scope::default(), c => touch(c, sql::SET_TOKEN_USED, digest, now).await)
    }

    async fn remove_token(&self, scope: &Scope, id: &str, who: &str, now: Timestamp) -> Result<()> {
        writing!(self, scope, c => {
            let key = self.key_for_writing(c, &scope.organisation, now).await?;
            let removed = in_scope!(sql::REMOVE_TOKEN, scope).bind(id);
            if removed.execute(&mut *c).await? == 0 {
                return Err(not_found("token", id));
            }
            let details = serde_json::json!({});
            record(c, scope, &key, (now, who), ("token.remove", id), details).await
        })
    }
}

async fn record(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    (time, who): (Timestamp, &str),
    (action, subject): (&str, &str),
    details: serde_json::Value,
) -> Inner<()> {
    let entry = AuditEntry {
        time,
        who: who.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        details,
    };
    audit::append(connection, scope, key, entry).await?;
    Ok(())
}

async fn add_user(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    (name, role, password): (&str, Role, &NewPassword),
    who: &str,
    now: Timestamp,
) -> Inner<User> {
    let count = users(connection, scope).await?.len();
    check_new_user(name, count as u64)?;
    let added = in_scope!(sql::ADD_USER, scope)
        .bind(name)
        .bind(role.as_str())
        .bind(&password.hash)
        .bind(i64::from(password.must_change))
        .bind(now.micros())
        .execute(&mut *connection)
        .await?;
    if added == 0 {
        return Ok(refuse("user", name, "there is one of this name already")?);
    }
    let details = serde_json::json!({"role": role});
    record(connection, scope, key, (now, who), ("user.add", name), details).await?;
    found(user(connection, scope, name).await?, name)
}

async fn users(connection: &mut Connection, scope: &Scope) -> Inner<Vec<User>> {
    let rows = in_scope!(sql::USERS, scope).fetch_all(connection).await?;
    rows.iter().map(user_row).collect()
}

pub(super) async fn user(
    connection: &mut Connection,
    scope: &Scope,
    name: &str,
) -> Inner<Option<(User, String)>> {
    let row = in_scope!(sql::USER, scope).bind(name).fetch_optional(connection);
    let Some(row) = row.await? else { return Ok(None) };
    Ok(Some((user_row(&row)?, row.try_get(7)?)))
}

async fn change_user(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    change: &UserChange,
) -> Inner<User> {
    let name = change.name.as_str();
    let users = users(connection, scope).await?;
    let Some(before) = users.iter().find(|user| user.name == name) else {
        return Err(not_found("user", name));
    };
    check_change(change, &users)?;
    let (role, disabled) =
        (change.role.unwrap_or(before.role), change.disabled.unwrap_or(before.disabled));
    in_scope!(sql::SET_USER, scope)
        .bind(name)
        .bind(role.as_str())
        .bind(i64::from(disabled))
        .execute(&mut *connection)
        .await?;
    if let Some(password) = &change.password {
        in_scope!(sql::SET_PASSWORD, scope)
            .bind(name)
            .bind(&password.hash)
            .bind(i64::from(password.must_change))
            .bind(change.now.micros())
            .execute(&mut *connection)
            .await?;
    }
    let kept = change.keep_session.map(|digest| digest.to_string()).unwrap_or_default();
    let ended = in_scope!(sql::END_SESSIONS, scope).bind(name).bind(kept);
    ended.execute(&mut *connection).await?;
    if change.password.is_some() || disabled {
        in_scope!(sql::END_TOKENS, scope).bind(name).execute(&mut *connection).await?;
    }
    let details = serde_json::json!({
        "role": {"from": before.role, "to": role},
        "disabled": {"from": before.disabled, "to": disabled},
        "password": change.password.is_some(),
    });
    let by = (change.now, change.who.as_str());
    record(connection, scope, key, by, ("user.change", name), details).await?;
    found(user(connection, scope, name).await?, name)
}

async fn begin_session(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    digest: &LoginDigest,
    session: &LoginSession,
) -> Inner<()> {
    let name = session.user.as_str();
    let login = in_scope!(sql::SET_LAST_LOGIN, scope).bind(name).bind(session.created.micros());
    if login.execute(&mut *connection).await? == 0 {
        return Err(not_found("user", name));
    }
    in_scope!(sql::ADD_SESSION, scope)
        .bind(digest.to_string())
        .bind(name)
        .bind(session.created.micros())
        .bind(session.expires.micros())
        .execute(&mut *connection)
        .await?;
    let surplus = in_scope!(sql::DROP_SURPLUS_SESSIONS, scope).bind(name);
    surplus.bind(i64::from(MAX_SESSIONS)).execute(&mut *connection).await?;
    let details = serde_json::json!({"expires": session.expires});
    record(connection, scope, key, (session.created, name), ("session.begin", name), details).await
}

async fn session(
    connection: &mut Connection,
    digest: &LoginDigest,
    now: Timestamp,
) -> Inner<Option<(Scope, LoginSession, User)>> {
    let row = query(sql::SESSION).bind(digest.to_string()).bind(now.micros());
    let Some(row) = row.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let scope = scope_of(&row)?;
    let session = LoginSession {
        user: row.try_get(2)?,
        created: Timestamp::from_micros(row.try_get(3)?),
        used: Timestamp::from_micros(row.try_get(4)?),
        expires: Timestamp::from_micros(row.try_get(5)?),
    };
    let user = found(user(connection, &scope, &session.user).await?, &session.user)?;
    Ok(Some((scope, session, user)))
}

async fn touch(
    connection: &mut Connection,
    sql: &'static str,
    digest: &LoginDigest,
    now: Timestamp,
) -> Inner<()> {
    query(sql).bind(digest.to_string()).bind(now.micros()).execute(connection).await?;
    Ok(())
}

async fn add_token(
    connection: &mut Connection,
    scope: &Scope,
    key: &HashKey,
    digest: &LoginDigest,
    token: &AccessToken,
) -> Inner<()> {
    let count = in_scope!(sql::TOKEN_COUNT, scope).fetch_one(&mut *connection).await?;
    let user = found(user(connection, scope, &token.user).await?, &token.user)?;
    check_new_token(token, &user, audit::unsigned(count.try_get(0)?))?;
    let added = in_scope!(sql::ADD_TOKEN, scope)
        .bind(&token.id)
        .bind(digest.to_string())
        .bind(&token.name)
        .bind(&token.user)
        .bind(token.role.as_str())
        .bind(token.created.micros())
        .bind(token.expires.micros())
        .execute(&mut *connection)
        .await?;
    if added == 0 {
        return Ok(refuse("token", &token.name, "it is there already")?);
    }
    let details =
        serde_json::json!({"name": token.name, "role": token.role, "expires": token.expires});
    let by = (token.created, token.user.as_str());
    record(connection, scope, key, by, ("token.add", &token.id), details).await
}

async fn token(
    connection: &mut Connection,
    digest: &LoginDigest,
    now: Timestamp,
) -> Inner<Option<(Scope, AccessToken, User)>> {
    let row = query(sql::TOKEN).bind(digest.to_string()).bind(now.micros());
    let Some(row) = row.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let (scope, token) = (scope_of(&row)?, token_row(&row)?);
    let user = found(user(connection, &scope, &token.user).await?, &token.user)?;
    Ok(Some((scope, token, user)))
}

fn not_found(what: &'static str, id: &str) -> super::Fault {
    StoreError::NotFound { what, id: id.to_owned() }.into()
}

fn found(user: Option<(User, String)>, name: &str) -> Inner<User> {
    user.map(|(user, _)| user).ok_or_else(|| not_found("user", name))
}

fn scope_of(row: &Row) -> Inner<Scope> {
    Ok(Scope {
        organisation: OrganisationId::from_text(row.try_get::<String, _>(0)?),
        environment: EnvironmentId::from_text(row.try_get::<String, _>(1)?),
    })
}

fn role_of(what: &'static str, id: &str, text: &str) -> Inner<Role> {
    Role::parse(text).ok_or_else(|| StoreError::corrupt_row(what, id, "its role is unknown").into())
}

fn user_row(row: &Row) -> Inner<User> {
    let name: String = row.try_get(0)?;
    let time = Timestamp::from_micros;
    Ok(User {
        role: role_of("user", &name, row.try_get(1)?)?,
        name,
        disabled: row.try_get::<i64, _>(2)? != 0,
        must_change_password: row.try_get::<i64, _>(3)? != 0,
        created: time(row.try_get(4)?),
        password_changed: time(row.try_get(5)?),
        last_login: row.try_get::<Option<i64>, _>(6)?.map(time),
    })
}

fn token_row(row: &Row) -> Inner<AccessToken> {
    let id: String = row.try_get(2)?;
    let time = Timestamp::from_micros;
    Ok(AccessToken {
        role: role_of("token", &id, row.try_get(5)?)?,
        id,
        name: row.try_get(3)?,
        user: row.try_get(4)?,
        created: time(row.try_get(6)?),
        expires: time(row.try_get(7)?),
        used: row.try_get::<Option<i64>, _>(8)?.map(time),
    })
}
