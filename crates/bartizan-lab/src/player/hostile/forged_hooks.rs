//! Hooks as if from the carrier, without a signature and with a wrong one.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, seat::Message};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 120, "").await?;
    for shipment in 1001..1021 {
        let body = json!({"shipment": shipment, "status": "delivered"}).to_string();
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("x-delivery".to_owned(), format!("d-{}", seat.random.below(50))),
        ];
        if shipment % 2 == 0 {
            headers.push(("x-signature".to_owned(), seat.random.hex(32)));
        }
        let path = "/hooks/carrier".to_owned();
        let body = bytes::Bytes::from(body);
        seat.send(Message { method: "POST", path, headers, body, ..Message::default() }).await?;
        seat.rest(2_500).await?;
    }
    Ok(())
}
