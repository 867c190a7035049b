//! The application on a telephone: refreshes its token, polls, changes networks, retries.

use crate::player::{Over, Seat, seat::numbers};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = format!("customer{}", 126 + seat.number);
    seat.agent = "Quayside/5.2 (Android 16)".to_owned();
    seat.address = format!("192.0.2.{}", 1 + seat.random.below(40));
    let pause = seat.random.below(120);
    seat.minutes(pause).await?;
    loop {
        if !seat.login(&login).await? {
            seat.minutes(30).await?;
            continue;
        }
        for _ in 0..seat.random.between(2, 6) {
            look(seat).await?;
            // The access token lives for a quarter of an hour.
            let pause = seat.random.between(12, 40);
            seat.minutes(pause).await?;
            if seat.random.percent(30) {
                seat.address = format!("192.0.2.{}", 1 + seat.random.below(40));
            }
            if seat.random.percent(15) {
                // The token ran out before the application noticed.
                let token = std::mem::take(&mut seat.token);
                seat.get("/api/v1/me").await?;
                seat.token = token;
            }
            if !seat.renew().await? {
                break;
            }
        }
        let pause = seat.random.between(120, 400);
        seat.minutes(pause).await?;
    }
}

async fn look(seat: &mut Seat) -> Result<(), Over> {
    let query = "{me{name shipments(limit:10){id reference status}}}";
    let list = seat.graphql(query).await?;
    for _ in 0..seat.random.between(0, 3) {
        let mut ids = numbers(&list, "id");
        ids.extend(
            crate::player::seat::texts(&list, "id").iter().filter_map(|id| id.parse::<i64>().ok()),
        );
        if ids.is_empty() {
            break;
        }
        let id = *seat.random.pick(&ids);
        let path = format!("/api/v1/shipments/{id}");
        seat.get(&path).await?;
        if seat.random.percent(10) {
            // No signal: the same again, and again.
            seat.rest(1_500).await?;
            seat.get(&path).await?;
            seat.rest(3_000).await?;
            seat.get(&path).await?;
        }
        seat.rest(6_000).await?;
    }
    seat.get("/api/v1/notices").await?;
    Ok(())
}
