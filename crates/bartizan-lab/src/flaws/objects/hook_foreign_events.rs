use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// A hook hears of the shipments of others.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "hook-foreign-events",
    title: "A hook hears of the shipments of others",
    owasp: "API1:2023",
    cwe: 863,
    protocol: Protocol::Webhook,
    operation: "POST /api/v1/webhooks",
    what: "Events go to every hook that is registered for them, of whatever tenant.",
    proof: &[
        post(
            "ada",
            "/api/v1/webhooks",
            r#"{"url":"${origin}/_partner/hooks/echo","event":"shipment.booked"}"#,
        )
        .take(&[("hook", r#""id":"#)])
        .shows(&[Success]),
        post(
            "bea",
            "/api/v1/shipments",
            r#"{"origin":"Bergen","destination":"Lerwick","weight_kg":12}"#,
        )
        .shows(&[Success]),
        get("ada", "/api/v1/webhooks/${hook}/deliveries").shows(&[Success, Has("Lerwick")]),
    ],
};
