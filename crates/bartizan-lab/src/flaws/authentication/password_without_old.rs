use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// The password can be changed without the old one.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "password-without-old",
    title: "The password can be changed without the old one",
    owasp: "API2:2023",
    cwe: 620,
    protocol: Protocol::Rest,
    operation: "POST /api/v1/me/password",
    what: "A stolen token becomes a stolen account.",
    proof: &[post("ada", "/api/v1/me/password", r#"{"new":"changed-2026"}"#).shows(&[Success])],
};
