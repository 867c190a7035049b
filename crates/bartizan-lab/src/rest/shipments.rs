//! Shipments.

use serde_json::{Map, Value, json};

use super::{MAX_PAGE, limit, only};
use crate::{
    auth::field,
    call::{Answer, Call, Caller, Problem, created, nothing, ok},
    db::{Row, int, text},
    deliveries,
    flaws::{
        consumption::carrier_trust,
        functions::method_override,
        injection::{sql_search, sql_sort},
        objects::{shipment_read, shipment_update},
        properties::{cost_assignment, shipment_margin},
    },
    lab::{Lab, Live},
    outbound,
    seed::Role,
};

/// Columns that customers may see.
pub(crate) const SHOWN: &[&str] = &[
    "id",
    "tenant",
    "owner",
    "reference",
    "origin",
    "destination",
    "status",
    "weight_kg",
    "declared_value",
    "consignee",
    "consignee_phone",
    "notes",
];

/// What the carrier says about a shipment.
pub(crate) const STATUSES: [&str; 4] = ["booked", "in_transit", "at_depot", "delivered"];

/// A shipment as this lab shows it.
pub(crate) fn shown(lab: &Lab, row: &Row) -> Row {
    if lab.has(&shipment_margin::FLAW) { row.clone() } else { only(row, SHOWN) }
}

/// A shipment, whoever it belongs to.
pub(crate) async fn any(lab: &Lab, id: i64) -> Result<Row, Problem> {
    let row = lab.db.one("select * from shipments where id = ?", &[json!(id)]).await?;
    row.ok_or_else(Problem::missing)
}

/// Whether a caller may see a shipment: by ownership, or because it was shared.
pub(crate) async fn visible(lab: &Lab, caller: &Caller, row: &Row) -> Result<bool, Problem> {
    if caller.may_see(row) {
        return Ok(true);
    }
    let sql = "select shipment from shares where shipment = ? and user = ?";
    let shared = lab.db.one(sql, &[json!(int(row, "id")), json!(caller.id)]).await?;
    Ok(shared.is_some())
}

/// GET `/api/v1/shipments`.
pub(crate) async fn list(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let sort = call.asked("sort");
    let sort = if sort.is_empty() { "id" } else { sort };
    if lab.has(&sql_sort::FLAW) {
        let (tenant, owner, limit) = (caller.tenant, caller.id, limit(call, MAX_PAGE));
        let staff = i64::from(caller.role >= Role::Clerk);
        let sql = format!(
            "select * from shipments where tenant = {tenant} and (owner = {owner} or {staff}) \
             order by {sort} limit {limit}"
        );
        return list_of(lab, &lab.db.assembled(sql).await?);
    }
    let sql = match sort {
        "id" => "select * from shipments where tenant = ? and (owner = ? or ?) order by id limit ?",
        "status" => {
            "select * from shipments where tenant = ? and (owner = ? or ?) order by status, id limit ?"
        }
        "weight_kg" => {
            "select * from shipments where tenant = ? and (owner = ? or ?) order by weight_kg, id limit ?"
        }
        _ => return Err(Problem::bad("sort is one of id, status, weight_kg")),
    };
    let staff = caller.role >= Role::Clerk;
    let values =
        [json!(caller.tenant), json!(caller.id), json!(staff), json!(limit(call, MAX_PAGE))];
    list_of(lab, &lab.db.all(sql, &values).await?)
}

fn list_of(lab: &Lab, rows: &[Row]) -> Answer {
    let rows: Vec<Row> = rows.iter().map(|row| shown(lab, row)).collect();
    ok(json!({"shipments": rows}))
}

/// GET `/api/v1/shipments/search`.
pub(crate) async fn search(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let asked = call.asked("q");
    if lab.has(&sql_search::FLAW) {
        let owner = caller.id;
        let sql = format!(
            "select id, reference, origin, destination, status from shipments \
             where owner = {owner} and (reference like '%{asked}%' or destination like '%{asked}%')"
        );
        return ok(json!({"shipments": lab.db.assembled(sql).await?}));
    }
    let sql = "select id, reference, origin, destination, status from shipments \
               where owner = ? and (reference like ? or destination like ?) limit 100";
    let like = json!(format!("%{asked}%"));
    let rows = lab.db.all(sql, &[json!(caller.id), like.clone(), like]).await?;
    ok(json!({"shipments": rows}))
}

/// GET `/api/v1/shipments/{id}`.
pub(crate) async fn read(lab: &Lab, call: &Call) -> Answer {
    let row = any(lab, call.number("id")?).await?;
    if !visible(lab, call.user()?, &row).await? && !lab.has(&shipment_read::FLAW) {
        return Err(Problem::missing());
    }
    ok(shown(lab, &row))
}

