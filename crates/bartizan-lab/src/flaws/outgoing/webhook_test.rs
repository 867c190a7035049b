use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Trying a hook reads from inside the network.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "webhook-test",
    title: "Trying a hook reads from inside the network",
    owasp: "API7:2023",
    cwe: 918,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/webhooks/test",
    what: "The address is called as it was sent, and what it answers is shown.",
    proof: &[post("ada", "/api/v1/webhooks/test", r#"{"url":"${origin}/_internal/metadata"}"#)
        .shows(&[Has("vault-")])],
};
