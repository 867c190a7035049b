//! People who work for the forwarders: they see many customers' shipments, because that is their
//! work.

use serde_json::json;

use crate::player::{
    Over, Seat,
    seat::{numbers, texts},
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let people = ["anouk", "arne", "boris", "britt"];
    let login = people[seat.number as usize % people.len()];
    seat.address = format!("203.0.113.{}", 230 + seat.number / 2);
    let pause = seat.random.between(5, 90);
    seat.minutes(pause).await?;
    loop {
        if !seat.login(login).await? {
            seat.minutes(5).await?;
            continue;
        }
        let list = seat.get("/api/v1/shipments?limit=100&sort=status").await?;
        let ids = numbers(&list, "id");
        for _ in 0..seat.random.between(6, 25) {
            if ids.is_empty() {
                break;
            }
            let id = *seat.random.pick(&ids);
            seat.get(&format!("/api/v1/shipments/{id}")).await?;
            seat.rest(30_000).await?;
        }
        seat.get("/api/v1/users").await?;
        if seat.number % 2 == 1 && seat.random.percent(30) {
            let invoices = seat.get("/api/v1/invoices").await?;
            let ids = texts(&invoices, "id");
            if !ids.is_empty() {
                let id = seat.random.pick(&ids).clone();
                seat.post(&format!("/api/v1/invoices/{id}/refund"), &json!({})).await?;
            }
        }
        let pause = seat.random.between(15, 120);
        seat.minutes(pause).await?;
    }
}
