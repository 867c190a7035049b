use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, post},
};

/// The link that resets a password names a host of the caller.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "reset-link-host",
    title: "The link that resets a password names a host of the caller",
    owasp: "API8:2023",
    cwe: 644,
    protocol: Protocol::Rest,
    operation: "POST /auth/forgot",
    what: "The link is built from the `Host` header.",
    proof: &[post("", "/auth/forgot", r#"{"login":"ada"}"#)
        .with(&[("host", "evil.example")])
        .shows(&[Has("https://evil.example/reset")])],
};
