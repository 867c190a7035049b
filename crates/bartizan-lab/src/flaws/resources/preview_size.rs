use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Bytes, get},
};

/// Pictures can be as large as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "preview-size",
    title: "Pictures can be as large as one likes",
    owasp: "API4:2023",
    cwe: 789,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/documents/{id}/preview",
    what: "Width and height come from the query and decide how much memory is taken.",
    proof: &[get("ada", "/api/v1/documents/501/preview?width=1500&height=1500")
        .shows(&[Bytes(2_000_000)])],
};
