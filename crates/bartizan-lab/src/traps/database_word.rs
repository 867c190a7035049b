use crate::{
    proof::{
        Expect::{Has, Lacks, Status},
        get,
    },
    traps::TrapItem,
};

/// A notice speaks of a database error.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "database-word",
    title: "A notice speaks of a database error",
    operation: "GET /api/v1/notices/{id}",
    looks_like: "API8:2019",
    truth: &[
        get("", "/api/v1/notices/4")
            .shows(&[Status(200), Has("You have an error in your SQL syntax")]),
        get("", "/api/v1/notices/1").shows(&[Lacks("SQL")]),
    ],
};
