use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Clerks can read API keys of customers.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-api-key",
    title: "Clerks can read API keys of customers",
    owasp: "API3:2023",
    cwe: 213,
    protocol: Protocol::GraphQl,
    operation: "User.apiKey",
    what: "The field is guarded where users look at themselves, not where they are reached through a shipment.",
    proof: &[post("anouk", "/graphql", r#"{"query": "{shipment(id:\"1002\"){owner{apiKey}}}"}"#)
        .shows(&[Has("qk_")])],
};
