use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Body, Expect::Times, post},
};

/// One request can hold as many operations as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-batch",
    title: "One request can hold as many operations as one likes",
    owasp: "API4:2023",
    cwe: 770,
    protocol: Protocol::GraphQl,
    operation: "batch",
    what: "What is limited per request is not limited at all.",
    proof: &[post("ada", "/graphql", "")
        .body(Body::Array(r#"{"query":"{ports(limit:1){code}}"}"#, 100))
        .shows(&[Times(r#""code""#, 100)])],
};
