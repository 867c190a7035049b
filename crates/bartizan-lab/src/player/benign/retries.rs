//! A program with little patience: it asks again when something fails, and never learns.

use serde_json::json;

use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = format!("customer{}", 145 + seat.number);
    seat.agent = "okhttp/5.1.0".to_owned();
    seat.address = format!("192.0.2.{}", 100 + seat.number);
    loop {
        if seat.login(&login).await? {
            // A mandatory field is missing: the same body three times, then right.
            for _ in 0..3 {
                let body = json!({"origin": "Bergen", "weight_kg": 12});
                seat.post("/api/v1/shipments", &body).await?;
                seat.rest(2_000).await?;
            }
            let body = json!({"origin": "Bergen", "destination": "Aarhus", "weight_kg": 12});
            seat.post("/api/v1/shipments", &body).await?;
            // The list of an application that was never updated.
            for path in ["/api/v0/shipments", "/api/v1/shipments?limit=abc", "/api/v1/quotes"] {
                let reply = seat.get(path).await?;
                if reply.status >= 400 {
                    seat.rest(1_000).await?;
                    seat.get(path).await?;
                }
            }
        }
        // Its clock is wrong: it logs in anew every time.
        let pause = seat.random.between(20, 60);
        seat.minutes(pause).await?;
    }
}
