//! The numbers that release containers, over gRPC: they come along with the attacker's own containers.

use super::enter;
use crate::{
    grpc::container_request,
    player::{Over, Seat},
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 135, "customer154").await?;
    seat.agent = "grpcurl/1.9.3".to_owned();
    // Every sixtieth shipment is the customer's.
    for id in [1062, 1122, 1182] {
        let message = container_request(&format!("QSCU{id}"));
        seat.grpc("/quayside.v1.Tracking/GetContainer", &message).await?;
        seat.rest(20_000).await?;
    }
    Ok(())
}
