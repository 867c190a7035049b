//! Programs of partners with API keys: they poll all day. One has a hook, books, and looks whether it
//! was told; one has a key that was withdrawn.

use serde_json::json;

use crate::{
    client::Reply,
    player::{
        Over, Seat,
        seat::{Message, numbers},
    },
    seed::api_key,
};

/// Where the lab plays the receiver of the partner.
const HOOK: &str =
    r#"{"url":"http://partner.example/_partner/hooks/echo","event":"shipment.booked"}"#;

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = format!("customer{}", 141 + seat.number);
    let key =
        if seat.number == 2 { "qk_withdrawn0000000000000".to_owned() } else { api_key(&login) };
    seat.agent = "cargo-sync/2.1".to_owned();
    seat.address = format!("203.0.113.{}", 200 + seat.number);
    let every = if seat.number == 2 { 60 } else { 10 };
    let mut hook = None;
    if seat.number == 0 {
        let reply = send(seat, &key, "POST", "/api/v1/webhooks", HOOK).await?;
        hook = numbers(&reply, "id").first().copied();
    }
    for round in 0u64.. {
        for path in ["/api/v1/shipments?limit=100", "/api/v1/invoices?limit=100"] {
            send(seat, &key, "GET", path, "").await?;
        }
        if seat.number == 0 {
            let call = json!([
                {"jsonrpc": "2.0", "id": 1, "method": "contract.list"},
                {"jsonrpc": "2.0", "id": 2, "method": "ping"},
            ]);
            send(seat, &key, "POST", "/jsonrpc", &call.to_string()).await?;
        }
        if seat.number == 0 && round % 6 == 1 {
            let body =
                json!({"origin": "Rotterdam", "destination": "Gothenburg", "weight_kg": 800});
            send(seat, &key, "POST", "/api/v1/shipments", &body.to_string()).await?;
        }
        if let Some(hook) = hook.filter(|_| round % 6 == 2) {
            let path = format!("/api/v1/webhooks/{hook}/deliveries");
            send(seat, &key, "GET", &path, "").await?;
        }
        if seat.number == 1 {
            let call = "<?xml version=\"1.0\"?><methodCall><methodName>depot.list</methodName>\
                        <params/></methodCall>";
            send(seat, &key, "POST", "/xmlrpc", call).await?;
            let call = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                        xmlns:q=\"urn:quayside:customs\"><s:Body><q:FindDeclarations>\
                        <goods>coffee</goods></q:FindDeclarations></s:Body></s:Envelope>";
            send(seat, &key, "POST", "/soap", call).await?;
        }
        seat.minutes(every).await?;
    }
    Ok(())
}

async fn send(
    seat: &mut Seat,
    key: &str,
    method: &'static str,
    path: &str,
    body: &str,
) -> Result<Reply, Over> {
    let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
    let mut headers = vec![("x-api-key".to_owned(), key.to_owned())];
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let body = bytes::Bytes::from(body.to_owned());
    let path = path.to_owned();
    seat.send(Message { method, path, headers, body, ..Message::default() }).await
}
