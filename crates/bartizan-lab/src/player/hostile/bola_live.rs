//! Shipments of others over a WebSocket.

use serde_json::{Value, json};

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 85, "customer152").await?;
    for block in 0..3 {
        let messages: Vec<Value> = (0..10)
            .map(|at| json!({"type": "subscribe", "shipment": 1130 + block * 10 + at}))
            .collect();
        seat.websocket(&[], &messages).await?;
        seat.rest(30_000).await?;
    }
    Ok(())
}
