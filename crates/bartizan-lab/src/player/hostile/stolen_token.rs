//! A token of a customer, used from elsewhere while the customer goes on.

use crate::player::{Label, Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D005",
    why: "two clients in different networks, of which the owner used one only, take turns with one token",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.minutes(240).await?;
    // The victim at home; the thief reads along.
    seat.label = Label::Benign;
    seat.address = "192.0.2.180".to_owned();
    seat.login("customer149").await?;
    for round in 0..12 {
        seat.label = Label::Benign;
        seat.address = "192.0.2.180".to_owned();
        seat.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)".to_owned();
        seat.get("/api/v1/shipments").await?;
        seat.rest(20_000).await?;
        if round > 2 {
            seat.label = Label::Hostile;
            seat.address = "198.51.100.240".to_owned();
            seat.agent = "curl/8.17.0".to_owned();
            for path in ["/api/v1/me", "/api/v1/invoices?limit=100", "/api/v1/documents"] {
                seat.get(path).await?;
            }
            seat.rest(15_000).await?;
        }
    }
    Ok(())
}
