use crate::{
    proof::{
        Expect::{Has, Status},
        get,
    },
    traps::TrapItem,
};

/// A shipment was shared with somebody of the other tenant.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "shared-by-design",
    title: "A shipment was shared with somebody of the other tenant",
    operation: "GET /api/v1/shipments/{id}",
    looks_like: "API1:2023",
    truth: &[
        get("bea", "/api/v1/shipments/1005").shows(&[Status(200), Has("QS-1005")]),
        get("basil", "/api/v1/shipments/1005").shows(&[Status(404)]),
    ],
};
