use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// Customers can set roles.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-set-role",
    title: "Customers can set roles",
    owasp: "API5:2023",
    cwe: 862,
    protocol: Protocol::GraphQl,
    operation: "Mutation.setUserRole",
    what: "The mutation is not in the application of customers; that is its only guard.",
    proof: &[post(
        "ada",
        "/graphql",
        r#"{"query": "mutation{setUserRole(login:\"ada\",role:\"manager\"){role}}"}"#,
    )
    .shows(&[Has(r#""role":"manager""#)])],
};
