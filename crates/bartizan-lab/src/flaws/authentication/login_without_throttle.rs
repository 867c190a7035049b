use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Status, post},
};

/// Passwords can be guessed without end.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "login-without-throttle",
    title: "Passwords can be guessed without end",
    owasp: "API2:2023",
    cwe: 307,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "Failed logins are not counted.",
    proof: &[post("", "/auth/login", r#"{"login":"ada","password":"guess"}"#)
        .times(30)
        .shows(&[Status(401)])],
};
