use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// SQL can be injected into a GraphQL argument.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-sql",
    title: "SQL can be injected into a GraphQL argument",
    owasp: "API8:2019",
    cwe: 89,
    protocol: Protocol::GraphQl,
    operation: "Query.searchShipments",
    what: "The text is put into the statement as it is.",
    proof: &[post(
        "ada",
        "/graphql",
        r#"{"query": "{searchShipments(text:\"x' or owner = 6 -- \"){reference}}"}"#,
    )
    .shows(&[Has("QS-1003")])],
};
