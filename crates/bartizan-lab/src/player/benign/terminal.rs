//! A container terminal's program: asks over gRPC where the containers of its customer are and what
//! happened to them. Numbers are mistyped, and after each start it asks before it has logged in.

use crate::{
    grpc::container_request,
    player::{Over, Seat, seat::numbers},
    seed::LAST_SHIPMENT,
};

const GET: &str = "/quayside.v1.Tracking/GetContainer";
const EVENTS: &str = "/quayside.v1.Tracking/ListEvents";

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.agent = "grpc-go/1.78.0".to_owned();
    seat.address = "203.0.113.240".to_owned();
    loop {
        if seat.login("customer143").await? {
            let mine = numbers(&seat.get("/api/v1/shipments").await?, "id");
            // Containers bear the numbers of the first shipments; those made later have none.
            for id in mine.iter().filter(|id| **id <= LAST_SHIPMENT) {
                let message = container_request(&format!("QSCU{id}"));
                seat.grpc(GET, &message).await?;
                seat.grpc(EVENTS, &message).await?;
                seat.rest(2_000).await?;
            }
            if seat.random.percent(50) {
                seat.grpc(GET, &container_request("QSCU")).await?;
            }
        }
        seat.minutes(25).await?;
        // It was started anew, and asks before it logs in.
        seat.token.clear();
        seat.grpc(GET, &container_request("QSCU1051")).await?;
    }
}
