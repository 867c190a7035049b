use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, raw},
};

/// Errors show the inside.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "error-details",
    title: "Errors show the inside",
    owasp: "API8:2023",
    cwe: 209,
    protocol: Protocol::Rest,
    operation: "any, on an error",
    what: "A broken body is answered with a trace, a failed statement with its text.",
    proof: &[raw("", "/auth/login", "application/json", "{").shows(&[Has("src/server.rs")])],
};
