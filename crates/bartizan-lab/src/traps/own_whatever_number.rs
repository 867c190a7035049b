use crate::{
    proof::{
        Expect::{Has, Status},
        get,
    },
    traps::TrapItem,
};

/// Any number shows the figures of the caller.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "own-whatever-number",
    title: "Any number shows the figures of the caller",
    operation: "GET /api/v1/users/{id}/summary",
    looks_like: "API1:2023",
    truth: &[
        get("ada", "/api/v1/users/6/summary").shows(&[Status(200), Has(r#""user":"ada""#)]),
        get("ada", "/api/v1/users/7/summary").shows(&[Status(200), Has(r#""user":"ada""#)]),
    ],
};
