//! Voucher codes, word by word and number by number.

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D001",
    why: "more than 30 identifiers that nobody showed to the caller are missing, nearly all that it asked for",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 140, "customer158").await?;
    for word in ["WINTER", "SUMMER", "HARBOUR", "CREW", "SAVE"] {
        for percent in [5, 10, 15, 20, 25, 30, 40, 50] {
            seat.get(&format!("/api/v1/vouchers/{word}{percent}")).await?;
            seat.rest(700).await?;
        }
    }
    Ok(())
}
