//! Shipments of others, number by number; the second attacker takes its time.

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D001",
    why: "a caller with shipments of its own opens those of many others, at a place where ordinary callers open their own; also when it takes hours",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let slow = seat.number == 1;
    enter(seat, if slow { 30 } else { 70 }, if slow { "customer151" } else { "customer150" })
        .await?;
    let first = seat.random.between(1001, 1150);
    let count = if slow { 30 } else { 80 };
    for id in first..first + count {
        seat.get(&format!("/api/v1/shipments/{id}")).await?;
        if slow {
            seat.minutes(9).await?;
        }
    }
    Ok(())
}
