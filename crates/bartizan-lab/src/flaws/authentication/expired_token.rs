use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Tokens are good for ever.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "expired-token",
    title: "Tokens are good for ever",
    owasp: "API2:2023",
    cwe: 613,
    protocol: Protocol::Rest,
    operation: "any, header authorization",
    what: "`exp` is written and never read.",
    proof: &[get("", "/api/v1/me")
        .with(&[("authorization", "Bearer ${aged:ada}")])
        .shows(&[Success, Has("ada")])],
};
