use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// GraphQL reads tokens without verifying them.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "graphql-unverified-token",
    title: "GraphQL reads tokens without verifying them",
    owasp: "API2:2023",
    cwe: 347,
    protocol: Protocol::GraphQl,
    operation: "Query.me",
    what: "The gateway is meant to have verified the token; it does so for REST only.",
    proof: &[post("", "/graphql", r#"{"query": "{me{login}}"}"#).with(&[("authorization", "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjQxMDI0NDQ4MDAsImlzcyI6InF1YXlzaWRlIiwibG9naW4iOiJhbWlyIiwicm9sZSI6ImFkbWluIiwic3ViIjoiNSJ9.eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg")]).shows(&[Has("amir")])],
};
