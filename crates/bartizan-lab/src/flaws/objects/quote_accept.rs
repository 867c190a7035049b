use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        post,
    },
};

/// Quotes of others can be accepted.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "quote-accept",
    title: "Quotes of others can be accepted",
    owasp: "API1:2023",
    cwe: 639,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/quotes/{id}/accept",
    what: "Accepting looks at the state of the quote, not at whose it is.",
    proof: &[post("ada", "/api/v1/quotes/703/accept", "{}").shows(&[Success, Has("accepted")])],
};