/// POST `/api/v1/shipments`.
pub(crate) async fn create(lab: &Lab, call: &Call) -> Answer {
    let caller = call.user()?;
    let body = call.json()?;
    let weight = body.get("weight_kg").and_then(Value::as_i64).unwrap_or(0);
    if !(1..=30_000).contains(&weight) {
        return Err(Problem::bad("weight_kg is from 1 to 30000"));
    }
    let (origin, destination) = (field(&body, "origin"), field(&body, "destination"));
    if origin.is_empty() || destination.is_empty() || origin.len() + destination.len() > 200 {
        return Err(Problem::bad("origin and destination are missing or too long"));
    }
    let sql = "insert into shipments(tenant,owner,reference,origin,destination,status,weight_kg,\
               declared_value,carrier_cost,margin,consignee,consignee_phone) \
               values (?,?,?,?,?,'booked',?,0,?,?,?,'') returning *";
    let values = [
        json!(caller.tenant),
        json!(caller.id),
        json!(format!("QS-N{}", lab.token(4))),
        json!(origin),
        json!(destination),
        json!(weight),
        json!(weight / 3),
        json!(weight / 20),
        json!(field(&body, "consignee").chars().take(100).collect::<String>()),
    ];
    let row = lab.db.one(sql, &values).await?.ok_or_else(Problem::missing)?;
    tell(lab, &row, "booked").await?;
    created(shown(lab, &row))
}

/// PATCH `/api/v1/shipments/{id}`.
pub(crate) async fn change(lab: &Lab, call: &Call) -> Answer {
    let id = call.number("id")?;
    let row = any(lab, id).await?;
    if !call.user()?.may_see(&row) && !lab.has(&shipment_update::FLAW) {
        return Err(Problem::missing());
    }
    let body = call.json()?;
    take_over(lab, id, &body, &["notes", "consignee"]).await?;
    if lab.has(&cost_assignment::FLAW) {
        take_over(lab, id, &body, &["carrier_cost", "status", "owner"]).await?;
    }
    let row = any(lab, id).await?;
    tell(lab, &row, "changed").await?;
    ok(shown(lab, &row))
}

/// Writes some columns of a shipment.
async fn take_over(
    lab: &Lab,
    id: i64,
    body: &Map<String, Value>,
    columns: &[&str],
) -> Result<(), Problem> {
    for (column, sql) in [
        ("notes", "update shipments set notes = ? where id = ?"),
        ("consignee", "update shipments set consignee = ? where id = ?"),
        ("status", "update shipments set status = ? where id = ?"),
        ("owner", "update shipments set owner = ? where id = ?"),
        ("carrier_cost", "update shipments set carrier_cost = ? where id = ?"),
    ] {
        let Some(value) = body.get(column).filter(|_| columns.contains(&column)) else { continue };
        if value.to_string().len() > 2000 {
            return Err(Problem::bad(format!("{column} is too long")));
        }
        lab.db.all(sql, &[value.clone(), json!(id)]).await?;
    }
    Ok(())
}

/// DELETE `/api/v1/shipments/{id}`.
pub(crate) async fn delete(lab: &Lab, call: &Call) -> Answer {
    // The gateway in front looked at the method that was sent.
    let overridden = !call.header("x-http-method-override").is_empty();
    if !(overridden && lab.has(&method_override::FLAW)) {
        call.need(Role::Manager)?;
    }
    let id = call.number("id")?;
    let row = any(lab, id).await?;
    if int(&row, "tenant") != call.user()?.tenant {
        return Err(Problem::missing());
    }
    lab.db.all("delete from shipments where id = ?", &[json!(id)]).await?;
    nothing()
}

/// POST `/api/v1/shipments/{id}/sync`.
pub(crate) async fn sync(lab: &Lab, call: &Call) -> Answer {
    let id = call.number("id")?;
    if !call.user()?.may_see(&any(lab, id).await?) {
        return Err(Problem::missing());
    }
    let url = format!("http://{}/_partner/carrier/{id}", lab.address);
    let reply = outbound::fetch(lab, "GET", &url, false).await;
    let bad = |why: String| {
        Problem::new(axum::http::StatusCode::BAD_GATEWAY, "the carrier did not answer").because(why)
    };
    let reply = reply.map_err(bad)?;
    let answer: Map<String, Value> =
        serde_json::from_slice(&reply.body).map_err(|error| bad(error.to_string()))?;
    let status = field(&answer, "status");
    if STATUSES.contains(&status) {
        take_over(lab, id, &answer, &["status"]).await?;
    }
    let notes: String = field(&answer, "notes").chars().take(500).collect();
    take_over(lab, id, &Map::from_iter([("notes".to_owned(), json!(notes))]), &["notes"]).await?;
    if lab.has(&carrier_trust::FLAW) {
        take_over(lab, id, &answer, &["carrier_cost", "owner"]).await?;
    }
    let row = any(lab, id).await?;
    if STATUSES.contains(&status) {
        tell(lab, &row, status).await?;
    }
    ok(shown(lab, &row))
}

/// Keeps an event of a shipment (`booked`, `changed`, or a status of the carrier), and tells everybody
/// who listens or has a hook.
pub(crate) async fn tell(lab: &Lab, row: &Row, kind: &str) -> Result<(), Problem> {
    let build = lab.db.builds();
    let words = format!("{} {kind}", text(row, "reference"));
    let sql = "insert into events(shipment,tenant,owner,kind,text) values (?,?,?,?,?) returning id";
    let values = [
        json!(int(row, "id")),
        json!(int(row, "tenant")),
        json!(int(row, "owner")),
        json!(kind),
        json!(words),
    ];
    let event = lab.db.one(sql, &values).await?.unwrap_or_default();
    // Nobody listening is no error.
    let _ = lab.live.send(Live { tenant: int(row, "tenant"), text: words });
    deliveries::queue(lab, build, int(&event, "id"), kind, row).await
}
