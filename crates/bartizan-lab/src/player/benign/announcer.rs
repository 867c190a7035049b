//! A manager who tells the staff what is new over a WebSocket, and hears it back.

use serde_json::json;

use crate::{
    player::{Over, Seat},
    server::APPLICATION,
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.address = "203.0.113.232".to_owned();
    let pause = seat.random.between(10, 30);
    seat.minutes(pause).await?;
    loop {
        if seat.login("britt").await? {
            let text = *seat.random.pick(&["Gate 2 is open again.", "Crane 4 rests until noon."]);
            let messages = [json!({"type": "ping"}), json!({"type": "broadcast", "text": text})];
            seat.websocket(&[("origin", APPLICATION)], &messages).await?;
        }
        seat.minutes(150).await?;
    }
}
