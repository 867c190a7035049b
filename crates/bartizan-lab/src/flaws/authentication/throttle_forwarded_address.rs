use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Status, post},
};

/// Failed logins are counted by an address that callers choose.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "throttle-forwarded-address",
    title: "Failed logins are counted by an address that callers choose",
    owasp: "API2:2023",
    cwe: 348,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "The counter uses `x-forwarded-for` as sent: another value, another counter.",
    proof: &[
        post("", "/auth/login", r#"{"login":"ada","password":"guess"}"#)
            .with(&[("x-forwarded-for", "198.51.100.1")])
            .times(11),
        post("", "/auth/login", r#"{"login":"ada","password":"guess"}"#)
            .with(&[("x-forwarded-for", "198.51.100.2")])
            .shows(&[Status(401)]),
    ],
};
