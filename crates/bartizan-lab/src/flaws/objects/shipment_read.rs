use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Shipments of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "shipment-read",
    title: "Shipments of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/shipments/{id}",
    what: "Nobody compares the owner of the shipment with the caller.",
    proof: &[get("ada", "/api/v1/shipments/1003").shows(&[Success, Has("QS-1003")])],
};
