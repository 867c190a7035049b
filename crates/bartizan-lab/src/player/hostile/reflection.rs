//! Services of gRPC that are told to whoever asks, and methods that are not.

use super::enter;
use crate::{
    grpc::{container_request, symbol_question},
    player::{Over, Seat},
};

const REFLECT: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 78, "").await?;
    seat.agent = "grpcurl/1.9.3".to_owned();
    for name in ["", "quayside.v1.Tracking", "quayside.v1.Release"] {
        seat.grpc(REFLECT, &symbol_question(name)).await?;
        seat.rest(900).await?;
    }
    for method in ["Tracking/ListContainers", "Tracking/DeleteContainer", "Release/ReleaseAll"] {
        let path = format!("/quayside.v1.{method}");
        seat.grpc(&path, &container_request("")).await?;
        seat.rest(900).await?;
    }
    Ok(())
}
