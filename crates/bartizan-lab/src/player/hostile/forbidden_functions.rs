//! What only the staff may do, by every door.

use serde_json::json;

use super::enter;
use crate::player::{Over, Seat, seat::texts};

pub(super) async fn act(seat: &mut Seat) -> Result<(), Over> {
    enter(seat, 90, "customer156").await?;
    for path in [
        "/api/v1/admin/users",
        "/api/v1/admin/export",
        "/api/v1/Admin/export",
        "/api/v1/ADMIN/users",
        "/api/v1/users",
        "/api/v1/admin",
        "/admin",
        "/api/v1/admin/settings",
        "/api/v1/admin/logs",
    ] {
        seat.get(path).await?;
        seat.rest(1_500).await?;
    }
    let override_method = [("x-http-method-override", "DELETE")];
    for id in 1009..1015 {
        seat.call("DELETE", &format!("/api/v1/shipments/{id}"), &[]).await?;
        seat.call("POST", &format!("/api/v1/shipments/{id}"), &override_method).await?;
    }
    let invoices = seat.get("/api/v1/invoices").await?;
    for id in texts(&invoices, "id").iter().take(4) {
        seat.post(&format!("/api/v1/invoices/{id}/refund"), &json!({})).await?;
    }
    seat.graphql("mutation{setUserRole(login:\"customer156\",role:\"admin\"){role}}").await?;
    let call = "<?xml version=\"1.0\"?><methodCall><methodName>depot.close</methodName><params><param>\
                <value><int>3</int></value></param></params></methodCall>";
    seat.text("POST", "/xmlrpc", "text/xml", call.to_owned()).await?;
    Ok(())
}
