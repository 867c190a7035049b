//! A script that books dock slots as soon as they are free.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 60, "customer157").await?;
    for _ in 0..3 {
        for slot in 1..=40 {
            seat.post(&format!("/api/v1/slots/{slot}/book"), &json!({})).await?;
        }
        seat.minutes(30).await?;
    }
    Ok(())
}
