//! A monitor: is it there, every minute; and once in a while a synthetic login.

use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.agent = "uptime-check/3".to_owned();
    seat.address = "203.0.113.250".to_owned();
    loop {
        for _ in 0..15 {
            seat.get("/health").await?;
            seat.minutes(2).await?;
        }
        if seat.login("customer160").await? {
            seat.get("/api/v1/me").await?;
            seat.token.clear();
        }
    }
}
