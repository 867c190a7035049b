//! Somebody who watches shipments of their own live: over a WebSocket, and as events.

use serde_json::{Value, json};

use crate::{
    player::{Over, Seat, seat::numbers},
    server::APPLICATION,
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.address = "203.0.113.90".to_owned();
    let pause = seat.random.below(20);
    seat.minutes(pause).await?;
    loop {
        if seat.login("customer144").await? {
            let mine = numbers(&seat.get("/api/v1/shipments").await?, "id");
            let mut messages: Vec<Value> = mine
                .iter()
                .take(2)
                .map(|id| json!({"type": "subscribe", "shipment": id}))
                .collect();
            // A message of an application that is older than the service.
            messages.extend([json!({"type": "ping"}), json!({"type": "follow"})]);
            seat.websocket(&[("origin", APPLICATION)], &messages).await?;
            if let Some(id) = mine.first() {
                seat.events(&format!("/api/v1/events?shipment={id}")).await?;
            }
        }
        seat.minutes(75).await?;
    }
}
