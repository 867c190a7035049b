use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Header, HeaderLacks},
        post,
    },
};

/// The session cookie can be read by scripts and sent by other sites.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "cookie-flags",
    title: "The session cookie can be read by scripts and sent by other sites",
    owasp: "API8:2023",
    cwe: 1004,
    protocol: Protocol::Rest,
    operation: "POST /auth/login",
    what: "`HttpOnly` and `SameSite` are missing.",
    proof: &[post("", "/auth/login", r#"{"login":"ada","password":"ada-quay-2026"}"#)
        .shows(&[Header("set-cookie", "qs_session="), HeaderLacks("set-cookie", "HttpOnly")])],
};
