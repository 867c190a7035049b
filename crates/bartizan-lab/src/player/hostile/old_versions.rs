//! Versions that should be gone: read everything, guess passwords.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D002",
    why: "40 secrets for one account from one place within a minute",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 180, "").await?;
    for version in ["v0", "v2", "v3", "beta", "internal", "test"] {
        seat.get(&format!("/api/{version}/shipments/1001")).await?;
    }
    for id in 1001..1041 {
        seat.get(&format!("/api/v0/shipments/{id}")).await?;
        seat.rest(800).await?;
    }
    for letter in ["a", "e", "i", "o"] {
        seat.get(&format!("/api/beta/search?q={letter}")).await?;
    }
    for number in 0..40 {
        let body = json!({"login": "arne", "password": format!("arne{number:02}")});
        seat.post("/api/v0/login", &body).await?;
    }
    Ok(())
}
