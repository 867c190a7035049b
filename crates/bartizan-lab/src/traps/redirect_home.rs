use crate::{
    proof::{
        Expect::{Header, Status},
        get,
    },
    traps::TrapItem,
};

/// A link leads to the own application.
pub(crate) static TRAP: TrapItem = TrapItem {
    id: "redirect-home",
    title: "A link leads to the own application",
    operation: "GET /go",
    looks_like: "API8:2019",
    truth: &[
        get("", "/go?to=https://app.quayside.example/start")
            .shows(&[Status(302), Header("location", "https://app.quayside.example/start")]),
        get("", "/go?to=https://app.quayside.example.evil.example/").shows(&[Status(400)]),
    ],
};
