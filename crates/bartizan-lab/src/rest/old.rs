//! What should have gone long ago. The repaired twin answers 404 or as the current version does.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    auth::field,
    call::{Answer, Call, Problem, content, ok},
    db::{int, text},
    flaws::{
        configuration::{backup_file, debug_variables},
        inventory::{beta_search, old_login, old_version},
    },
    lab::{Lab, now},
    rest::shipments,
    seed::digest,
    tokens,
};

/// GET `/api/v0/shipments/{id}`: the first version knew no users.
pub(crate) async fn shipment(lab: &Lab, call: &Call) -> Answer {
    if lab.has(&old_version::FLAW) {
        return ok(shipments::any(lab, call.number("id")?).await?);
    }
    Err(Problem::new(StatusCode::GONE, "this version has ended"))
}

/// POST `/api/v0/login`: the first version did not count failures.
pub(crate) async fn login(lab: &Lab, call: &Call) -> Answer {
    if !lab.has(&old_login::FLAW) {
        return Err(Problem::new(StatusCode::GONE, "this version has ended"));
    }
    let body = call.json()?;
    let sql = "select * from users where login = ? and password_hash = ?";
    let values = [json!(field(&body, "login")), json!(digest(field(&body, "password")))];
    let user = lab.db.one(sql, &values).await?.ok_or_else(Problem::anonymous)?;
    let (login, role) = (text(&user, "login"), text(&user, "role"));
    ok(json!({"access_token": tokens::issue(lab, int(&user, "id"), login, role, now())}))
}

/// GET `/api/beta/search`: never released, never removed.
pub(crate) async fn search(lab: &Lab, call: &Call) -> Answer {
    if !lab.has(&beta_search::FLAW) {
        return Err(Problem::missing());
    }
    let sql = "select id, reference, consignee, consignee_phone from shipments \
               where consignee like ? limit 50";
    let like = json!(format!("%{}%", call.asked("q")));
    ok(json!({"hits": lab.db.all(sql, &[like]).await?}))
}

/// GET `/debug/vars`.
pub(crate) async fn debug(lab: &Lab, _: &Call) -> Answer {
    if !lab.has(&debug_variables::FLAW) {
        return Err(Problem::missing());
    }
    let vault = lab.db.one("select value from secrets where name = 'vault'", &[]).await?;
    ok(json!({
        "build": "quayside 4.2.0-rc1", "DATABASE_URL": "postgres://quayside:harbour@db.internal/quayside",
        "VAULT_TOKEN": vault.map(|row| row["value"].clone()),
    }))
}

/// GET `/backup/quayside.sql`.
pub(crate) async fn backup(lab: &Lab, _: &Call) -> Answer {
    if !lab.has(&backup_file::FLAW) {
        return Err(Problem::missing());
    }
    let mut out = String::from("-- Quayside, nightly dump\n");
    let sql = "select login, password_hash from users order by id limit 20";
    for row in lab.db.all(sql, &[]).await? {
        let (login, hash) = (text(&row, "login"), text(&row, "password_hash"));
        out.push_str(&format!("INSERT INTO users VALUES ('{login}', '{hash}');\n"));
    }
    Ok(content(StatusCode::OK, "application/sql", out))
}
