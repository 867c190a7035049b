use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        post,
    },
};

/// A quote can be accepted before it is approved.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "quote-skips-approval",
    title: "A quote can be accepted before it is approved",
    owasp: "API6:2023",
    cwe: 841,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/quotes/{id}/accept",
    what: "The order of the steps is kept by the application only.",
    proof: &[post("ada", "/api/v1/quotes/711/accept", "{}").shows(&[Success, Has("accepted")])],
};
