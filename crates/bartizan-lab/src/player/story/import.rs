//! A partner that moves in: many bookings in a row from a new program, read back in order. All that it
//! opens is its own, but for a few references of a former year.

use serde_json::json;

use super::benign;
use crate::{
    client::Reply,
    player::{
        Over, Part, Seat,
        seat::{Message, numbers},
    },
    seed::api_key,
};

/// When it begins, in virtual minutes.
pub(super) const BEGINS: u32 = 150;
/// Shipments that it books.
const SHIPMENTS: u64 = 80;

pub(super) const PART: Part = benign::part("partner-import", 1, |seat| Box::pin(act(seat)));

async fn act(seat: &mut Seat) -> Result<(), Over> {
    seat.agent = "havenlink-migrate/0.3 python-requests/2.34".to_owned();
    seat.address = "203.0.113.245".to_owned();
    seat.until(BEGINS).await?;
    let mut booked = Vec::new();
    for number in 0..SHIPMENTS {
        let mut body = json!({"origin": "Rotterdam", "weight_kg": 100 + number});
        if number % 16 == 3 {
            // A column was missing in this row; it is sent again.
            send(seat, "POST", "/api/v1/shipments", &body.to_string()).await?;
        }
        body["destination"] = json!("Gdansk");
        let reply = send(seat, "POST", "/api/v1/shipments", &body.to_string()).await?;
        booked.extend(numbers(&reply, "id").first().copied());
    }
    for id in booked {
        send(seat, "GET", &format!("/api/v1/shipments/{id}"), "").await?;
    }
    // Numbers of a former year, that are gone.
    for id in 996..=998 {
        send(seat, "GET", &format!("/api/v1/shipments/{id}"), "").await?;
    }
    send(seat, "GET", "/api/v1/exports/shipments.csv", "").await?;
    Ok(())
}

async fn send(
    seat: &mut Seat,
    method: &'static str,
    path: &str,
    body: &str,
) -> Result<Reply, Over> {
    let mut headers = vec![("x-api-key".to_owned(), api_key("customer151"))];
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    let (path, body) = (path.to_owned(), bytes::Bytes::from(body.to_owned()));
    seat.send(Message { method, path, headers, body, ..Message::default() }).await
}
