//! Shipments of others through GraphQL, several in one operation.

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 95, "customer152").await?;
    for block in 0..12 {
        let fields: String = (0..10)
            .map(|at| {
                let id = 1001 + block * 10 + at;
                format!("s{id}:shipment(id:\"{id}\"){{reference consignee owner{{email}}}}")
            })
            .collect();
        seat.graphql(&format!("{{{fields}}}")).await?;
        seat.rest(3_000).await?;
    }
    Ok(())
}
