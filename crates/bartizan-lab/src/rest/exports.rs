//! Tables for spreadsheets (RFC 4180).

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    call::{Answer, Call, content},
    db::text,
    flaws::injection::export_formula,
    lab::Lab,
};

/// GET `/api/v1/exports/shipments.csv`.
pub(crate) async fn csv(lab: &Lab, call: &Call) -> Answer {
    let sql = "select reference, status, consignee, notes from shipments where owner = ? \
               order by id limit 1000";
    let mut out = String::from("reference,status,consignee,notes\r\n");
    for row in lab.db.all(sql, &[json!(call.user()?.id)]).await? {
        let cells =
            ["reference", "status", "consignee", "notes"].map(|name| cell(lab, text(&row, name)));
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    Ok(content(StatusCode::OK, "text/csv; charset=utf-8", out))
}

fn cell(lab: &Lab, value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula && !lab.has(&export_formula::FLAW) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}
