use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        get,
    },
};

/// The list of users holds hashes and keys.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "user-secrets",
    title: "The list of users holds hashes and keys",
    owasp: "API3:2023",
    cwe: 213,
    protocol: Protocol::Rest,
    operation: "GET /api/v1/users",
    what: "The whole row is sent, with password hash and API key.",
    proof: &[get("anouk", "/api/v1/users").shows(&[Success, Has("password_hash")])],
};
