use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// Anybody can send hooks of the carrier.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "hook-unsigned",
    title: "Anybody can send hooks of the carrier",
    owasp: "API10:2023",
    cwe: 345,
    protocol: Protocol::Webhook,
    operation: "POST /hooks/carrier",
    what: "The signature is not looked at.",
    proof: &[post("", "/hooks/carrier", r#"{"shipment":1001,"status":"delivered"}"#)
        .with(&[("x-delivery", "made-up-1")])
        .shows(&[Success])],
};
