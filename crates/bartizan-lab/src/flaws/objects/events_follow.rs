use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        events,
    },
};

/// Events of shipments of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "events-follow",
    title: "Events of shipments of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Events,
    operation: "GET /api/v1/events",
    what: "The stream is opened for any shipment.",
    proof: &[events("ada", "/api/v1/events?shipment=1003").shows(&[Success, Has("QS-1003")])],
};
