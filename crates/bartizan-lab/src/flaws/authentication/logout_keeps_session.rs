use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// Logging out ends nothing.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "logout-keeps-session",
    title: "Logging out ends nothing",
    owasp: "API2:2023",
    cwe: 613,
    protocol: Protocol::Rest,
    operation: "POST /auth/logout",
    what: "The refresh token is still good after the logout.",
    proof: &[
        post("", "/auth/login", r#"{"login":"ada","password":"ada-quay-2026"}"#)
            .take(&[("refresh", r#""refresh_token":""#)])
            .shows(&[Success]),
        post("", "/auth/logout", r#"{"refresh_token":"${refresh}"}"#).shows(&[Success]),
        post("", "/auth/refresh", r#"{"refresh_token":"${refresh}"}"#).shows(&[Success]),
    ],
};
