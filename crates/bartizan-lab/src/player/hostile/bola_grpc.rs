//! Containers of others over gRPC.

use super::enter;
use crate::{
    grpc::container_request,
    player::{Over, Seat},
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 105, "customer152").await?;
    seat.agent = "grpcurl/1.9.3".to_owned();
    for id in 1121..1145 {
        let message = container_request(&format!("QSCU{id}"));
        seat.grpc("/quayside.v1.Tracking/GetContainer", &message).await?;
        seat.rest(1_200).await?;
    }
    Ok(())
}
