use crate::{
    proof::{
        Expect::{Has, Lacks, Status},
        get,
    },
    traps::TrapItem,
};

/// The tracking page shows what it was asked for, encoded.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "encoded-reflection",
    title: "The tracking page shows what it was asked for, encoded",
    operation: "GET /track",
    looks_like: "API8:2019",
    truth: &[get("", "/track?ref=%3Cscript%3Ealert(1)%3C/script%3E").shows(&[
        Status(200),
        Has("alert(1)"),
        Lacks("<script>"),
    ])],
};
