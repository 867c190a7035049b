//! One common password, every customer.

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D002",
    why: "one address fails on 60 accounts, with one guess each, within minutes",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 200, "").await?;
    for word in ["Harbour2026!", "Winter2026!"] {
        for number in 101..=160 {
            seat.login_with(&format!("customer{number}"), word).await?;
            seat.rest(5_000).await?;
        }
        seat.minutes(45).await?;
    }
    Ok(())
}
