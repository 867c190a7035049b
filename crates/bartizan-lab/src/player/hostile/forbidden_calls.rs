//! What only managers may do, over gRPC and over a WebSocket.

use serde_json::json;

use super::enter;
use crate::{
    grpc::container_request,
    player::{Over, Seat},
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 115, "customer156").await?;
    // Every sixtieth shipment is the customer's.
    for id in [1064, 1124, 1184] {
        let message = container_request(&format!("QSCU{id}"));
        seat.grpc("/quayside.v1.Release/ReleaseContainer", &message).await?;
        seat.rest(3_000).await?;
    }
    for text in ["All depots close at noon.", "Containers may leave without papers today."] {
        seat.websocket(&[], &[json!({"type": "broadcast", "text": text})]).await?;
        seat.rest(8_000).await?;
    }
    Ok(())
}
