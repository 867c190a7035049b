//! A clerk's nightly import: many shipments in order of their numbers, then a few new ones.

use serde_json::json;

use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = *seat.random.pick(if seat.number == 0 { &["anouk"] } else { &["boris"] });
    let tenant = i64::from(seat.number) + 1;
    seat.agent = "quayside-import/1.4 python-requests/2.34".to_owned();
    seat.address = format!("203.0.113.{}", 220 + seat.number);
    let pause = seat.random.between(15, 60);
    seat.minutes(pause).await?;
    loop {
        if seat.login(login).await? {
            // Customers with even numbers belong to the first tenant, and so do their shipments.
            for id in 1009..=1240 {
                let customer = 101 + (id - 1009) % 60;
                if 1 + customer % 2 == tenant {
                    seat.get(&format!("/api/v1/shipments/{id}")).await?;
                }
            }
            for _ in 0..5 {
                let body = json!({"origin": "Bremen", "destination": "Oslo", "weight_kg": 120});
                seat.post("/api/v1/shipments", &body).await?;
            }
        }
        seat.minutes(720).await?;
    }
}
