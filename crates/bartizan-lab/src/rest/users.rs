//! Users.

use serde_json::{Map, Value, json};

use super::{MAX_PAGE, limit, only};
use crate::{
    auth::field,
    call::{Answer, Call, Problem, nothing, ok},
    db::{Row, text},
    flaws::{
        authentication::password_without_old,
        properties::{role_assignment, user_secrets},
    },
    lab::Lab,
    seed::digest,
};

/// Columns that the user may see.
pub(crate) const OWN: &[&str] = &[
    "id",
    "tenant",
    "role",
    "login",
    "name",
    "email",
    "phone",
    "iban",
    "credit_limit",
    "preferences",
];
/// Columns that colleagues may see.
pub(crate) const COLLEAGUES: &[&str] = &["id", "tenant", "role", "login", "name", "email"];

async fn row(lab: &Lab, id: i64) -> Result<Row, Problem> {
    let row = lab.db.one("select * from users where id = ?", &[json!(id)]).await?;
    row.ok_or_else(Problem::missing)
}

/// GET `/api/v1/me`.
pub(crate) async fn me(lab: &Lab, call: &Call) -> Answer {
    ok(only(&row(lab, call.user()?.id).await?, OWN))
}

/// PATCH `/api/v1/me`.
pub(crate) async fn change_me(lab: &Lab, call: &Call) -> Answer {
    let id = call.user()?.id;
    let body = call.json()?;
    change(lab, id, &body).await?;
    if let Some(role) = body.get("role").filter(|_| lab.has(&role_assignment::FLAW)) {
        lab.db.all("update users set role = ? where id = ?", &[role.clone(), json!(id)]).await?;
    }
    ok(only(&row(lab, id).await?, OWN))
}

/// Takes over what users may change about themselves.
pub(crate) async fn change(lab: &Lab, id: i64, body: &Map<String, Value>) -> Result<(), Problem> {
    for (column, sql) in [
        ("name", "update users set name = ? where id = ?"),
        ("email", "update users set email = ? where id = ?"),
        ("phone", "update users set phone = ? where id = ?"),
    ] {
        let value = field(body, column);
        if value.len() > 200 {
            return Err(Problem::bad(format!("{column} is too long")));
        }
        if !value.is_empty() {
            lab.db.all(sql, &[json!(value), json!(id)]).await?;
        }
    }
    Ok(())
}

/// POST `/api/v1/me/password`.
pub(crate) async fn password(lab: &Lab, call: &Call) -> Answer {
    let id = call.user()?.id;
    let body = call.json()?;
    let (old, new) = (field(&body, "old"), field(&body, "new"));
    if new.len() < 8 {
        return Err(Problem::bad("a password has at least 8 characters"));
    }
    let right = text(&row(lab, id).await?, "password_hash") == digest(old);
    if !right && !lab.has(&password_without_old::FLAW) {
        return Err(Problem::bad("the old password is wrong"));
    }
    let sql = "update users set password_hash = ? where id = ?";
    lab.db.all(sql, &[json!(digest(new)), json!(id)]).await?;
    ok(json!({"message": "the password is changed"}))
}

/// GET `/api/v1/users`.
pub(crate) async fn list(lab: &Lab, call: &Call) -> Answer {
    let sql = "select * from users where tenant = ? order by id limit ?";
    let values = [json!(call.user()?.tenant), json!(limit(call, MAX_PAGE))];
    let rows = lab.db.all(sql, &values).await?;
    if lab.has(&user_secrets::FLAW) {
        return ok(json!({"users": rows}));
    }
    let rows: Vec<Row> = rows.iter().map(|row| only(row, COLLEAGUES)).collect();
    ok(json!({"users": rows}))
}

/// PUT `/api/v1/users/{id}/preferences`: whatever the number, the caller's own are set. A trap for
/// testers that look at the status only.
pub(crate) async fn preferences(lab: &Lab, call: &Call) -> Answer {
    let id = call.user()?.id;
    let body = call.json()?;
    if call.body.len() > 2000 {
        return Err(Problem::bad("preferences are too long"));
    }
    let sql = "update users set preferences = ? where id = ?";
    lab.db.all(sql, &[json!(Value::Object(body).to_string()), json!(id)]).await?;
    nothing()
}

/// GET `/api/v1/users/{id}/summary`: whatever the number, the caller's own. A trap.
pub(crate) async fn summary(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let sql = "select count(*) as shipments, coalesce(sum(weight_kg), 0) as weight_kg \
               from shipments where owner = ?";
    let mut row = lab.db.one(sql, &[json!(caller.id)]).await?.unwrap_or_default();
    row.insert("user".to_owned(), json!(caller.login));
    ok(row)
}
