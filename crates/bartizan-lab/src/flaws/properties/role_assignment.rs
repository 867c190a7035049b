use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, patch},
};

/// Users can give themselves a role.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "role-assignment",
    title: "Users can give themselves a role",
    owasp: "API3:2023",
    cwe: 915,
    protocol: Protocol::Rest,
    operation: "PATCH /api/v1/me",
    what: "Every field of the body is taken over, also `role`.",
    proof: &[
        patch("ada", "/api/v1/me", r#"{"role":"manager"}"#).shows(&[Has(r#""role":"manager""#)])
    ],
};
