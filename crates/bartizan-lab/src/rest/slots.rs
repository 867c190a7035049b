//! Dock slots and vouchers: things of which there are few.

use serde_json::json;

use crate::{
    call::{Answer, Call, Problem, ok},
    db::int,
    flaws::flows::{slot_hoarding, voucher_guessing, voucher_reuse},
    lab::Lab,
};

/// Slots that one customer may hold.
const MAX_SLOTS: i64 = 3;
/// Wrong voucher codes before a caller has to wait.
const MAX_GUESSES: u32 = 10;

/// GET `/api/v1/slots`.
pub(crate) async fn list(lab: &Lab, _: &Call) -> Answer {
    let sql = "select id, depot, starts, price, booked_by = 0 as free from slots order by id";
    ok(json!({"slots": lab.db.all(sql, &[]).await?}))
}

/// POST `/api/v1/slots/{id}/book`.
pub(crate) async fn book(lab: &Lab, call: &Call) -> Answer {
    let me = json!(call.user()?.id);
    let held = "select count(*) as n from slots where booked_by = ?";
    let held = lab.db.one(held, std::slice::from_ref(&me)).await?.unwrap_or_default();
    if int(&held, "n") >= MAX_SLOTS && !lab.has(&slot_hoarding::FLAW) {
        return Err(Problem::conflict("a customer holds at most 3 slots"));
    }
    let sql = "update slots set booked_by = ? where id = ? and booked_by = 0 \
               returning id, depot, starts, price";
    let row = lab.db.one(sql, &[me, json!(call.number("id")?)]).await?;
    ok(row.ok_or_else(|| Problem::conflict("the slot is taken"))?)
}

/// GET `/api/v1/vouchers/{code}`.
pub(crate) async fn voucher(lab: &Lab, call: &Call) -> Answer {
    let key = format!("voucher {}", call.user()?.id);
    let sql = "select code, percent, uses from vouchers where code = ?";
    match lab.db.one(sql, &[json!(call.part("code"))]).await? {
        Some(row) => ok(row),
        None if lab.count(&key) > MAX_GUESSES && !lab.has(&voucher_guessing::FLAW) => {
            Err(Problem::slow_down())
        }
        None => Err(Problem::missing()),
    }
}

/// POST `/api/v1/vouchers/{code}/redeem`.
pub(crate) async fn redeem(lab: &Lab, call: &Call) -> Answer {
    let code = json!(call.part("code"));
    let sql = if lab.has(&voucher_reuse::FLAW) {
        "update vouchers set uses = uses where code = ? returning code, percent, uses"
    } else {
        "update vouchers set uses = uses - 1 where code = ? and uses > 0 \
         returning code, percent, uses"
    };
    let row = lab.db.one(sql, &[code]).await?;
    ok(row.ok_or_else(|| Problem::conflict("the voucher is used up or unknown"))?)
}
