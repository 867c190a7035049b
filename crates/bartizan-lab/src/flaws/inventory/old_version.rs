use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// The first version still answers, to everybody.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "old-version",
    title: "The first version still answers, to everybody",
    owasp: "API9:2023",
    cwe: 1059,
    protocol: Protocol::Rest,
    operation: "GET /api/v0/shipments/{id}",
    what: "It knew no users, and nobody switched it off.",
    proof: &[get("", "/api/v0/shipments/1003").shows(&[Success, Has("QS-1003")])],
};
