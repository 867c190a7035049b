//! What concerns everybody: ports, notices, reports, health.

use axum::http::StatusCode;
use serde_json::json;

use super::{MAX_PAGE, limit};
use crate::{
    call::{Answer, Call, Problem, content, ok},
    flaws::resources::list_without_limit,
    lab::Lab,
};

/// GET `/api/v1/ports`.
pub(crate) async fn ports(lab: &Lab, call: &Call) -> Answer {
    let most = if lab.has(&list_without_limit::FLAW) { usize::MAX } else { MAX_PAGE };
    let limit = i64::try_from(limit(call, most)).unwrap_or(i64::MAX);
    let rows = lab.db.all("select * from ports order by id limit ?", &[json!(limit)]).await?;
    ok(json!({"ports": rows}))
}

/// GET `/api/v1/notices`.
pub(crate) async fn notices(lab: &Lab, _: &Call) -> Answer {
    ok(json!({"notices": lab.db.all("select * from notices order by id", &[]).await?}))
}

/// GET `/api/v1/notices/{id}`: public by design. A trap.
pub(crate) async fn notice(lab: &Lab, call: &Call) -> Answer {
    let id = json!(call.number("id")?);
    let row = lab.db.one("select * from notices where id = ?", &[id]).await?;
    ok(row.ok_or_else(Problem::missing)?)
}

/// GET `/api/v1/reports/{id}`: `me` is the caller's report; any other is an error page with
/// status 200. A trap.
pub(crate) async fn report(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    if call.part("id") != "me" && call.part("id") != caller.id.to_string() {
        let page = "<!doctype html><title>Error</title><p>This report is not available.</p>";
        return Ok(content(StatusCode::OK, "text/html; charset=utf-8", page));
    }
    let sql = "select status, count(*) as shipments from shipments where owner = ? group by status";
    ok(json!({"user": caller.login, "months": lab.db.all(sql, &[json!(caller.id)]).await?}))
}

/// GET `/health`.
pub(crate) async fn health(_: &Lab, _: &Call) -> Answer {
    ok(json!({"message": "up"}))
}
