use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, get, post},
};

/// Importing a document reads from inside the network.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "import-url",
    title: "Importing a document reads from inside the network",
    owasp: "API7:2023",
    cwe: 918,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/documents/import",
    what: "The address is fetched as it was sent.",
    proof: &[
        post("ada", "/api/v1/documents/import", r#"{"url":"${origin}/_internal/metadata"}"#)
            .take(&[("document", r#""id":"#)]),
        get("ada", "/api/v1/documents/${document}/content").shows(&[Has("vault-")]),
    ],
};
