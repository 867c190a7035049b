use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, patch},
};

/// Customers can set the state and the price of a shipment.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "cost-assignment",
    title: "Customers can set the state and the price of a shipment",
    owasp: "API3:2023",
    cwe: 915,
    protocol: Protocol::Rest,
    operation: "PATCH /api/v1/shipments/{id}",
    what: "Every field of the body is taken over, also `status`, `owner` and `carrier_cost`.",
    proof: &[patch("ada", "/api/v1/shipments/1001", r#"{"status":"waived"}"#)
        .shows(&[Has(r#""status":"waived""#)])],
};
