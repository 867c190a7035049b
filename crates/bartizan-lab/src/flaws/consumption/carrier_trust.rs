use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// What the carrier answers is taken over as it is.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "carrier-trust",
    title: "What the carrier answers is taken over as it is",
    owasp: "API10:2023",
    cwe: 20,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/shipments/{id}/sync",
    what: "The answer holds an owner and a price, and both are written.",
    proof: &[
        post("abel", "/api/v1/shipments/1002/sync", "{}").shows(&[Success]),
        get("ada", "/api/v1/shipments/1002").shows(&[Success, Has("QS-1002")]),
    ],
};
