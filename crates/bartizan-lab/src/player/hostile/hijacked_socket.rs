//! A WebSocket that anybody may open: without a login, and from a page of the attacker's in the
//! browser of somebody who is logged in.

use serde_json::json;

use super::enter;
use crate::player::{Label, Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 75, "").await?;
    for shipment in [1020, 1021, 1022] {
        let subscribe = json!({"type": "subscribe", "shipment": shipment});
        seat.websocket(&[], &[json!({"type": "ping"}), subscribe]).await?;
        seat.rest(5_000).await?;
    }
    // The victim, at home.
    seat.minutes(30).await?;
    seat.label = Label::Benign;
    seat.address = "192.0.2.190".to_owned();
    seat.login("customer140").await?;
    seat.get("/api/v1/shipments").await?;
    seat.label = Label::Hostile;
    // A page sends the cookie along; the token stays with the application.
    seat.token.clear();
    let cookie = seat.cookie.clone();
    let fields = [("origin", "https://win-a-crane.example"), ("cookie", cookie.as_str())];
    for shipment in [1048, 1108] {
        seat.websocket(&fields, &[json!({"type": "subscribe", "shipment": shipment})]).await?;
        seat.rest(4_000).await?;
    }
    Ok(())
}
