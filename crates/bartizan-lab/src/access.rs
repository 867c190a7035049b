//! Who calls: bearer token, API key or session cookie.

use axum::http::{HeaderMap, Method, header};
use serde_json::json;

use crate::{
    call::{Caller, Problem},
    db::{Row, int},
    flaws::{authentication::key_in_query, objects::tenant_header},
    lab::{Lab, now},
    tokens,
};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "qs_session";

/// The caller of a request. A cookie counts for reading only: browsers send it on their own.
pub(crate) async fn caller(
    lab: &Lab,
    method: &Method,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Result<Option<Caller>, Problem> {
    let field = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let mut found = None;
    if let Some(token) = bearer(headers) {
        if let Some(id) = tokens::verify(lab, token, now()) {
            found = by_id(lab, id).await?;
        }
    } else if !field("x-api-key").is_empty() {
        found = by_key(lab, field("x-api-key")).await?;
    } else if let Some((_, key)) = query.iter().find(|(name, _)| name == "api_key")
        && lab.has(&key_in_query::FLAW)
    {
        found = by_key(lab, key).await?;
    } else if *method == Method::GET {
        found = by_cookie(lab, headers).await?;
    }
    if let Some(caller) = &mut found
        && lab.has(&tenant_header::FLAW)
        && let Ok(tenant) = field("x-tenant").parse()
    {
        caller.tenant = tenant;
    }
    Ok(found)
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let field = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A user by row number.
pub(crate) async fn by_id(lab: &Lab, id: i64) -> Result<Option<Caller>, Problem> {
    let row = lab.db.one("select * from users where id = ?", &[json!(id)]).await?;
    Ok(row.as_ref().map(Caller::of))
}

async fn by_key(lab: &Lab, key: &str) -> Result<Option<Caller>, Problem> {
    let row = lab.db.one("select * from users where api_key = ?", &[json!(key)]).await?;
    Ok(row.as_ref().map(Caller::of))
}

/// The user whose session cookie this is.
pub(crate) async fn by_cookie(lab: &Lab, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let all = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let pairs = all.split(';').filter_map(|pair| pair.trim().split_once('='));
    let Some((_, value)) = pairs.into_iter().find(|(name, _)| *name == COOKIE) else {
        return Ok(None);
    };
    match grant(lab, value, "session").await? {
        Some(row) => by_id(lab, int(&row, "user")).await,
        None => Ok(None),
    }
}

/// An opaque token of a kind that has not run out.
pub(crate) async fn grant(lab: &Lab, token: &str, kind: &str) -> Result<Option<Row>, Problem> {
    let sql = "select * from grants where token = ? and kind = ? and expires > ?";
    Ok(lab.db.one(sql, &[json!(token), json!(kind), json!(now())]).await?)
}
