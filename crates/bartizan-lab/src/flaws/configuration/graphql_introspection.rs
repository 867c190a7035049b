use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Anybody can read the GraphQL schema from the endpoint.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-introspection",
    title: "Anybody can read the GraphQL schema from the endpoint",
    owasp: "API8:2023",
    cwe: 200,
    protocol: Protocol::GraphQl,
    operation: "Query.__schema",
    what: "Introspection is on, also for callers who are not logged in.",
    proof: &[
        post("", "/graphql", r#"{"query": "{__schema{types{name}}}"}"#).shows(&[Has("Shipment")])
    ],
};
