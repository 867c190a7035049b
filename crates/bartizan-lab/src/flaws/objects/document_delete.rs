use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Status, Success},
        delete, get,
    },
};

/// Documents of others can be deleted.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "document-delete",
    title: "Documents of others can be deleted",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "DELETE /api/v1/documents/{id}",
    what: "Whoever knows the number of a document can delete it.",
    proof: &[
        get("bea", "/api/v1/documents/503/content").shows(&[Success]),
        delete("ada", "/api/v1/documents/503"),
        get("bea", "/api/v1/documents/503/content").shows(&[Status(404)]),
    ],
};
