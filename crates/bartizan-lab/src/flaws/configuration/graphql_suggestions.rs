use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// GraphQL helps whoever guesses names.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-suggestions",
    title: "GraphQL helps whoever guesses names",
    owasp: "API8:2023",
    cwe: 209,
    protocol: Protocol::GraphQl,
    operation: "any, on an unknown field",
    what: "Errors name the fields that are close to the one that was guessed.",
    proof: &[post("", "/graphql", r#"{"query": "{shipmen}"}"#).shows(&[Has("Did you mean")])],
};
