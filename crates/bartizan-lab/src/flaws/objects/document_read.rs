use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Documents of others can be read.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "document-read",
    title: "Documents of others can be read",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/documents/{id}/content",
    what: "The list is filtered by owner, the content is not.",
    proof: &[get("ada", "/api/v1/documents/503/content")
        .shows(&[Success, Has("packing list of QS-1003")])],
};
