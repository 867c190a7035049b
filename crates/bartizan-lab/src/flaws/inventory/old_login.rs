use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Status, post},
};

/// The login of the first version still works.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "old-login",
    title: "The login of the first version still works",
    owasp: "API9:2023",
    cwe: 307,
    protocol: Protocol::Rest,
    operation: "POST /api/v0/login",
    what: "Whatever the current login counts, this one does not.",
    proof: &[post("", "/api/v0/login", r#"{"login":"ada","password":"guess"}"#)
        .times(30)
        .shows(&[Status(401)])],
};
