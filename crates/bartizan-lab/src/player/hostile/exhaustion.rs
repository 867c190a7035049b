//! Whatever makes the server work: large pages, deep queries, batches, large pictures.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 170, "customer155").await?;
    for limit in [1_000, 10_000, 1_000_000, -1] {
        seat.get(&format!("/api/v1/ports?limit={limit}")).await?;
    }
    let mut query = "login".to_owned();
    for _ in 0..12 {
        query = format!("shipments(limit:2){{owner{{{query}}}}}");
        seat.graphql(&format!("{{me{{{query}}}}}")).await?;
    }
    let batch = vec![json!({"query": "{ports(limit:100){code}}"}); 60];
    for _ in 0..4 {
        seat.post("/graphql", &json!(batch)).await?;
        seat.post(
            "/jsonrpc",
            &json!(vec![json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}); 300]),
        )
        .await?;
    }
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                content-type: text/plain\r\n\r\na\r\n--b--\r\n";
    let upload = seat
        .text("POST", "/api/v1/documents", "multipart/form-data; boundary=b", form.to_owned())
        .await?;
    let id = crate::player::seat::numbers(&upload, "id").first().copied().unwrap_or(0);
    for side in [600, 1_000, 1_500] {
        seat.get(&format!("/api/v1/documents/{id}/preview?width={side}&height={side}")).await?;
    }
    for _ in 0..25 {
        seat.post("/auth/otp", &json!({"phone": "+4930555000"})).await?;
    }
    Ok(())
}
