use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get, post,
    },
};

/// Text of the carrier becomes markup.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "carrier-markup",
    title: "Text of the carrier becomes markup",
    owasp: "API10:2023",
    cwe: 79,
    protocol: Protocol::Page,
    operation: "GET /labels/{id}",
    what: "Notes of the carrier are put into the page as they are.",
    proof: &[
        post("ada", "/api/v1/shipments/1001/sync", "{}").shows(&[Success]),
        get("ada", "/labels/1001").shows(&[Has("<img src=x")]),
    ],
};
