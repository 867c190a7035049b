use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Lacks},
        post,
    },
};

/// Queries can be as deep as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-depth",
    title: "Queries can be as deep as one likes",
    owasp: "API4:2023",
    cwe: 674,
    protocol: Protocol::GraphQl,
    operation: "Query.me",
    what: "Users have shipments, shipments have owners, owners have shipments.",
    proof: &[post("ada", "/graphql", r#"{"query": "{me{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{shipments(limit:1){owner{login}}}}}}}}}}}}}}}}}}}}}}"}"#).shows(&[Has("login"), Lacks("errors")])],
};
