use crate::{
    proof::{
        Expect::{Has, Status},
        get,
    },
    traps::TrapItem,
};

/// Notices are meant for everybody.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "public-object",
    title: "Notices are meant for everybody",
    operation: "GET /api/v1/notices/{id}",
    looks_like: "API1:2023",
    truth: &[
        get("", "/api/v1/notices/1").shows(&[Status(200), Has("For everybody")]),
        get("bea", "/api/v1/notices/2").shows(&[Status(200), Has("For everybody")]),
    ],
};
