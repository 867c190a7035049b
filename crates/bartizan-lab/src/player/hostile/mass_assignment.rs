//! Fields that nobody asked for, one after the other.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, seat::numbers};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 130, "customer154").await?;
    for (name, value) in [
        ("role", json!("admin")),
        ("is_admin", json!(true)),
        ("tenant", json!(2)),
        ("credit_limit", json!(1_000_000)),
        ("api_key", json!("qk_mine")),
        ("verified", json!(true)),
    ] {
        seat.json("PATCH", "/api/v1/me", &json!({"name": "X", name: value})).await?;
        seat.rest(3_000).await?;
    }
    let mine = numbers(&seat.get("/api/v1/shipments").await?, "id");
    let id = mine.first().copied().unwrap_or(1001);
    for body in [
        json!({"status": "delivered"}),
        json!({"carrier_cost": 1}),
        json!({"owner": 5}),
        json!({"notes": "x", "margin": 0}),
    ] {
        seat.json("PATCH", &format!("/api/v1/shipments/{id}"), &body).await?;
    }
    seat.post("/api/v1/quotes", &json!({"shipment": id, "amount": 1})).await?;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "profile.update",
        "params": {"credit_limit": 9_999_999}});
    seat.post("/jsonrpc", &call).await?;
    Ok(())
}
