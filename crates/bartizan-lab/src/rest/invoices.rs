//! Invoices.

use serde_json::{Value, json};

use super::{MAX_PAGE, limit};
use crate::{
    call::{Answer, Call, Problem, ok},
    db::{Row, int},
    flaws::{flows::negative_payment, functions::invoice_refund, objects::invoice_read},
    lab::Lab,
    seed::Role,
};

async fn any(lab: &Lab, call: &Call) -> Result<Row, Problem> {
    let row = lab.db.one("select * from invoices where id = ?", &[json!(call.part("id"))]).await?;
    row.ok_or_else(Problem::missing)
}

/// GET `/api/v1/invoices`.
pub(crate) async fn list(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let sql =
        "select * from invoices where tenant = ? and (owner = ? or ?) order by number limit ?";
    let staff = caller.role >= Role::Clerk;
    let values =
        [json!(caller.tenant), json!(caller.id), json!(staff), json!(limit(call, MAX_PAGE))];
    ok(json!({"invoices": lab.db.all(sql, &values).await?}))
}

/// GET `/api/v1/invoices/{id}`.
pub(crate) async fn read(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call).await?;
    if !call.user()?.may_see(&row) && !lab.has(&invoice_read::FLAW) {
        return Err(Problem::missing());
    }
    ok(row)
}

/// POST `/api/v1/invoices/{id}/pay`.
pub(crate) async fn pay(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call).await?;
    if !call.user()?.may_see(&row) {
        return Err(Problem::missing());
    }
    let amount = call.json()?.get("amount").and_then(Value::as_i64).unwrap_or(0);
    let open = int(&row, "amount") - int(&row, "paid");
    let negative = amount < 0 && lab.has(&negative_payment::FLAW);
    if !(1..=open).contains(&amount) && !negative {
        return Err(Problem::bad("amount is from 1 to what is open"));
    }
    let sql = "update invoices set paid = paid + ? where id = ? returning *";
    ok(lab.db.one(sql, &[json!(amount), row["id"].clone()]).await?.unwrap_or_default())
}

/// POST `/api/v1/invoices/{id}/refund`.
pub(crate) async fn refund(lab: &Lab, call: &Call) -> Answer {
    if !lab.has(&invoice_refund::FLAW) {
        call.need(Role::Manager)?;
    }
    let row = any(lab, call).await?;
    if !call.user()?.may_see(&row) {
        return Err(Problem::missing());
    }
    let sql = "update invoices set paid = 0, status = 'refunded' where id = ? returning *";
    ok(lab.db.one(sql, &[row["id"].clone()]).await?.unwrap_or_default())
}
