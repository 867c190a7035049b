//! Somebody in an office with a browser: a few visits a day, with typing errors and stale links.

use serde_json::json;

use crate::player::{
    Over, Seat,
    seat::{numbers, texts},
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = format!("customer{}", 101 + seat.number);
    // Some share the address of their office.
    seat.address = format!("203.0.113.{}", 10 + seat.number / 3);
    let pause = seat.random.below(240);
    seat.minutes(pause).await?;
    loop {
        seat.token.clear();
        seat.get("/").await?;
        seat.get("/favicon.ico").await?;
        if seat.random.percent(20) {
            let mistyped = format!("{login}-qauy-2026");
            seat.login_with(&login, &mistyped).await?;
            seat.rest(4_000).await?;
        }
        if seat.login(&login).await? {
            visit(seat).await?;
        }
        let body = json!({"refresh_token": seat.refresh});
        if seat.random.percent(40) {
            seat.post("/auth/logout", &body).await?;
        }
        let pause = seat.random.between(90, 420);
        seat.minutes(pause).await?;
    }
}

async fn visit(seat: &mut Seat) -> Result<(), Over> {
    seat.get("/api/v1/me").await?;
    let list = seat.get("/api/v1/shipments").await?;
    seat.get("/api/v1/notices").await?;
    let mine = numbers(&list, "id");
    for _ in 0..seat.random.between(1, 4) {
        if mine.is_empty() {
            break;
        }
        seat.rest(9_000).await?;
        let id = *seat.random.pick(&mine);
        seat.get(&format!("/api/v1/shipments/{id}")).await?;
        if seat.random.percent(25) {
            // An apostrophe, as names have one.
            let notes =
                *seat.random.pick(&["call before 5 o'clock", "gate 4; ring twice", "fragile"]);
            let body = json!({"notes": notes});
            seat.json("PATCH", &format!("/api/v1/shipments/{id}"), &body).await?;
        }
    }
    match seat.random.below(7) {
        0 => {
            let body = json!({"origin": "Hamburg", "destination": "Turku", "consignee": "O'Neill",
                "weight_kg": seat.random.between(40, 900)});
            seat.post("/api/v1/shipments", &body).await?;
        }
        1 => {
            let invoices = seat.get("/api/v1/invoices").await?;
            if let Some(id) = texts(&invoices, "id").first() {
                seat.get(&format!("/api/v1/invoices/{id}")).await?;
                seat.rest(20_000).await?;
                let body = json!({"amount": 10});
                seat.post(&format!("/api/v1/invoices/{id}/pay"), &body).await?;
            }
        }
        2 => {
            let word = *seat.random.pick(&["Hamburg", "QS-10", "Gda", "tallin"]);
            seat.get(&format!("/api/v1/shipments/search?q={word}")).await?;
        }
        3 => {
            seat.get("/api/v1/slots").await?;
            seat.rest(15_000).await?;
            let slot = seat.random.between(1, 40);
            seat.post(&format!("/api/v1/slots/{slot}/book"), &json!({})).await?;
        }
        4 => {
            let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"list.txt\"\r\n\
                        content-type: text/plain\r\n\r\n12 crates\r\n--b--\r\n";
            let kind = "multipart/form-data; boundary=b";
            seat.text("POST", "/api/v1/documents", kind, form.to_owned()).await?;
            seat.get("/api/v1/documents").await?;
        }
        5 => {
            // A bookmark of a shipment that is gone, and one of the old version.
            seat.get("/api/v1/shipments/998").await?;
            seat.get("/api/v1/shipment/1009").await?;
        }
        _ => {
            seat.get("/api/v1/reports/me").await?;
        }
    }
    Ok(())
}
