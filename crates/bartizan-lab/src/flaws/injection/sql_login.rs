use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        post,
    },
};

/// SQL can be injected into the login.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "sql-login",
    title: "SQL can be injected into the login",
    owasp: "API8:2019",
    cwe: 89,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "The login is put into the statement as it is.",
    proof: &[post("", "/auth/login", r#"{"login":"amir' --","password":"x"}"#)
        .shows(&[Success, Has("access_token")])],
};
