//! What happens to shipments of others, as server-sent events.

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 65, "customer152").await?;
    for id in 1161..1167 {
        seat.events(&format!("/api/v1/events?shipment={id}")).await?;
        seat.rest(2_500).await?;
    }
    Ok(())
}
