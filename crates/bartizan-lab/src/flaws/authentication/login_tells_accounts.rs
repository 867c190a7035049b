use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// The login tells which accounts exist.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "login-tells-accounts",
    title: "The login tells which accounts exist",
    owasp: "API2:2023",
    cwe: 204,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "An unknown account and a wrong password are answered differently.",
    proof: &[post("", "/auth/login", r#"{"login":"nobody","password":"guess"}"#)
        .shows(&[Has("no such account")])],
};
