use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// A refresh token can be used again and again.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "refresh-reuse",
    title: "A refresh token can be used again and again",
    owasp: "API2:2023",
    cwe: 294,
    protocol: Protocol::Rest,
    operation: "POST /auth/refresh",
    what: "Refresh tokens are not rotated, so a stolen one is never noticed.",
    proof: &[
        post("", "/auth/login", r#"{"login":"ada","password":"ada-quay-2026"}"#)
            .take(&[("refresh", r#""refresh_token":""#)])
            .shows(&[Success]),
        post("", "/auth/refresh", r#"{"refresh_token":"${refresh}"}"#).shows(&[Success]),
        post("", "/auth/refresh", r#"{"refresh_token":"${refresh}"}"#).shows(&[Success]),
    ],
};
