use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Customers see what the carrier costs.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "shipment-margin",
    title: "Customers see what the carrier costs",
    owasp: "API3:2023",
    cwe: 213,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/shipments/{id}",
    what: "The whole row is sent; the application hides what it should not show.",
    proof: &[get("ada", "/api/v1/shipments/1001").shows(&[Success, Has(r#""margin""#)])],
};
