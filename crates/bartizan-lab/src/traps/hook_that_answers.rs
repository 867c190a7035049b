use crate::{
    proof::{
        Expect::{Has, Lacks, Status},
        post,
    },
    traps::TrapItem,
};

/// Trying a registered hook works, and shows only the status.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "hook-that-answers",
    title: "Trying a registered hook works, and shows only the status",
    operation: "POST /api/v1/webhooks/test",
    looks_like: "API7:2023",
    truth: &[post("ada", "/api/v1/webhooks/test", r#"{"url":"${origin}/_partner/hooks/echo"}"#)
        .shows(&[Status(200), Has(r#""status":200"#), Lacks("received")])],
};
