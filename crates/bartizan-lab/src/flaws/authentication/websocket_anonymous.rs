use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Expect::Has, socket},
};

/// The WebSocket needs no login.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "websocket-anonymous",
    title: "The WebSocket needs no login",
    owasp: "API2:2023",
    cwe: 306,
    protocol: Protocol::WebSocket,
    operation: "/ws",
    what: "The upgrade is answered before anybody asks who is there.",
    proof: &[socket("", "/ws", r#"{"type":"ping"}"#).shows(&[Has("pong")])],
};
