//! Hooks that the carrier calls. A delivery is signed: `x-signature` is the hexadecimal HMAC-SHA-256
//! of `x-delivery`, a dot and the body, under a key that only the carrier and the lab know.

use serde_json::json;

use crate::{
    auth::field,
    call::{Answer, Call, Problem, ok},
    flaws::consumption::{hook_replay, hook_unsigned},
    lab::Lab,
    rest::shipments,
    seed::carrier_key,
    tokens::authentic,
};

/// POST `/hooks/carrier`.
pub(crate) async fn receive(lab: &Lab, call: &Call) -> Answer {
    let body = call.json()?;
    let delivery = call.header("x-delivery");
    let signed = format!("{delivery}.{}", call.text());
    let signature = unhex(call.header("x-signature"));
    if !authentic(&carrier_key(), &signed, &signature) && !lab.has(&hook_unsigned::FLAW) {
        return Err(Problem::anonymous());
    }
    let status = field(&body, "status");
    if !shipments::STATUSES.contains(&status) {
        return Err(Problem::bad("unknown status"));
    }
    let shipment = body.get("shipment").and_then(serde_json::Value::as_i64).unwrap_or(0);
    if !lab.has(&hook_replay::FLAW) {
        let seen = "select id from deliveries where id = ?";
        if lab.db.one(seen, &[json!(delivery)]).await?.is_some() {
            return Err(Problem::conflict("this delivery came before"));
        }
    }
    let keep = "insert or replace into deliveries values (?,?,?)";
    lab.db.all(keep, &[json!(delivery), json!(shipment), json!(status)]).await?;
    let change = "update shipments set status = ? where id = ? returning *";
    if let Some(row) = lab.db.one(change, &[json!(status), json!(shipment)]).await? {
        shipments::tell(lab, &row, status).await?;
    }
    ok(json!({"message": "taken over"}))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
