//! As many messages over one WebSocket as it takes.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 165, "customer155").await?;
    let messages = vec![json!({"type": "ping"}); 400];
    for _ in 0..2 {
        seat.websocket(&[], &messages).await?;
        seat.rest(10_000).await?;
    }
    Ok(())
}
