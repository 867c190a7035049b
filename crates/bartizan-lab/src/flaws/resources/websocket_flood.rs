use crate::{
    flaws::{FlawItem, Protocol},
    proof::{Body, Expect::Times, socket},
};

/// A connection can send as many messages as one likes.
pub(crate) static FLAW: FlawItem = FlawItem {
    id: "websocket-flood",
    title: "A connection can send as many messages as one likes",
    owasp: "API4:2023",
    cwe: 770,
    protocol: Protocol::WebSocket,
    operation: "/ws",
    what: "Messages are not counted.",
    proof: &[socket("ada", "/ws", "")
        .body(Body::Lines(r#"{"type":"ping"}"#, 150))
        .shows(&[Times("pong", 150)])],
};
