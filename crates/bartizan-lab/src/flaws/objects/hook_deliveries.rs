use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// What hooks of others were sent can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "hook-deliveries",
    title: "What hooks of others were sent can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/webhooks/{id}/deliveries",
    what: "Whoever knows the number of a hook sees its deliveries with their payloads.",
    proof: &[
        post(
            "bea",
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
