use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// A recorded hook can be sent again.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "hook-replay",
    title: "A recorded hook can be sent again",
    owasp: "API10:2023",
    cwe: 294,
    protocol: Protocol::Webhook,
    operation: "POST /hooks/carrier",
    what: "The signature is good, and the delivery came before.",
    proof: &[
        post("", "/hooks/carrier", r#"{"shipment":1001,"status":"delivered"}"#)
            .with(&[
                ("x-delivery", "delivery-77"),
                ("x-signature", "eea7a6e90ffed24ec859cd75434b6847e373181d2226ac79fd2a08d13cd45455"),
            ])
            .shows(&[Success]),
        post("", "/hooks/carrier", r#"{"shipment":1001,"status":"delivered"}"#)
            .with(&[
                ("x-delivery", "delivery-77"),
                ("x-signature", "eea7a6e90ffed24ec859cd75434b6847e373181d2226ac79fd2a08d13cd45455"),
            ])
            .shows(&[Success]),
    ],
};
