//! Quotes: asked for by customers, approved by the forwarder, then accepted.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Problem, created, ok},
    db::{int, text},
    flaws::{flows::quote_skips_approval, objects::quote_accept, properties::quote_amount},
    lab::Lab,
};

/// GET `/api/v1/quotes`.
pub(crate) async fn list(lab: &Lab, call: &Call) -> Answer {
    let sql = "select * from quotes where owner = ? order by id limit 100";
    ok(json!({"quotes": lab.db.all(sql, &[json!(call.user()?.id)]).await?}))
}

/// POST `/api/v1/quotes`.
pub(crate) async fn create(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let body = call.json()?;
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let shipment = super::shipments::any(lab, number("shipment").unwrap_or(0)).await?;
    if !caller.may_see(&shipment) {
        return Err(Problem::missing());
    }
    let mut amount = int(&shipment, "carrier_cost") + int(&shipment, "margin");
    if let Some(wished) = number("amount").filter(|_| lab.has(&quote_amount::FLAW)) {
        amount = wished;
    }
    let sql = "insert into quotes(tenant,owner,shipment,amount,status) \
               values (?,?,?,?,'draft') returning *";
    let values =
        [json!(caller.tenant), json!(caller.id), json!(int(&shipment, "id")), json!(amount)];
    created(lab.db.one(sql, &values).await?.unwrap_or_default())
}

/// POST `/api/v1/quotes/{id}/accept`.
pub(crate) async fn accept(lab: &Lab, call: &Call) -> Answer {
    let id = call.number("id")?;
    let row = lab.db.one("select * from quotes where id = ?", &[json!(id)]).await?;
    let row = row.ok_or_else(Problem::missing)?;
    if int(&row, "owner") != call.user()?.id && !lab.has(&quote_accept::FLAW) {
        return Err(Problem::missing());
    }
    if text(&row, "status") != "approved" && !lab.has(&quote_skips_approval::FLAW) {
        return Err(Problem::conflict("the quote is not approved"));
    }
    let sql = "update quotes set status = 'accepted' where id = ? returning *";
    ok(lab.db.one(sql, &[json!(id)]).await?.unwrap_or_default())
}
