//! Programs of partners with API keys: they poll all day. One has a key that was withdrawn.

use serde_json::json;

use crate::{
    player::{Over, Seat, seat::Message},
    seed::api_key,
};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    let login = format!("customer{}", 141 + seat.number);
    let key =
        if seat.number == 2 { "qk_withdrawn0000000000000".to_owned() } else { api_key(&login) };
    seat.agent = "cargo-sync/2.1".to_owned();
    seat.address = format!("203.0.113.{}", 200 + seat.number);
    let every = if seat.number == 2 { 60 } else { 10 };
    loop {
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
}

async fn send(
    seat: &mut Seat,
    key: &str,
    method: &'static str,
    path: &str,
    body: &str,
) -> Result<(), Over> {
    let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
    let mut headers = vec![("x-api-key".to_owned(), key.to_owned())];
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    let body = bytes::Bytes::from(body.to_owned());
    let path = path.to_owned();
    seat.send(Message { method, path, headers, body, ..Message::default() }).await?;
    Ok(())
}
