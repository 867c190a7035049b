use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// The account of the installation is still there.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "default-account",
    title: "The account of the installation is still there",
    owasp: "API2:2023",
    cwe: 1392,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "Login and password `setup`, with the role of an administrator.",
    proof: &[post("", "/auth/login", r#"{"login":"setup","password":"setup"}"#).shows(&[Success])],
};
