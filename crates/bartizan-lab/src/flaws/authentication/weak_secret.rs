use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// The signing key can be guessed.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "weak-secret",
    title: "The signing key can be guessed",
    owasp: "API2:2023",
    cwe: 1391,
    protocol: Protocol::Rest,
    operation: "any, header authorization",
    what: "Tokens are signed with the name of the product.",
    proof: &[get("", "/api/v1/me").with(&[("authorization", "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjQxMDI0NDQ4MDAsImlzcyI6InF1YXlzaWRlIiwibG9naW4iOiJhbWlyIiwicm9sZSI6ImFkbWluIiwic3ViIjoiNSJ9.NnChJn5E3YWjutmjxHIeNt0snstzk3itpyI5bHjn9wk")]).shows(&[Success, Has("amir")])],
};
