//! A search engine: public pages one after the other, some of which are gone.

use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.agent = "Mozilla/5.0 (compatible; ExampleBot/1.0; +https://bot.example/)".to_owned();
    seat.address = "203.0.113.77".to_owned();
    loop {
        seat.get("/robots.txt").await?;
        seat.get("/sitemap.xml").await?;
        for path in ["/", "/track", "/api/v1/ports", "/api/v1/notices", "/openapi.json", "/about"] {
            seat.get(path).await?;
            seat.rest(25_000).await?;
        }
        for id in 1..=6 {
            seat.get(&format!("/api/v1/notices/{id}")).await?;
            seat.rest(25_000).await?;
        }
        for _ in 0..10 {
            let id = seat.random.between(1001, 1240);
            seat.get(&format!("/track?ref=QS-{id}")).await?;
            seat.rest(40_000).await?;
        }
        seat.minutes(180).await?;
    }
}
