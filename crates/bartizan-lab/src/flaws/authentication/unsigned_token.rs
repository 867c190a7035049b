use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// Unsigned tokens are accepted.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "unsigned-token",
    title: "Unsigned tokens are accepted",
    owasp: "API2:2023",
    cwe: 347,
    protocol: Protocol::Rest,
    operation: "any, header authorization",
    what: "A token whose algorithm is `none` counts as signed.",
    proof: &[get("", "/api/v1/me").with(&[("authorization", "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJleHAiOjQxMDI0NDQ4MDAsImlzcyI6InF1YXlzaWRlIiwibG9naW4iOiJhbWlyIiwicm9sZSI6ImFkbWluIiwic3ViIjoiNSJ9.")]).shows(&[Success, Has("amir")])],
};
