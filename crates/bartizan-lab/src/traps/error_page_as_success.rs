use crate::{
    proof::{
        Expect::{Has, Lacks, Status},
        get,
    },
    traps::TrapItem,
};

/// An error page comes with status 200.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "error-page-as-success",
    title: "An error page comes with status 200",
    operation: "GET /api/v1/reports/{id}",
    looks_like: "API1:2023",
    truth: &[
        get("ada", "/api/v1/reports/6").shows(&[
            Status(200),
            Has("not available"),
            Lacks("months"),
        ]),
        get("bea", "/api/v1/reports/6").shows(&[Status(200), Has("months")]),
    ],
};
