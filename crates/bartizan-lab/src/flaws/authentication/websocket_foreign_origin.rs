use crate::{
    flaws::{FlawItem, Protocol},
    proof::{
        Expect::{Has, Success},
        post, socket,
    },
};

/// Other sites can open the WebSocket of a visitor.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "websocket-foreign-origin",
    title: "Other sites can open the WebSocket of a visitor",
    owasp: "API2:2023",
    cwe: 1385,
    protocol: Protocol::WebSocket,
    operation: "/ws",
    what: "The session cookie is enough; `Origin` is not looked at.",
    proof: &[
        post("", "/auth/login", r#"{"login":"ada","password":"ada-quay-2026"}"#)
            .take(&[("session", "qs_session=")])
            .shows(&[Success]),
        socket("", "/ws", r#"{"type":"ping"}"#)
            .with(&[("cookie", "qs_session=${session}"), ("origin", "https://evil.example")])
            .shows(&[Has("pong")]),
    ],
};
