//! Scripts and templates, wherever text comes out again.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, Seen, seat::numbers};

const TEXTS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "<svg/onload=alert(document.domain)>",
    "javascript:alert(1)",
    "{{7*7}}",
    "{{config.vault}}",
    "${7*7}",
    "=cmd|' /C calc'!A0",
];

pub(super) const SEEN: &[Seen] =
    &[Seen { detector: "BZ-D007", why: "script elements, event handlers and active schemes" }];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 125, "customer147").await?;
    let mine = numbers(&seat.get("/api/v1/shipments").await?, "id");
    let id = mine.first().copied().unwrap_or(1001);
    for text in TEXTS {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        seat.get(&format!("/track?ref={encoded}")).await?;
        seat.post("/api/v1/labels", &json!({"template": text})).await?;
        seat.json("PATCH", &format!("/api/v1/shipments/{id}"), &json!({"notes": text})).await?;
        seat.rest(5_000).await?;
    }
    seat.get("/go?to=https://evil.example/login").await?;
    Ok(())
}
