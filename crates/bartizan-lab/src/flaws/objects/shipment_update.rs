use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, get, patch},
};

/// Shipments of others can be changed.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "shipment-update",
    title: "Shipments of others can be changed",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "PATCH /api/v1/shipments/{id}",
    what: "The owner is compared when reading, not when writing.",
    proof: &[
        patch("ada", "/api/v1/shipments/1003", r#"{"notes":"seen by ada"}"#),
        get("bea", "/api/v1/shipments/1003").shows(&[Has("seen by ada")]),
    ],
};
