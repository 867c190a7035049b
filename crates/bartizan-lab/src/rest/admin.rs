//! What only administrators may do.

use serde_json::json;

use super::{only, users::OWN};
use crate::{
    call::{Answer, Call, ok},
    db::Row,
    flaws::functions::{admin_users, path_case},
    lab::Lab,
    seed::Role,
};

/// GET `/api/v1/admin/users`.
pub(crate) async fn users(lab: &Lab, call: &Call) -> Answer {
    if !lab.has(&admin_users::FLAW) {
        call.need(Role::Admin)?;
    }
    let sql = "select * from users where tenant = ? order by id limit 100";
    let rows = lab.db.all(sql, &[json!(call.user()?.tenant)]).await?;
    let rows: Vec<Row> = rows.iter().map(|row| only(row, OWN)).collect();
    ok(json!({"users": rows}))
}

/// GET `/api/v1/admin/export`.
pub(crate) async fn export(lab: &Lab, call: &Call) -> Answer {
    // The rule in front is written for the path in lower case.
    if !lab.has(&path_case::FLAW) || call.path.starts_with("/api/v1/admin/") {
        call.need(Role::Admin)?;
    }
    let tenant = json!(call.user()?.tenant);
    let shipments = "select * from shipments where tenant = ? order by id limit 1000";
    let contracts = "select * from contracts where tenant = ? order by id limit 1000";
    ok(json!({
        "shipments": lab.db.all(shipments, std::slice::from_ref(&tenant)).await?,
        "contracts": lab.db.all(contracts, std::slice::from_ref(&tenant)).await?,
    }))
}
